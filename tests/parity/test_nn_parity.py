"""Layers against PyTorch: values, gradients by inputs and parameters, initial values."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo.graph as g
from parity.agreement import agree, close, load, randn, torch
from tushuo import nn

pytestmark = pytest.mark.parity

TARGET = np.array([[1, 0, 3, 2, 2], [2, 2, 0, 1, 3], [0, 3, 1, 2, 0]])

LAYERS = {
    "linear": (lambda: nn.Linear(4, 3), lambda: torch.nn.Linear(4, 3), (2, 5, 4)),
    "linear without bias": (
        lambda: nn.Linear(4, 3, bias=False), lambda: torch.nn.Linear(4, 3, bias=False), (5, 4),
    ),
    "conv": (
        lambda: nn.Conv2d(3, 4, 3, 2, 1), lambda: torch.nn.Conv2d(3, 4, 3, 2, 1), (2, 3, 7, 8),
    ),
    "dilated conv in groups": (
        lambda: nn.Conv2d(4, 6, (3, 2), 1, (2, 1), 2, 2, False),
        lambda: torch.nn.Conv2d(4, 6, (3, 2), 1, (2, 1), 2, 2, False),
        (2, 4, 7, 8),
    ),
    "depthwise conv": (
        lambda: nn.Conv2d(4, 4, 5, 2, 2, groups=4),
        lambda: torch.nn.Conv2d(4, 4, 5, 2, 2, groups=4),
        (2, 4, 7, 8),
    ),
    "batch norm": (lambda: nn.BatchNorm2d(3), lambda: torch.nn.BatchNorm2d(3), (4, 3, 5, 5)),
    "layer norm": (
        lambda: nn.LayerNorm((3, 4)), lambda: torch.nn.LayerNorm((3, 4)), (5, 3, 4),
    ),
    "max pool": (lambda: nn.MaxPool2d(3, 2, 1), lambda: torch.nn.MaxPool2d(3, 2, 1), (2, 3, 7, 8)),
    "avg pool": (lambda: nn.AvgPool2d(3, 2, 1), lambda: torch.nn.AvgPool2d(3, 2, 1), (2, 3, 7, 8)),
    "global pool": (
        lambda: nn.AdaptiveAvgPool2d(1), lambda: torch.nn.AdaptiveAvgPool2d(1), (2, 3, 7, 8),
    ),
    "adaptive pool": (
        lambda: nn.AdaptiveAvgPool2d((3, 5)), lambda: torch.nn.AdaptiveAvgPool2d((3, 5)),
        (2, 3, 7, 8),
    ),
    "flatten": (lambda: nn.Flatten(), lambda: torch.nn.Flatten(), (2, 3, 4)),
    "sigmoid": (nn.Sigmoid, lambda: torch.nn.Sigmoid(), (4, 5)),
    "tanh": (nn.Tanh, lambda: torch.nn.Tanh(), (4, 5)),
    "relu": (nn.ReLU, lambda: torch.nn.ReLU(), (4, 5)),
    "relu6": (nn.ReLU6, lambda: torch.nn.ReLU6(), (4, 5)),
    "silu": (nn.SiLU, lambda: torch.nn.SiLU(), (4, 5)),
    "gelu": (nn.GELU, lambda: torch.nn.GELU(), (4, 5)),
    "gelu by tanh": (lambda: nn.GELU("tanh"), lambda: torch.nn.GELU("tanh"), (4, 5)),
    "softmax": (nn.Softmax, lambda: torch.nn.Softmax(-1), (4, 5)),
    "sequential": (
        lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)),
        lambda: torch.nn.Sequential(
            torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2)
        ),
        (5, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, rng):
    ours, theirs, shape = LAYERS[name]
    agree(ours(), theirs(), 3 * randn(rng, *shape))


def shaken(layer: nn.Module, rng: np.random.Generator) -> nn.Module:
    """The layer with random parameters, where they would be ones and zeros."""
    return g.tree_map(lambda p: g.asarray(randn(rng, *p.shape)), layer)


def test_norms_with_parameters_that_count(rng):
    agree(shaken(nn.LayerNorm(4), rng), torch.nn.LayerNorm(4), randn(rng, 3, 4))
    agree(shaken(nn.BatchNorm2d(3), rng), torch.nn.BatchNorm2d(3), randn(rng, 4, 3, 5, 5))


def test_batch_norm_over_several_batches_and_in_inference(rng):
    ours, theirs = (
        shaken(nn.BatchNorm2d(3, momentum=0.3), rng),
        torch.nn.BatchNorm2d(3, momentum=0.3),
    )
    load(theirs, ours)
    for _ in range(3):
        x = 2 * randn(rng, 4, 3, 5, 5) + 1
        close(ours(x), theirs(torch.tensor(x)), "training")
    for name, buffer in ours.named_buffers().items():
        close(buffer.data, dict(theirs.named_buffers())[name], name)
    agree(ours.eval(), theirs.eval(), x)


def test_embedding(rng):
    for padding in (None, 2):
        agree(
            nn.Embedding(4, 3, padding),
            torch.nn.Embedding(4, 3, padding),
            run=lambda layer: layer(TARGET),
            their_run=lambda layer: layer(torch.tensor(TARGET)),
        )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: nn.Linear(30, 200), lambda: torch.nn.Linear(30, 200)),
        (lambda: nn.Conv2d(8, 64, 3), lambda: torch.nn.Conv2d(8, 64, 3)),
        (lambda: nn.Embedding(200, 30), lambda: torch.nn.Embedding(200, 30)),
        (lambda: nn.LSTM(30, 40), lambda: torch.nn.LSTM(30, 40)),
        (lambda: nn.MultiheadAttention(64, 4), lambda: torch.nn.MultiheadAttention(64, 4)),
        (lambda: nn.BatchNorm2d(8), lambda: torch.nn.BatchNorm2d(8)),
    ],
)
def test_initial_values_are_spread_alike(ours, theirs):
    theirs = dict(theirs().named_parameters())
    for name, x in ours().named_parameters().items():
        expected = theirs[name].detach().numpy()
        assert np.std(x.numpy()) == pytest.approx(np.std(expected), rel=0.2, abs=1e-6), name
        assert x.numpy().mean() == pytest.approx(
            expected.mean(), abs=0.05 + 3 * expected.std() / np.sqrt(expected.size)
        ), name
