"""Convolutions and pooling as machine code, with all gradients."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from tushuo.compile import compile

RNG = np.random.default_rng(0)

SETTINGS = {
    "plain": ((2, 3, 7, 6), (4, 3, 3, 2), {}),
    "padded": ((2, 3, 7, 6), (4, 3, 3, 3), {"padding": 1}),
    "strided": ((2, 3, 7, 9), (4, 3, 3, 3), {"stride": 2, "padding": ((0, 1), (1, 0))}),
    "dilated": ((1, 2, 9, 8), (3, 2, 3, 2), {"dilation": (2, 3)}),
    "pointwise": ((2, 5, 4, 3), (6, 5, 1, 1), {}),
    "pointwise, strided": ((2, 5, 4, 3), (6, 5, 1, 1), {"stride": 2}),
    "pointwise, padded": ((2, 5, 4, 3), (6, 5, 1, 1), {"padding": 1}),
    "depthwise": ((2, 5, 6, 7), (5, 1, 3, 3), {"padding": 1, "groups": 5}),
    "depthwise, strided": ((2, 5, 6, 7), (5, 1, 3, 3), {"stride": 2, "groups": 5}),
    "groups": ((2, 4, 6, 5), (6, 2, 3, 3), {"groups": 2, "padding": 1}),
    "maps of one channel": ((2, 2, 6, 5), (6, 1, 3, 3), {"groups": 2}),
    "one channel": ((2, 1, 6, 7), (3, 1, 3, 3), {}),
    "one map": ((2, 3, 6, 7), (1, 3, 3, 3), {}),
}


def arrays(*shapes):
    return [RNG.standard_normal(shape) for shape in shapes]


def runs(f):
    return {kernel.runs for kernel in f.explain().kernels}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_convolutions_and_their_gradients(setting):
    image, kernel, options = setting

    def loss(x, w):
        return tushuo.sum(
            tushuo.square(tushuo.conv2d(x, w, **options)) + tushuo.conv2d(x, w, **options)
        )

    f = compile(tushuo.value_and_grad(loss, argnums=(0, 1)), cache=False, verify=True)
    f(*arrays(image, kernel))
    assert runs(f) == {"machine code"}


def test_transposed_convolution():
    def f(x, w):
        return tushuo.relu(tushuo.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1))

    compiled = compile(f, cache=False, verify=True)
    compiled(*arrays((2, 3, 4, 5), (3, 4, 3, 3)))
    assert runs(compiled) == {"machine code"}


def test_very_many_groups():
    f = compile(lambda x, w: tushuo.conv2d(x, w, groups=33), cache=False, verify=True)
    f(*arrays((1, 66, 4, 4), (33, 2, 3, 3)))


@pytest.mark.parametrize("pool", [tushuo.max_pool2d, tushuo.avg_pool2d])
@pytest.mark.parametrize("options", [{}, {"stride": 1}, {"stride": 2, "padding": 1}])
def test_pooling(pool, options):
    f = compile(
        tushuo.value_and_grad(lambda x: tushuo.sum(tushuo.square(pool(x, 3, **options)))),
        cache=False,
        verify=True,
    )
    f(*arrays((2, 3, 7, 9)))
    assert runs(f) == {"machine code"}


def test_a_network_in_between():
    """Bias, activation, pooling and a layer after them, whose operands lie channels-last."""

    def loss(x, w, b, v):
        y = tushuo.max_pool2d(tushuo.relu(tushuo.conv2d(x, w, b, padding=1)), 2)
        return tushuo.sum(tushuo.square(tushuo.reshape(y, (y.shape[0], -1)) @ v))

    f = compile(tushuo.value_and_grad(loss, argnums=(0, 1, 2, 3)), cache=False, verify=True)
    f(*arrays((2, 3, 8, 6), (4, 3, 3, 3), (4,), (48, 5)))
    assert runs(f) == {"machine code"}


def test_elementwise_results_lie_as_their_operands_do():
    def f(x, b):
        y = tushuo.permute_dims(tushuo.exp(x), (0, 2, 1)) + b
        return y * 2, tushuo.sum(y, axis=1), tushuo.sum(y, axis=(0, 2)), tushuo.reshape(y, (-1,))

    compiled = compile(f, cache=False, verify=True)
    compiled(*arrays((4, 5, 6), (5,)))
    compile(f, cache=False, verify=True, without=["fuse"])(*arrays((4, 5, 6), (5,)))
