"""Softmax and its logarithm: properties, extremes, masks."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph import Tensor, check_grads, grad, hessian, jvp, ops

MATRICES = arrays(np.float64, (3, 4), elements=st.floats(-1000, 1000))
NOTHING = -math.inf
MASKED = np.array([[1.0, NOTHING, 2.0], [NOTHING, NOTHING, NOTHING]])


@given(x=MATRICES, axis=st.sampled_from([0, 1, -1]))
def test_shares_sum_to_one(x: np.ndarray, axis: int) -> None:
    y = ops.softmax(x, axis).numpy()
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(axis), 1)


@given(x=MATRICES, shift=st.floats(-1000, 1000))
def test_a_shift_changes_nothing(x: np.ndarray, shift: float) -> None:
    np.testing.assert_allclose(ops.softmax(x + shift).numpy(), ops.softmax(x).numpy(), atol=1e-10)
    shifted = ops.logsumexp(x + shift, -1) - shift
    np.testing.assert_allclose(shifted.numpy(), ops.logsumexp(x, -1).numpy(), atol=1e-10)


@given(x=MATRICES)
def test_logarithms_agree(x: np.ndarray) -> None:
    logs = ops.log_softmax(x, 1).numpy()
    np.testing.assert_allclose(np.exp(logs), ops.softmax(x, 1).numpy(), atol=1e-12)
    np.testing.assert_allclose(logs, x - ops.logsumexp(x, 1, keepdims=True).numpy(), atol=1e-10)


def test_small_numbers_against_the_definition() -> None:
    x = np.array([0.0, 1.0, 3.0])
    powers = np.exp(x)
    np.testing.assert_allclose(ops.softmax(x).numpy(), powers / powers.sum(), rtol=1e-14)
    assert ops.logsumexp(x).item() == pytest.approx(math.log(powers.sum()), rel=1e-14)


def test_log_softmax_of_the_unlikely_is_exact() -> None:
    assert ops.log_softmax(np.array([0.0, 2000.0])).numpy().tolist() == [-2000, 0]


def test_everything_masked() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(ops.softmax(MASKED).numpy()[:, [1]], 0)
        assert ops.softmax(MASKED).numpy()[1].tolist() == [0, 0, 0]
        assert ops.log_softmax(MASKED).numpy()[1].tolist() == [NOTHING] * 3
        assert ops.logsumexp(MASKED, 1).numpy()[1] == NOTHING


@pytest.mark.parametrize("name", ["softmax", "logsumexp"])
def test_masks_leave_no_nan_in_derivatives(name: str) -> None:
    def f(x: Tensor) -> Tensor:
        y = getattr(ops, name)(x, -1)
        return ops.sum(ops.where(y > NOTHING, y, 0) ** 2)

    g = grad(f)(MASKED).numpy()
    assert np.isfinite(g).all()
    assert g[1].tolist() == [0, 0, 0]
    assert g[0, 1] == 0
    assert np.isfinite(jvp(f, (MASKED,), (np.ones((2, 3)),))[1].item())
    assert np.isfinite(hessian(f)(MASKED).numpy()).all()


def test_masked_elements_get_no_loss_gradient() -> None:
    g = grad(lambda x: -ops.log_softmax(x)[2])(MASKED[0]).numpy()
    np.testing.assert_allclose(g, [1 / (1 + math.e), 0, -1 / (1 + math.e)])


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_third_derivatives(name: str) -> None:
    check_grads(lambda x: getattr(ops, name)(x, 0), (np.array([0.3, -0.5, 1.0]),), order=3)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_errors(name: str) -> None:
    with pytest.raises(ShapeError, match=r"axis 2 does not fit shape \(2, 3\)"):
        getattr(ops, name)(MASKED, 2)
    with pytest.raises(DTypeError, match=f"{name} needs floating-point operands, got int64"):
        getattr(ops, name)([1, 2])


def test_logsumexp_over_several_axes() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    expected = np.log(np.exp(x).sum((0, 2)))
    np.testing.assert_allclose(ops.logsumexp(x, (0, 2)).numpy(), expected)
    assert ops.logsumexp(x, (0, 2), keepdims=True).shape == (1, 3, 1)
    assert ops.logsumexp(x).item() == pytest.approx(math.log(np.exp(x).sum()))


def test_no_elements() -> None:
    assert ops.softmax(np.zeros((2, 0))).shape == (2, 0)
    assert ops.log_softmax(np.zeros((0, 3)), axis=0).shape == (0, 3)
    np.testing.assert_array_equal(ops.logsumexp(np.zeros((2, 0)), axis=1).numpy(), [-math.inf] * 2)
    assert grad(ops.logsumexp)(np.zeros(0)).shape == (0,)
