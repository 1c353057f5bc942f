"""Brackets, take and scatter: NumPy's meaning, and exact gradients."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, basic_indices, integer_array_indices

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph import Tensor, check_grads, gradient, jvp, ops, variable

X = np.arange(24.0).reshape(2, 3, 4)
KEYS = [
    (slice(None), [0, 2]),
    ([0, 1], slice(None), [3, 0]),
    (slice(None), [0, 2], [1, 1]),
    (1, slice(None), [0, -1]),
    (slice(None), 1, [0, -1]),
    ([[0], [1]], [0, 2]),
    (..., [0, 3]),
    ([0, 1], None),
    (None, [1, 0], slice(None, None, -1)),
    ([1], None, [2]),
    (slice(1, None), ..., np.array([3, 3, 3])),
    (np.int64(1), np.array(2)),
    ([],),
    (slice(None), [], [1]),
    (X[:, :, 0] > 4,),
    (X > 11,),
    (slice(None), X[0] % 2 == 0),
    (slice(None), slice(None), np.array([True, False, True, True])),
    ([0, 1], np.array([True, False, True])),
    (np.array([False, False]),),
]


@given(data=st.data(), shape=array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
def test_numbers_slices_newaxis_and_ellipsis(data, shape):
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    key = data.draw(basic_indices(shape, allow_newaxis=True))
    _agrees(x, key)


@given(data=st.data(), shape=array_shapes(max_dims=3, max_side=4))
def test_arrays_of_integers(data, shape):
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    _agrees(x, data.draw(integer_array_indices(shape)))


@given(data=st.data(), shape=array_shapes(max_dims=3, max_side=4))
def test_masks(data, shape):
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    lead = shape[: data.draw(st.integers(1, len(shape)))]
    _agrees(x, data.draw(arrays(bool, lead)))


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_mixed_keys(key):
    _agrees(X, key)
    _agrees(X, tuple(Tensor(k) if isinstance(k, np.ndarray) else k for k in key), key)


def _agrees(x, key, plain=None):
    """The value is NumPy's, and the gradient counts how often each element was picked."""
    expected = x[key if plain is None else plain]
    v = variable(x)
    y = v[key]
    np.testing.assert_array_equal(y.numpy(), expected, strict=True)
    (g,) = gradient(y, [v], np.ones_like(expected))
    counts = np.bincount(expected.ravel().astype(int), minlength=x.size).reshape(x.shape)
    np.testing.assert_array_equal(g.numpy(), counts)
    tangent = jvp(lambda v: v[key], (x,), (x + 1,))[1]
    np.testing.assert_array_equal(tangent.numpy(), expected + 1)


@pytest.mark.parametrize(
    "key", [(1, slice(None, None, -2)), ([0, 0, 1],), (slice(None), [2, 0])], ids=str
)
def test_second_derivatives(key):
    check_grads(lambda x: x[key] ** 3.0, (X * 0.1,))


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        (2, ShapeError, "index 2 is out of range for axis 0 of shape (2, 3, 4)"),
        ((0, -4), ShapeError, "index -4 is out of range for axis 1 of shape (2, 3, 4)"),
        ([0, 5], ShapeError, "index 5 is out of range for an axis of length 2"),
        ((0, 0, 0, 0), ShapeError, "4 indices for the 3 axes of shape (2, 3, 4)"),
        (([0], [0], [0], [0]), ShapeError, "4 indices for the 3 axes of shape (2, 3, 4)"),
        ((..., ...), ShapeError, "an index can hold ... only once"),
        (slice(None, None, 0), ShapeError, "the step of a slice cannot be zero"),
        (([0, 1], [0, 1, 2]), ShapeError, "indices of shapes (2,) and (3,) cannot be broadcast"),
        (
            np.ones(3, bool),
            ShapeError,
            "a mask of shape (3,) does not fit axis 0 of shape (2, 3, 4)",
        ),
        (1.0, DTypeError, "an index must be an integer, a slice, None, ... or an array, got 1.0"),
        (True, DTypeError, "an index must be an integer, a slice, None, ... or an array, got True"),
        (slice(0.5, None), DTypeError, "got slice(0.5, None, None)"),
        ("a", DTypeError, "got 'a'"),
        ([0.5], DTypeError, "indices must be integers, got float64; cast with astype('int64')"),
    ],
)
def test_errors(key, error, text):
    with pytest.raises(error, match=re.escape(text)):
        Tensor(X)[key]


@given(data=st.data())
def test_take(data):
    axis = data.draw(st.integers(-3, 2))
    shape = data.draw(array_shapes(min_dims=0, max_dims=2, max_side=3))
    n = X.shape[axis]
    indices = data.draw(arrays(np.int64, shape, elements=st.integers(-n, n - 1)))
    got = ops.take(X, indices, axis)
    np.testing.assert_array_equal(got.numpy(), np.take(X, indices, axis), strict=True)


def test_take_along_axis():
    order = np.argsort(-X, axis=1)
    np.testing.assert_array_equal(
        ops.take_along_axis(X, order, 1).numpy(), np.take_along_axis(X, order, 1)
    )
    wide = np.array([[[0, -1]]])  # broadcast over the other axes
    np.testing.assert_array_equal(
        ops.take_along_axis(X, wide).numpy(), np.take_along_axis(X, wide, -1)
    )
    check_grads(lambda x: ops.take_along_axis(x, wide) ** 2, (X,))
    with pytest.raises(ShapeError, match=r"of shape \(2, 3, 4\) got indices of shape \(1,\)"):
        ops.take_along_axis(X, [0])


def test_scatter_add():
    got = ops.scatter_add(np.ones((4, 2)), [0, 2, 2, -1], 4)
    assert got.numpy().tolist() == [[1, 1], [0, 0], [2, 2], [1, 1]]
    with pytest.raises(ShapeError, match="needs an index a row"):
        ops.scatter_add(np.ones((4, 2)), [0], 4)
    with pytest.raises(ShapeError, match="index 4 is out of range for an axis of length 4"):
        ops.scatter_add(np.ones(1), [4], 4)


def test_put_along_axis_add():
    got = ops.put_along_axis_add(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0, 0], [2, -1]]), 3)
    assert got.numpy().tolist() == [[3, 0, 0], [0, 0, 7]]
    with pytest.raises(ShapeError, match="needs an index a value"):
        ops.put_along_axis_add(np.ones((2, 2)), [0, 1], 3)
    with pytest.raises(ShapeError, match="index 3 is out of range for an axis of length 3"):
        ops.put_along_axis_add(np.ones(1), [3], 3)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_short_indices_reach_all_places(dtype):
    x = np.arange(600.0).reshape(200, 3)
    near, along = np.array([1, 100, 127], dtype), np.tile(np.arange(3), (200, 1)).astype(dtype)
    np.testing.assert_array_equal(Tensor(x)[near, near % 3].numpy(), x[near, near % 3])
    np.testing.assert_array_equal(ops.put_along_axis_add(x, along, 3).numpy(), x)
