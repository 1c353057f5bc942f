"""Shapes and places of elements: everything as NumPy does it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph import Tensor, grad, jvp, ops

X = np.arange(24.0).reshape(2, 3, 4)
AXES = st.integers(-3, 2)


def same(got, expected):
    np.testing.assert_array_equal(got.numpy(), expected, strict=True)


@pytest.mark.parametrize("shape", [(4, 6), (-1,), (3, -1, 2), 24, [2, 12], np.int64(24), (1, 24)])
def test_reshape(shape):
    same(ops.reshape(X, shape), X.reshape(shape))
    same(Tensor(X).reshape(shape), X.reshape(shape))


def test_reshape_of_nothing():
    empty = np.zeros((0, 3))
    same(ops.reshape(empty, (-1,)), empty.reshape(-1))
    same(ops.reshape(empty, (5, 0)), empty.reshape(5, 0))
    same(ops.reshape(3.0, (1, 1)), np.reshape(3.0, (1, 1)))
    with pytest.raises(ShapeError, match=r"cannot make shape \(0, -1\) of \(0, 3\)"):
        ops.reshape(empty, (0, -1))


@given(order=st.permutations(range(3)), signs=st.lists(st.booleans(), min_size=3, max_size=3))
def test_permute_dims(order, signs):
    axes = [a - 3 if negative else a for a, negative in zip(order, signs, strict=True)]
    same(ops.permute_dims(X, axes), X.transpose(order))
    same(Tensor(X).permute(*axes), X.transpose(order))


@given(source=AXES, destination=AXES)
def test_moveaxis(source, destination):
    same(ops.moveaxis(X, source, destination), np.moveaxis(X, source, destination))


def test_moveaxis_of_several():
    same(ops.moveaxis(X, (0, 2), (-1, 0)), np.moveaxis(X, (0, 2), (-1, 0)))


@given(array_shapes(min_dims=0, max_dims=3, max_side=3), st.data())
def test_broadcast_to_and_back(shape, data):
    lead = data.draw(array_shapes(min_dims=0, max_dims=2, max_side=3))
    narrow = tuple(1 if data.draw(st.booleans()) else n for n in shape)
    x = np.arange(np.prod(narrow), dtype=float).reshape(narrow)
    wide = ops.broadcast_to(x, (*lead, *shape))
    same(wide, np.broadcast_to(x, (*lead, *shape)))
    back = ops.sum_to(wide, narrow)
    same(back, x * (wide.size // max(x.size, 1)))


@pytest.mark.parametrize("axis", range(-4, 4))
def test_expand_dims(axis):
    same(ops.expand_dims(X, axis), np.expand_dims(X, axis))


@pytest.mark.parametrize("axis", [0, 2, -1, (0, 2), (-3,)])
def test_squeeze(axis):
    same(ops.squeeze(X[:1, :, :1], axis), np.squeeze(X[:1, :, :1], axis))


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
def test_flip(axis):
    same(ops.flip(X, axis), np.flip(X, axis))


def test_pad():
    widths = [(1, 0), (0, 2), (0, 0)]
    same(ops.pad(X, widths, 7), np.pad(X, widths, constant_values=7))
    assert (
        grad(lambda x: ops.sum(ops.pad(x, widths, 7) ** 2))(X).numpy().tolist() == (2 * X).tolist()
    )


@given(st.lists(st.integers(0, 3), max_size=5))
def test_tile(repetitions):
    same(ops.tile(X, repetitions), np.tile(X, repetitions))


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_repeat(axis):
    same(ops.repeat(X, 3, axis), np.repeat(X, 3, axis))
    same(ops.repeat(X, 0, axis), np.repeat(X, 0, axis))


@given(shift=st.integers(-30, 30), axis=st.none() | AXES)
def test_roll(shift, axis):
    same(ops.roll(X, shift, axis), np.roll(X, shift, axis))


def test_roll_along_several():
    same(ops.roll(X, (1, -2), (0, 2)), np.roll(X, (1, -2), (0, 2)))
    same(ops.roll(X, 1, (0, 2)), np.roll(X, 1, (0, 2)))
    with pytest.raises(ShapeError, match="roll along 2 axes got 3 shifts"):
        ops.roll(X, (1, 2, 3), (0, 1))


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_concat(axis):
    parts = [X, X[:, :, ::-1], X]
    same(ops.concat(parts, axis), np.concatenate(parts, axis))


@pytest.mark.parametrize("axis", range(-4, 4))
def test_stack_and_unstack(axis):
    parts = [X, X + 1, X + 2]
    stacked = ops.stack(parts, axis)
    same(stacked, np.stack(parts, axis))
    for got, part in zip(ops.unstack(stacked, axis), parts, strict=True):
        same(got, part)


def test_split():
    for got, expected in zip(ops.split(X, 3, 1), np.split(X, 3, 1), strict=True):
        same(got, expected)


def test_joined_arrays_share_a_data_type():
    parts = [np.float32([1]), np.float64([2]), np.float32([3])]
    assert ops.concat(parts).dtype == np.float64
    with pytest.raises(DTypeError, match="concat cannot mix float64 and int64"):
        ops.concat([[1.0], [2]])


def test_a_cast_to_integers_has_no_derivative():
    def rounded(x):
        return x.astype("int64").astype("float64") * x

    assert grad(rounded)(2.7).item() == 2
    assert jvp(rounded, (2.7,), (1.9,))[1].item() == pytest.approx(2 * 1.9)
    g = grad(lambda x: ops.sum(x.astype("float64")))(np.float32([1]))
    assert g.dtype == np.float32


def test_new_arrays():
    same(ops.zeros((2, 3), "float32"), np.zeros((2, 3), "float32"))
    same(ops.ones(2), np.ones(2))
    same(ops.full((), 3, "int32"), np.full((), 3, "int32"))
    same(ops.eye(2, 3), np.eye(2, 3))
    same(ops.arange(3), np.arange(3))
    same(ops.arange(1, 2, 0.25), np.arange(1, 2, 0.25))
    same(ops.linspace(0, 1, 5), np.linspace(0, 1, 5))
    same(ops.zeros_like(np.float32([1])), np.zeros(1, "float32"))
    assert ops.ones(2, like=Tensor(np.float32(1))).dtype == np.float32


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda: ops.reshape(X, (5, 5)), "Reshape cannot make shape (5, 5) of (2, 3, 4): 24 elem"),
        (lambda: ops.reshape(X, (-1, -1)), "Reshape cannot make shape (-1, -1) of (2, 3, 4)"),
        (lambda: ops.reshape(X, (-2, -12)), "Reshape cannot make shape (-2, -12)"),
        (lambda: ops.reshape(X, 2.5), "a shape is made of integers, got 2.5"),
        (lambda: ops.permute_dims(X, (0, 1)), "(0, 1) is not a permutation of the axes of shape"),
        (lambda: ops.permute_dims(X, (0, 1, 1)), "(0, 1, 1) is not a permutation"),
        (lambda: ops.moveaxis(X, (0, 1), 2), "moveaxis of 2 axes to 1 places"),
        (lambda: ops.broadcast_to(X, (2, 3, 5)), "(2, 3, 4) and (2, 3, 5): axis -1 has lengths 4"),
        (lambda: ops.broadcast_to(X, (3, 4)), "BroadcastTo cannot widen shape (2, 3, 4) to (3, 4)"),
        (lambda: ops.broadcast_to([1.0], -1), "BroadcastTo cannot widen shape (1,) to (-1,)"),
        (lambda: ops.expand_dims(X, 4), "axis 4 is out of range for a new axis of shape (2, 3, 4)"),
        (
            lambda: ops.squeeze(X, 1),
            "cannot squeeze axes (1,) of shape (2, 3, 4): lengths must be 1",
        ),
        (lambda: ops.flip(X, 3), "axis 3 does not fit shape (2, 3, 4); it has 3 axes"),
        (lambda: ops.flip(X, (0, -3)), "axis (0, -3) does not fit shape"),
        (lambda: ops.pad(X, [(1, 1)]), "pad needs 2 widths >= 0 for each axis of (2, 3, 4)"),
        (lambda: ops.pad(X[0, 0], [(-1, 1)]), "pad needs 2 widths >= 0"),
        (lambda: ops.tile(X, -1), "tile needs repetitions >= 0, got (-1,)"),
        (lambda: ops.repeat(X, -1), "repeat needs repeats >= 0, got -1"),
        (lambda: ops.split(X, 2, 1), "axis 1 of shape (2, 3, 4) cannot be split into 2"),
        (lambda: ops.split(X, 0), "cannot be split into 0"),
        (lambda: ops.concat([]), "concat needs at least one array"),
        (lambda: ops.concat([X, X[:, 1:]]), "Concat along axis 0 cannot join shapes (2, 3, 4) and"),
        (lambda: ops.concat([1.0, 2.0]), "axis 0 does not fit shape (); it has 0 axes"),
        (lambda: ops.stack([X, X[1:]]), "Stack needs equal shapes, got (2, 3, 4) and (1, 3, 4)"),
        (lambda: ops.stack([X], 4), "axis 4 is out of range for a stack of shape (2, 3, 4)"),
        (lambda: ops.zeros(-1), "a shape is made of lengths >= 0, got (-1,)"),
        (lambda: ops.ones(1.5), "a shape is made of integers, got 1.5"),
        (lambda: ops.eye(2, -1), "a shape is made of lengths >= 0, got (2, -1)"),
        (lambda: ops.linspace(0, 1, 2.5), "a shape is made of integers, got 2.5"),
        (lambda: ops.arange(0, 1, 0), "arange: the step is zero"),
    ],
)
def test_errors(f, text):
    with pytest.raises(ShapeError, match=re.escape(text)):
        f()


def test_integers_cannot_be_padded_with_fractions():
    with pytest.raises(
        DTypeError, match=r"pad cannot put 0\.5 among int64; cast with astype first"
    ):
        ops.pad([1, 2], [(1, 1)], 0.5)
