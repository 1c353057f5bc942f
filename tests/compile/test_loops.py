"""Loops over all shapes, ways of broadcasting, strides and data types."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays, mutually_broadcastable_shapes

import tushuo
from tushuo.compile import compile
from tushuo.compile.check import agree

DTYPES = ["float32", "float64", "int32", "int64", "uint8", "bool"]


def same(f, *args, **options):
    """Require that a function gives compiled what it gives eagerly."""
    wanted = tushuo.graph.leaves(f(*map(tushuo.asarray, args)))
    found = tushuo.graph.leaves(compile(f, cache=False, **options)(*args))
    for x, y in zip(found, wanted, strict=True):
        assert agree(x.numpy(), y.numpy()), (x, y)


@st.composite
def operands(draw, dtype="float64"):
    """Two arrays that can be broadcast, and axes of their common shape."""
    shapes = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=5))
    numbers = st.floats(-4, 4, width=32)
    x, y = (draw(arrays(dtype, shape, elements=numbers)) for shape in shapes.input_shapes)
    rank = len(shapes.result_shape)
    axes = draw(st.sets(st.integers(0, rank - 1))) if rank else set()
    return x, y, tuple(sorted(axes))


@settings(max_examples=40, deadline=None)
@given(operands(), st.booleans())
def test_broadcasting_and_reductions(drawn, keepdims):
    x, y, axes = drawn

    def f(x, y):
        z = tushuo.tanh(x * y) + x
        return z, tushuo.sum(z, axes, keepdims), tushuo.sum(z * y, axes, keepdims)

    same(f, x, y)


@settings(max_examples=30, deadline=None)
@given(operands(), st.permutations(range(4)))
def test_movements_are_read_in_place(drawn, order):
    x, y, _ = drawn

    def f(x, y):
        z = x + y
        axes = [i for i in order if i < z.ndim]
        moved = tushuo.permute_dims(z, axes)
        flipped = tushuo.flip(moved) * 2
        picked = flipped[::2] if z.ndim and z.shape[axes[0]] > 1 else flipped
        return tushuo.exp(picked), picked.reshape(-1) + 1

    same(f, x, y)


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[:, 1:], np.s_[:, ::-2]])
def test_arguments_may_lie_anyhow(view):
    x = np.arange(48.0).reshape(6, 8)[view]
    same(lambda x: tushuo.exp(x / 10) + x.T.reshape(x.shape), x)


def test_a_transposed_argument():
    same(lambda x: x * 2, np.arange(12.0).reshape(3, 4).T)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("other", DTYPES)
def test_casts(dtype, other):
    x = np.array([0, 1, 2, 100, 7, 1], dtype)
    same(lambda x: tushuo.astype(x, other), x)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_integers(dtype):
    x, y = np.array([[3, 200, 7], [0, 5, 9]], dtype), np.array([1, 100, 90], dtype)

    def f(x, y):
        return x + y, x * y, x - y, tushuo.maximum(x, y), x < y, tushuo.sum(x, 0), tushuo.max(x, 1)

    same(f, x, y)


def test_special_values():
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0], np.float32)
    y = np.array([[1.0], [np.nan], [0.0]], np.float32)

    def f(x, y):
        pairs = tushuo.maximum(x, y), tushuo.minimum(x, y), tushuo.logaddexp(x, y), x == y, x != y
        return *pairs, tushuo.max(x * y, 1), tushuo.min(x * y, 0), tushuo.sign(x), tushuo.relu(x)

    with np.errstate(all="ignore"):
        same(f, x, y)


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2)])
def test_any_and_all(axis):
    x = np.random.default_rng(0).integers(0, 2, (2, 3, 4))
    x[:, 0], x[:, 1] = 0, 1

    def f(x):
        return tushuo.any(x, axis), tushuo.all(x > 0, axis), tushuo.any(x / 0.5, axis, True)

    same(f, x.astype(np.float32))
    same(lambda x: tushuo.all(x, axis), np.full((2, 3, 4), np.nan))


def test_a_masked_row_has_softmax_zero():
    x = np.full((2, 3), -np.inf)
    x[0] = [1, 2, 3]
    with np.errstate(all="ignore"):
        same(lambda x: tushuo.softmax(x, 1), x)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3)])
def test_nothing(shape):
    same(lambda x: (tushuo.exp(x) + 1, tushuo.sum(x, 0), tushuo.sum(x)), np.zeros(shape))


@pytest.mark.parametrize("length", [1, 15, 16, 17, 1000, 70_001])
def test_long_sums_are_accurate(length):
    x = np.random.default_rng(length).random(length, dtype=np.float32)
    found = compile(tushuo.sum, cache=False)(x).item()
    assert found == pytest.approx(float(x.astype(np.float64).sum()), rel=1e-6)


def test_equal_loops_share_their_code():
    def f(x, y):
        return tushuo.exp(x), tushuo.exp(y)

    compiled = compile(f, cache=False)
    compiled(np.ones((3, 4)), np.zeros((3, 4)))
    ((made,),) = compiled._made.values()
    assert made.executable.kernels == ["kernel_0", "kernel_0"]
