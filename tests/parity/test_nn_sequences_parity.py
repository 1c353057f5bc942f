"""Recurrent layers and attention against PyTorch: values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from parity.agreement import agree, randn, torch
from tushuo import nn

pytestmark = pytest.mark.parity

MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]], bool)

CELLS = {
    "RNN": {}, "RNN with relu": {"nonlinearity": "relu"}, "LSTM": {}, "GRU": {},
    "LSTM without bias": {"bias": False}, "GRU without bias": {"bias": False},
}  # fmt: skip


def with_states(kind: str, make: Callable[[], np.ndarray]) -> list[np.ndarray]:
    return [make() for _ in range(2 if kind == "LSTM" else 1)]


def joined(states: tuple[Any, ...]) -> Any:
    return states if len(states) == 2 else states[0]


@pytest.mark.parametrize("name", CELLS)
def test_cells(name, rng):
    kind = name.split()[0]
    ours, theirs = (getattr(lib, f"{kind}Cell")(3, 4, **CELLS[name]) for lib in (nn, torch.nn))
    states = with_states(kind, lambda: randn(rng, 2, 4))
    agree(ours, theirs, randn(rng, 2, 3), *states, run=lambda m, x, *s: m(x, joined(s)))


@pytest.mark.parametrize("name", CELLS)
def test_sequences(name, rng):
    kind = name.split()[0]
    ours = getattr(nn, kind)(3, 4, num_layers=2, **CELLS[name])
    theirs = getattr(torch.nn, kind)(3, 4, num_layers=2, batch_first=True, **CELLS[name])
    states = with_states(kind, lambda: randn(rng, 2, 3, 4))
    agree(ours, theirs, randn(rng, 3, 5, 3), *states, run=lambda m, x, *s: m(x, joined(s)))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_masks_are_packed_sequences(kind, rng):
    ours = getattr(nn, kind)(3, 4, num_layers=2)
    theirs = getattr(torch.nn, kind)(3, 4, num_layers=2, batch_first=True)

    def run(layer: Any, x: Any) -> Any:
        outputs, state = layer(x, mask=MASK)
        return outputs * MASK[..., None].astype(np.float32), state  # PyTorch pads with zeros

    def their_run(layer: Any, x: Any) -> Any:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        packed, state = layer(pack(x, torch.tensor(MASK.sum(1)), batch_first=True))
        return torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)[0], state

    agree(ours, theirs, randn(rng, 3, 5, 3), run=run, their_run=their_run)


def test_self_attention(rng):
    future = np.triu(np.ones((5, 5), bool), 1)
    agree(
        nn.MultiheadAttention(8, 2),
        torch.nn.MultiheadAttention(8, 2, batch_first=True),
        randn(rng, 3, 5, 8),
        run=lambda m, x: m(x, key_padding_mask=~MASK, attn_mask=future),
        their_run=lambda m, x: m(
            x, x, x, key_padding_mask=torch.tensor(~MASK), attn_mask=torch.tensor(future)
        ),
    )


@pytest.mark.parametrize("average", [True, False])
def test_cross_attention(average, rng):
    agree(
        nn.MultiheadAttention(8, 4, bias=False),
        torch.nn.MultiheadAttention(8, 4, bias=False, batch_first=True),
        randn(rng, 3, 2, 8), randn(rng, 3, 5, 8), randn(rng, 3, 5, 8),
        run=lambda m, *x: m(*x, average_attn_weights=average),
    )  # fmt: skip
