"""How an embedder is trained: the settings, and what of them tells one run from another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tushuo.errors import UsageError

__all__ = ["EmbedderRecipe"]


@dataclass(frozen=True, kw_only=True)
class EmbedderRecipe:
    """The settings of a training run of an embedder.

    Args:
        dimensions: Of the space.
        embedding: Size of the vector of a piece (a word, or a Chinese character).
        min_count: Pieces seen less often in the training captions are unknown.
        dropout_image: Share of the channels of feature maps that is dropped.
        dropout_text: Share of the numbers of pieces and sentences that is dropped.
        drop_pieces: Share of the pieces of sentences that is left out.
        photographs_per_batch: Photographs a step, each with one sentence of each language.
        epochs: Passes over the captions.
        lr: Highest learning rate; it rises over the first epoch and falls as half a cosine.
        weight_decay: AdamW's.
        clip: Largest norm of the gradient.
        average: How slowly the average of the weights forgets, from 0 (no averaging) to below 1;
            the average is what is validated and kept.
        seed: Seed of initial weights, order and dropout.

    Raises:
        UsageError: A setting is out of range.
    """

    dimensions: int = 256
    embedding: int = 128
    min_count: int = 3
    dropout_image: float = 0.4
    dropout_text: float = 0.3
    drop_pieces: float = 0.2
    photographs_per_batch: int = 256
    epochs: int = 20
    lr: float = 2e-3
    weight_decay: float = 0.01
    clip: float = 5.0
    average: float = 0.99
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = _LEAST.get(name, 1)
            if value < least:
                raise UsageError(f"{name}: got {value}, expected at least {least}")
            if name in _SHARES and value >= 1:
                raise UsageError(f"{name}: got {value}, expected less than 1")

    def config(self) -> Mapping[str, Any]:
        """What a run must share with another to go on with it."""
        return asdict(self)


_SHARES = ("dropout_image", "dropout_text", "drop_pieces", "average")
_FROM_ZERO = (*_SHARES, "lr", "weight_decay", "clip", "seed")
_LEAST = {**dict.fromkeys(_FROM_ZERO, 0), "photographs_per_batch": 2}
