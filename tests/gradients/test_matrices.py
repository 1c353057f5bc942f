"""Gradients of matrix products, and the derivative of a matrix by a matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tushuo
from tushuo.errors import DTypeError, ShapeError
from tushuo.gradients import central
from tushuo.gradients.matrices import (
    check_matmul,
    contract,
    kronecker_jacobian,
    matmul_backward,
    matmul_jacobians,
)

RNG = np.random.default_rng(0)
W, X, DD = RNG.standard_normal((5, 10)), RNG.standard_normal((10, 3)), RNG.standard_normal((5, 3))


def test_the_article_s_shapes():
    dW, dX = check_matmul(W, X, DD)
    assert (dW.shape, dX.shape) == (W.shape, X.shape)
    np.testing.assert_allclose(dW, central(lambda w: np.sum((w @ X) * DD), W), atol=1e-7)
    np.testing.assert_allclose(dX, central(lambda x: np.sum((W @ x) * DD), X), atol=1e-7)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_every_shape(m, n, p):
    check_matmul(np.ones((m, n)), np.arange(n * p).reshape(n, p), np.ones((m, p)))


def test_the_full_jacobian():
    by_w, by_x = matmul_jacobians(W, X)
    assert by_w.shape == (5, 3, 5, 10)
    assert by_x.shape == (5, 3, 10, 3)
    np.testing.assert_allclose(by_w, tushuo.jacobian(tushuo.matmul, 0)(W, X).numpy())
    np.testing.assert_allclose(by_x, tushuo.jacobian(tushuo.matmul, 1)(W, X).numpy())
    assert np.count_nonzero(by_w) == 5 * 3 * 10
    np.testing.assert_allclose(contract(DD, by_w), matmul_backward(W, X, DD)[0])


def test_laid_out_as_a_matrix_it_is_a_kronecker_product():
    by_w = matmul_jacobians(W, X)[0]
    stacked = by_w.transpose(1, 0, 3, 2).reshape(15, 50)  # columns stacked
    np.testing.assert_allclose(kronecker_jacobian(W, X), stacked)
    change = RNG.standard_normal(W.shape)
    moved = kronecker_jacobian(W, X) @ change.ravel("F")
    np.testing.assert_allclose(moved, (change @ X).ravel("F"))


def test_wrong_shapes():
    with pytest.raises(ShapeError, match=r"W has shape \(5, 10\), X has shape \(3, 10\); W @ X"):
        matmul_backward(W, X.T, DD)
    with pytest.raises(ShapeError, match=r"dD has shape \(3, 5\), W @ X has shape \(5, 3\)"):
        matmul_backward(W, X, DD.T)
    with pytest.raises(ShapeError, match=r"W has shape \(10,\)"):
        matmul_jacobians(W[0], X)
    with pytest.raises(
        ShapeError, match=r"gradient has shape \(3, 5\), the Jacobian \(5, 3, 5, 10\)"
    ):
        contract(DD.T, matmul_jacobians(W, X)[0])
    with pytest.raises(DTypeError, match="matmul_backward: expected numbers, got str 'abc'"):
        matmul_backward("abc", X, DD)
