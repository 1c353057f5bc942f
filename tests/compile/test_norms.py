"""Batch norm at inference, folded into the weights before it."""

from __future__ import annotations

import numpy as np
from tests.compile.programs import f32, traced

import tushuo
from tushuo import nn
from tushuo.compile import compile
from tushuo.compile.passes.dead import prune
from tushuo.compile.passes.norms import norms
from tushuo.models.efficientnet import EfficientNetLite

RNG = np.random.default_rng(0)


def names(f, *specs):
    return [step.op.name for step in prune(norms(traced(f, *specs))).body]


def layers(bias=False):
    """A convolution and a batch norm that has seen something."""
    norm = nn.BatchNorm2d(5).eval()
    norm.running_mean.data = RNG.standard_normal(5).astype("float32")
    norm.running_var.data = RNG.random(5).astype("float32") + 0.5
    return nn.Conv2d(3, 5, 3, bias=bias, rng=0), norm


def test_the_factor_goes_into_the_weights():
    conv, norm = layers()
    assert names(lambda x: norm(conv(x)), f32(1, 3, 8, 8)) == ["Conv2d", "Add"]
    x = RNG.standard_normal((2, 3, 8, 8)).astype("float32")
    compile(lambda x: norm(conv(x)), cache=False, verify=True)(x)


def test_a_bias_before_it_is_scaled_too():
    conv, norm = layers(bias=True)
    assert names(lambda x: norm(conv(x)), f32(1, 3, 8, 8)) == ["Conv2d", "Add", "Add"]
    x = RNG.standard_normal((2, 3, 8, 8)).astype("float32")
    compile(lambda x: norm(conv(x)), cache=False, verify=True)(x)


def test_a_convolution_that_others_read_stays():
    conv, norm = layers()

    def both(x):
        y = conv(x)
        return norm(y) + y

    assert names(both, f32(1, 3, 8, 8)) == ["Conv2d", "Multiply", "Add", "Add"]


def test_weights_that_are_arguments_stay():
    _, norm = layers()

    def f(x, w):
        return norm(tushuo.conv2d(x, w))

    assert names(f, f32(1, 3, 8, 8), f32(5, 3, 3, 3)) == ["Conv2d", "Multiply", "Add"]


def test_factors_of_pixels_stay():
    conv, _ = layers()
    pixels = tushuo.asarray(RNG.random((6, 6), dtype="float32"))
    assert names(lambda x: conv(x) * pixels, f32(1, 3, 8, 8)) == ["Conv2d", "Multiply"]


def test_an_encoder_needs_no_folding_by_hand():
    model = EfficientNetLite(rng=0).eval()
    image = f32(1, 3, 32, 32)
    found, by_hand = (names(m.features, image) for m in (model, model.folded()))
    assert found == by_hand
    assert "Multiply" not in found
