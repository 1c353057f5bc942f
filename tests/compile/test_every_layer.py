"""Every layer and loss, forward and gradient by its input and parameters, compiled and eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tushuo import nn

from .comparing import same

SIZES = [
    (3, 7, 17),
    *(pytest.param(n, marks=pytest.mark.slow) for n in [(1, 1, 2), (2, 8, 16), (5, 15, 33)]),
]
"""Of a batch, the inputs and the outputs."""

NO_LAYERS = {
    "Buffer": "holds an array that is not learned",
    "Module": "is the base of layers",
    "init": "makes the first values, which are constants",
}
"""Names of ``nn`` that compute nothing, and what they do."""


def rows(*shape: int) -> np.ndarray:
    """Numbers, always the same for a shape."""
    rng = np.random.default_rng(shape)
    return np.clip(rng.standard_normal(shape), -2, 2).astype(np.float32)


def classes(n: int, below: int, *more: int) -> np.ndarray:
    """Whole numbers below another."""
    return np.random.default_rng(n).integers(0, below, (n, *more))


def mask(n: int, t: int) -> np.ndarray:
    """True for the beginning of each row, at least one."""
    return np.arange(t) <= np.arange(n)[:, None]


Made = tuple[Any, ...]
"""A function or layer, and its arguments; a layer that needs more is called by a function."""

ACTIVATIONS: dict[str, Callable[[int, int, int], Made]] = {
    **{
        name: lambda n, i, o, name=name: (getattr(nn, name)(), rows(n, i))
        for name in ("GELU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Tanh")
    },
    **{
        name: lambda n, i, o, name=name: (getattr(nn, name), 3 * rows(n, o))
        for name in ("gelu", "relu", "relu6", "sigmoid", "silu", "softmax", "tanh")
    },
    "gelu by tanh": lambda n, i, o: (lambda x: nn.gelu(x, "tanh"), rows(n, i)),
}

SEQUENCES: dict[str, Callable[[int, int, int], Made]] = {
    "RNNCell": lambda n, i, o: (nn.RNNCell(i, o, rng=0), rows(n, i), rows(n, o)),
    "GRUCell": lambda n, i, o: (nn.GRUCell(i, o, rng=0), rows(n, i), rows(n, o)),
    "LSTMCell": lambda n, i, o: (nn.LSTMCell(i, o, rng=0), rows(n, i), (rows(n, o), rows(n, o))),
    "RNN": lambda n, i, o: (nn.RNN(i, o, rng=0), rows(n, 3, i)),
    "GRU": lambda n, i, o: (nn.GRU(i, o, rng=0), rows(n, 3, i)),
    "GRU of two layers": lambda n, i, o: (
        lambda layer, x: layer(x, mask=mask(n, 3)),
        nn.GRU(i, o, num_layers=2, rng=0),
        rows(n, 3, i),
    ),
    "LSTM": lambda n, i, o: (nn.LSTM(i, o, rng=0), rows(n, 3, i)),
    "AdditiveAttention": lambda n, i, o: (
        lambda layer, q, a: layer(q, a, mask=mask(n, 4)),
        nn.AdditiveAttention(i, o, 5, rng=0),
        rows(n, i),
        rows(n, 4, o),
    ),
    "MultiheadAttention": lambda n, i, o: (
        lambda layer, x: layer(x, key_padding_mask=~mask(n, 4)),
        nn.MultiheadAttention(2 * i, 2, rng=0),
        rows(n, 4, 2 * i),
    ),
    "scaled_dot_product_attention": lambda n, i, o: (
        nn.scaled_dot_product_attention,
        rows(n, 4, i),
        rows(n, 5, i),
        rows(n, 5, o),
    ),
    "masked_softmax": lambda n, i, o: (lambda x: nn.masked_softmax(x, mask(n, o)), rows(n, o)),
}

IMAGES: dict[str, Callable[[int, int, int], Made]] = {
    "Conv2d": lambda n, i, o: (nn.Conv2d(i, o, 3, padding=1, rng=0), rows(n, i, 5, 6)),
    "Conv2d by channels": lambda n, i, o: (
        nn.Conv2d(i, i, 3, stride=2, groups=i, rng=0),
        rows(n, i, 7, 6),
    ),
    "BatchNorm2d": lambda n, i, o: (nn.BatchNorm2d(i).eval(), rows(n, i, 3, 4)),
    "MaxPool2d": lambda n, i, o: (nn.MaxPool2d(3, 2, padding=1), rows(n, i, 6, 7)),
    "AvgPool2d": lambda n, i, o: (nn.AvgPool2d(2), rows(n, i, 6, 7)),
    "AdaptiveAvgPool2d": lambda n, i, o: (nn.AdaptiveAvgPool2d(2), rows(n, i, 5, 7)),
    "Flatten": lambda n, i, o: (nn.Flatten(), rows(n, i, 2, 3)),
}

LOSSES: dict[str, Callable[[int, int, int], Made]] = {
    "MSELoss": lambda n, i, o: (nn.MSELoss("none"), rows(n, i), rows(n + 1, i)[1:]),
    "mse_loss": lambda n, i, o: (nn.mse_loss, rows(n, i), rows(n + 1, i)[1:]),
    "CrossEntropyLoss": lambda n, i, o: (nn.CrossEntropyLoss(), rows(n, o), classes(n, o)),
    "cross_entropy": lambda n, i, o: (
        lambda x, y: nn.cross_entropy(x, y, mask=mask(n, 3), label_smoothing=0.1),
        rows(n, 3, o),
        classes(n, o, 3),
    ),
    "cross_entropy of some": lambda n, i, o: (
        lambda x, y: nn.cross_entropy(x, y, np.arange(1.0, o + 1), ignore_index=1, reduction="sum"),
        rows(n, o),
        classes(n, o),
    ),
    "MultiMarginLoss": lambda n, i, o: (nn.MultiMarginLoss(), rows(n, o), classes(n, o)),
    "multi_margin_loss": lambda n, i, o: (
        lambda x, y: nn.multi_margin_loss(x, y, p=2, reduction="none"),
        rows(n, o),
        classes(n, o),
    ),
    "binary_cross_entropy_with_logits": lambda n, i, o: (
        nn.binary_cross_entropy_with_logits,
        rows(n, o),
        (rows(o, n).T > 0).astype(np.float32),
    ),
}

OTHERS: dict[str, Callable[[int, int, int], Made]] = {
    "Linear": lambda n, i, o: (nn.Linear(i, o, rng=0), rows(n, i)),
    "Linear without bias": lambda n, i, o: (nn.Linear(i, o, bias=False, rng=0), rows(2, n, i)),
    "linear": lambda n, i, o: (nn.linear, rows(n, i), rows(o, i), rows(o)),
    "Embedding": lambda n, i, o: (nn.Embedding(o, i, padding_idx=0, rng=0), classes(n, o, 2)),
    "Dropout": lambda n, i, o: (lambda f, x: f(x, rng=7), nn.Dropout(0.4), rows(n, o)),
    "dropout": lambda n, i, o: (lambda x: nn.dropout(x, 0.4, rng=7), rows(n, o)),
    "LayerNorm": lambda n, i, o: (nn.LayerNorm(o), rows(n, o)),
    "layer_norm": lambda n, i, o: (nn.layer_norm, rows(n, 2, o)),
    "Sequential": lambda n, i, o: (
        nn.Sequential(nn.Linear(i, o, rng=0), nn.ReLU(), nn.Linear(o, i, rng=1)),
        rows(n, i),
    ),
}

LAYERS = {**ACTIVATIONS, **SEQUENCES, **IMAGES, **LOSSES, **OTHERS}
"""By name, and with words behind it for what is special: from sizes to a layer and arguments."""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(name, size):
    first, *args = LAYERS[name](*size)
    if isinstance(first, nn.Module):
        same({name: lambda layer, *args: layer(*args)}, first, *args, gradients=True)
    else:
        same({name: first}, *args, gradients=True)


def test_every_layer_has_a_case():
    tried = {name.split()[0] for name in LAYERS}
    assert tried.isdisjoint(NO_LAYERS)
    assert tried | set(NO_LAYERS) == set(nn.__all__)
