"""Predicts phrases of a photograph from what was said of those that look like it."""

from __future__ import annotations

import numpy as np

from tushuo.graph import ops
from tushuo.graph.tensor import Tensor, asarray
from tushuo.models.joint_space import unit
from tushuo.nn import Linear, Module

__all__ = ["PhrasePredictor"]


class PhrasePredictor(Module):
    """Likeness to known photographs, and what each of them says about phrases.

    What the known photographs say is a product of two matrices, which are small as the rank is.

    Args:
        channels: D, of the feature map.
        phrases: P.
        directions: E, in which photographs are compared.
        photographs: M, that are known.
        rank: R.

    Attributes:
        project: Takes the mean of a feature map into the E directions.
        known: Its weight is the known photographs there, (M, E), each of length 1.
        usual: The mean likeness of photographs to each of these, (M,). Without it what counts would
            be a small difference of large numbers, which 8-bit weights cannot hold.
        lower, upper: The two matrices.
    """

    def __init__(
        self, channels: int, phrases: int, *, directions: int, photographs: int, rank: int
    ) -> None:
        self.project = Linear(channels, directions, rng=0)
        self.known = Linear(directions, photographs, bias=False, rng=0)
        self.usual = asarray(np.zeros(photographs, np.float32))
        self.lower = Linear(photographs, rank, bias=False, rng=0)
        self.upper = Linear(rank, phrases, rng=0)

    @property
    def channels(self) -> int:
        """D."""
        return int(self.project.weight.shape[1])

    @property
    def phrases(self) -> int:
        """P."""
        return int(self.upper.weight.shape[0])

    def forward(self, pooled: Tensor) -> Tensor:
        """How much each phrase is to be expected, (N, P), of means of feature maps (N, D)."""
        likeness = ops.exp(self.known(unit(self.project(pooled))) - 1.0)  # (N, M)
        found: Tensor = self.upper(self.lower(likeness - self.usual))
        return found
