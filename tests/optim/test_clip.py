"""Clipping by norm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.errors import GradientError, UsageError
from tushuo.graph import Tensor, check_grads, leaves
from tushuo.optim import clip_grad_norm, global_norm

GRADS = {"a": Tensor([3.0, 0.0]), "b": [Tensor([[4.0]])]}


def test_norm_of_all_leaves():
    assert float(global_norm(GRADS)) == 5
    assert float(global_norm({})) == 0


@given(st.floats(0.01, 100))
def test_never_above_the_limit(limit):
    clipped, norm = clip_grad_norm(GRADS, limit)
    assert float(norm) == 5
    after = float(global_norm(clipped))
    assert after == pytest.approx(min(limit, 5), rel=1e-6)
    assert clipped["a"].numpy()[0] / after == pytest.approx(0.6)


def test_small_gradients_are_handed_through():
    clipped, _ = clip_grad_norm(GRADS, 6)
    assert clipped is GRADS


def test_data_types_stay():
    clipped, _ = clip_grad_norm([Tensor(np.float32([9.0])), Tensor([9.0])], 1)
    assert [str(g.dtype) for g in clipped] == ["float32", "float64"]


def test_can_be_differentiated():
    def f(x, y):
        clipped, norm = clip_grad_norm([x, y], 1.0)
        return clipped[0].sum() * 2 + clipped[1].sum() + norm

    check_grads(f, (Tensor([1.0, 2.0]), Tensor([0.5])))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(bad):
    grads = {"a": Tensor([1.0]), "b": [Tensor([2.0]), Tensor([bad, 1.0])]}
    with pytest.raises(GradientError, match=rf"gradients is {bad}, first in b.1; lower"):
        clip_grad_norm(grads, 1.0)
    clipped, norm = clip_grad_norm(grads, 1.0, error_if_nonfinite=False)
    assert not np.isfinite(float(norm))
    assert clipped["a"].item() == 0 if bad == np.inf else np.isnan(clipped["a"].item())


def test_overflow_of_the_squares():
    with pytest.raises(GradientError, match="the squares overflow"):
        clip_grad_norm([Tensor(np.float32([1e30]))], 1.0)


def test_negative_limit():
    with pytest.raises(UsageError, match="max_norm: got -1"):
        clip_grad_norm(leaves(GRADS), -1)
