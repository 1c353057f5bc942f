"""Predicts phrases from what an encoder sees of a photograph as a whole."""

from __future__ import annotations

from tushuo.graph.tensor import Tensor
from tushuo.nn import Linear, Module

__all__ = ["PhrasePredictor"]


class PhrasePredictor(Module):
    """Two matrices, the first of which sees little enough that both are small.

    Args:
        channels: D, of the feature map.
        phrases: P.
        rank: R, numbers in between.
    """

    def __init__(self, channels: int, phrases: int, rank: int) -> None:
        self.lower = Linear(channels, rank, rng=0)
        self.upper = Linear(rank, phrases, rng=0)

    @property
    def channels(self) -> int:
        """D."""
        return int(self.lower.weight.shape[1])

    @property
    def phrases(self) -> int:
        """P."""
        return int(self.upper.weight.shape[0])

    def forward(self, pooled: Tensor) -> Tensor:
        """How much each phrase is to be expected, (N, P), of means of feature maps (N, D)."""
        found: Tensor = self.upper(self.lower(pooled))
        return found
