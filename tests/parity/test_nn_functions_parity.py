"""Losses and scaled dot products against PyTorch: values and gradients."""

from __future__ import annotations

import numpy as np
import pytest

from parity.agreement import agree_loss, randn, torch
from tushuo import nn

pytestmark = pytest.mark.parity

TARGET = np.array([[1, 0, 3, 2, 2], [2, 2, 0, 1, 3], [0, 3, 1, 2, 0]])


def test_scaled_dot_product_attention(rng):
    inputs = randn(rng, 2, 3, 2, 4), randn(rng, 2, 3, 5, 4), randn(rng, 2, 3, 5, 6)
    mask = rng.uniform(size=(2, 5)) < 0.6
    mask[:, 0] = True
    agree_loss(
        lambda *x: nn.scaled_dot_product_attention(*x, mask)[0],
        lambda *x: torch.nn.functional.scaled_dot_product_attention(*x, torch.tensor(mask)),
        *inputs,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ignored", [-100, 2])
@pytest.mark.parametrize("weight", [None, np.array([1, 2, 0.5, 3], np.float32)])
def test_cross_entropy(reduction, smoothing, ignored, weight, rng):
    settings = {
        "label_smoothing": smoothing, "ignore_index": ignored, "reduction": reduction,
    }  # fmt: skip
    agree_loss(
        lambda x: nn.cross_entropy(x, TARGET, weight, **settings),
        lambda x: torch.nn.functional.cross_entropy(
            x.movedim(-1, 1), torch.tensor(TARGET),
            None if weight is None else torch.tensor(weight), **settings,
        ),
        3 * randn(rng, 3, 5, 4),
    )  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_other_losses(reduction, rng):
    f = torch.nn.functional
    x, y = 3 * randn(rng, 3, 4), rng.uniform(size=(3, 4)).astype(np.float32)
    agree_loss(
        lambda a, b: nn.mse_loss(a, b, reduction),
        lambda a, b: f.mse_loss(a, b, reduction=reduction),
        x, y,
    )  # fmt: skip
    agree_loss(
        lambda a: nn.binary_cross_entropy_with_logits(a, y, reduction),
        lambda a: f.binary_cross_entropy_with_logits(a, torch.tensor(y), reduction=reduction),
        x,
    )
