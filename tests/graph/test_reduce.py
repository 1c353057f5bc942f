"""Reductions: values against NumPy, axes, data types, ties and other edges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.graph import Tensor, check_grads, grad, hessian, jvp, ops

X = np.arange(24.0).reshape(2, 3, 4)[:, ::-1]
AXES = [None, 0, -1, (0, 2), (-1, 0), (), (2, 1, 0)]
REDUCTIONS = ["sum", "mean", "max", "min", "prod", "var", "std", "any", "all"]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_values_are_numpys(name: str, axis: Any, keepdims: bool) -> None:
    result = getattr(ops, name)(X, axis, keepdims=keepdims)
    expected = getattr(np, name)(X, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12)
    assert result.shape == expected.shape


@pytest.mark.parametrize("axis", [None, 0, -1, 1])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_are_numpys(name: str, axis: int | None) -> None:
    result = getattr(ops, name)(X, axis)
    assert result.dtype == np.int64
    np.testing.assert_array_equal(result.numpy(), getattr(np, name)(X, axis=axis))


@pytest.mark.parametrize("ord", [1, 2, math.inf])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
def test_norms_are_numpys(ord: float, axis: Any) -> None:
    expected = np.linalg.vector_norm(X - 5, axis=axis, ord=ord)
    np.testing.assert_allclose(ops.norm(X - 5, axis, ord=ord).numpy(), expected)


@given(
    x=arrays(np.float64, (3, 4), elements=st.floats(-10, 10)),
    axis=st.sampled_from([0, 1, -1, -2]),
)
def test_running_sums(x: np.ndarray, axis: int) -> None:
    y = ops.cumulative_sum(x, axis).numpy()
    np.testing.assert_allclose(y, np.cumsum(x, axis), atol=1e-12)
    np.testing.assert_allclose(np.take(y, -1, axis), ops.sum(x, axis).numpy(), atol=1e-12)


@pytest.mark.parametrize("name", [*REDUCTIONS, "argmax", "norm", "cumulative_sum"])
def test_axes_that_do_not_exist(name: str) -> None:
    with pytest.raises(ShapeError, match=r"axis 3 does not fit shape \(2, 3, 4\)"):
        getattr(ops, name)(X, 3)


def test_axes_named_twice() -> None:
    with pytest.raises(ShapeError, match=r"axis \(0, -3\) does not fit shape \(2, 3, 4\)"):
        ops.sum(X, (0, -3))


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin", "mean", "var", "std"])
def test_nothing_to_reduce(name: str) -> None:
    with pytest.raises(ShapeError, match=rf"{name} over axis 1 of shape \(2, 0\): .*elements"):
        getattr(ops, name)(np.ones((2, 0)), 1)


def test_reductions_of_nothing_that_have_a_value() -> None:
    empty = np.ones((2, 0))
    assert ops.sum(empty, 1).numpy().tolist() == [0, 0]
    assert ops.prod(empty, 1).numpy().tolist() == [1, 1]
    assert ops.any(empty).item() is False
    assert ops.all(empty).item() is True
    assert ops.max(empty, 0).shape == (0,)


def test_running_sum_of_several_axes_needs_one() -> None:
    with pytest.raises(ShapeError, match=r"cumulative_sum of shape \(2, 3, 4\) needs an axis"):
        ops.cumulative_sum(X)
    assert ops.cumulative_sum([1.0, 2.0]).numpy().tolist() == [1, 3]


@pytest.mark.parametrize("name", ["mean", "var", "std", "norm"])
def test_integers_are_refused(name: str) -> None:
    with pytest.raises(DTypeError, match=f"{name} needs floating-point operands, got int64"):
        getattr(ops, name)([1, 2])


def test_unknown_norm() -> None:
    with pytest.raises(UsageError, match="norm knows ord 1, 2 and inf, got 3"):
        ops.norm(X, ord=3)


@pytest.mark.parametrize(
    ("given_dtype", "dtype"),
    [("bool", "int64"), ("int8", "int64"), ("uint8", "uint64"), ("float32", "float32")],
)
@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_sum"])
def test_small_integers_are_widened(name: str, given_dtype: str, dtype: str) -> None:
    x = np.array([1, 1, 1], given_dtype)
    assert getattr(ops, name)(x).dtype == dtype


def test_counting() -> None:
    x = Tensor(X)
    assert (x > 20).sum().item() == 3
    assert ops.sum(np.full(4, 100, "int8")).item() == 400


@pytest.mark.parametrize("name", ["max", "min"])
def test_ties_share_the_derivative(name: str) -> None:
    f = getattr(ops, name)
    x = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    expected = [[0, 0, 0], [1 / 3] * 3] if name == "max" else [[1 / 3] * 3, [0, 0, 0]]
    np.testing.assert_allclose(grad(f)(x).numpy(), expected)
    direction = np.arange(6.0).reshape(2, 3)
    tangent = jvp(lambda x: f(x, 1), (x,), (direction,))[1]
    assert tangent.numpy().tolist() == [1, 4]
    assert not hessian(f)(x).numpy().any()


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_products_with_zeros(zeros: int) -> None:
    x = np.array([2.0, -1.0, 3.0, 0.5, 4.0])
    for places in itertools.combinations(range(5), zeros):
        y = x.copy()
        y[list(places)] = 0
        check_grads(ops.prod, (y,))
        rest = [np.prod(np.delete(y, i)) for i in range(5)]
        np.testing.assert_allclose(grad(ops.prod)(y).numpy(), rest)


@pytest.mark.parametrize("ord", [1, 2, math.inf])
def test_norm_at_zero(ord: float) -> None:
    def f(x: Tensor) -> Tensor:
        return ops.norm(x, ord=ord)

    zero = np.zeros(3)
    assert grad(f)(zero).numpy().tolist() == [0, 0, 0]
    assert jvp(f, (zero,), (np.ones(3),))[1].item() == 0
    assert not hessian(f)(zero).numpy().any()
    assert not jvp(lambda x: jvp(f, (x,), (x + 1,))[1], (zero,), (zero + 1,))[1].numpy().any()


def test_norm_of_one_zero_row_among_others() -> None:
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    g = grad(lambda x: ops.sum(ops.norm(x, axis=1)))(x)
    np.testing.assert_allclose(g.numpy(), [[0, 0], [0.6, 0.8]])


@pytest.mark.parametrize("name", ["std", "var"])
def test_spread_of_equal_elements(name: str) -> None:
    f: Callable[..., Tensor] = getattr(ops, name)
    x = np.full(3, 0.1)
    assert f(x).item() == pytest.approx(0, abs=1e-16)
    assert np.isfinite(grad(f)(x).numpy()).all()
    assert np.isfinite(hessian(f)(np.full(3, 2.0)).numpy()).all()
    assert grad(f)(np.full(3, 2.0)).numpy().tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["mean", "var", "std", "norm", "prod"])
def test_derivatives(name: str) -> None:
    x = np.sin(np.arange(12.0)).reshape(3, 4)
    check_grads(lambda x: getattr(ops, name)(x, 0), (x,))


@pytest.mark.parametrize("name", ["var", "std"])
def test_correction(name: str) -> None:
    expected = getattr(np, name)(X, axis=1, ddof=1)
    np.testing.assert_allclose(getattr(ops, name)(X, 1, correction=1).numpy(), expected)
    with pytest.raises(
        ShapeError, match=rf"{name} over axis 0 .* 2 elements less a correction of 2"
    ):
        getattr(ops, name)(X, 0, correction=2)


def test_variance_far_from_zero() -> None:
    assert ops.var(np.array([1e8, 1e8 + 1, 1e8 + 2])).item() == pytest.approx(2 / 3)


def test_numbers_without_axes() -> None:
    for name in ["sum", "mean", "max", "min", "prod", "norm"]:
        assert getattr(ops, name)(3.0).item() == 3
    assert ops.argmax(3.0).item() == 0
