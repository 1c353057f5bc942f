"""Layers compute the same on array-api-strict, an array library with nothing but the standard."""

from __future__ import annotations

from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

import tushuo.graph as g
from tushuo import nn

MASK = np.array([[1, 1, 1], [1, 0, 0]], bool)

CASES = {
    "linear": (nn.Linear(3, 2, rng=0), (2, 3), {}),
    "conv": (nn.Conv2d(3, 2, 3, padding=1, rng=0), (2, 3, 5, 5), {}),
    "batch norm": (nn.BatchNorm2d(3), (2, 3, 5, 5), {}),
    "batch norm in inference": (nn.BatchNorm2d(3).eval(), (2, 3, 5, 5), {}),
    "layer norm": (nn.LayerNorm(3), (2, 3), {}),
    "dropout": (nn.Dropout(), (4, 5), {"rng": 0}),
    "activations": (
        nn.Sequential(nn.GELU(), nn.SiLU(), nn.ReLU6(), nn.Tanh(), nn.Softmax()), (2, 3), {},
    ),
    "pooling": (
        nn.Sequential(nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(2), nn.Flatten()), (2, 3, 6, 6), {},
    ),
    "lstm": (nn.LSTM(2, 4, num_layers=2, rng=0), (2, 3, 2), {"mask": MASK}),
    "gru": (nn.GRU(2, 4, rng=0), (2, 3, 2), {"mask": MASK}),
    "attention": (nn.MultiheadAttention(4, 2, rng=0), (2, 3, 4), {"key_padding_mask": ~MASK}),
}  # fmt: skip


def moved(layer: nn.Module, xp: Any) -> nn.Module:
    """The layer with parameters and statistics in another array library."""
    for buffer in layer.named_buffers().values():
        buffer.data = xp.asarray(np.asarray(buffer.data))
    return g.tree_map(lambda p: g.asarray(xp.asarray(p.numpy())), layer)


def results(layer: nn.Module, x: np.ndarray, settings: dict[str, Any], xp: Any) -> list[Any]:
    """The values, and the gradients of their sum by parameters and input."""
    own = {k: xp.asarray(v) if isinstance(v, np.ndarray) else v for k, v in settings.items()}
    value, pullback = g.vjp(lambda m, v: m(v, **own), moved(layer, xp), xp.asarray(x))
    return g.leaves(value) + g.leaves(pullback(value))


@pytest.mark.parametrize("name", CASES)
def test_layers(name, rng):
    layer, shape, settings = CASES[name]
    x = rng.normal(size=shape).astype(np.float32)
    expected = results(layer, x, settings, np)
    got = results(layer, x, settings, strict)
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == strict.float32
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


def test_embedding_and_loss(rng):
    table, i, y = rng.normal(size=(4, 3)), np.array([[1, 0], [2, 3]]), np.array([[0, 1], [2, 2]])

    def loss(xp: Any) -> Any:
        layer = nn.Embedding(4, 3, padding_idx=0)
        layer.weight = g.asarray(xp.asarray(table))
        weight = xp.asarray(np.array([1.0, 2.0, 3.0]))
        return g.value_and_grad(
            lambda m: nn.cross_entropy(
                m(xp.asarray(i)), xp.asarray(y), weight, ignore_index=1, label_smoothing=0.1
            )
        )(layer)

    (a, slopes), (b, expected) = loss(strict), loss(np)
    assert a.item() == pytest.approx(b.item())
    np.testing.assert_allclose(slopes.weight.numpy(), expected.weight.numpy(), atol=1e-12)
