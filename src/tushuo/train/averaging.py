"""The moving average of the weights, which is validated and kept in the place of the last ones.

Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992), in the
exponential form that is usual today.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from tushuo.graph import Tensor, tree_map

__all__ = ["averaged", "kept_share", "moving_average"]

Model = TypeVar("Model")


def moving_average(average: Model, model: Model, decay: float, before: int) -> Model:
    """The exponential moving average of the weights, which forgets faster in the first steps.

    Args:
        average: Of the weights until now.
        model: The weights after another step.
        decay: As of `kept_share`, and so is the other.
        before: How many steps were made before that one.
    """
    return averaged(average, model, Tensor(np.float32(kept_share(decay, before))))


def averaged(average: Model, model: Model, kept: Tensor) -> Model:
    """The moving average of weights after another step; ``kept`` of it stays."""
    return tree_map(lambda a, x: a + (1 - kept) * (x - a), average, model)


def kept_share(decay: float, before: int) -> float:
    """The share of the average that stays, which is smaller in the first steps.

    Args:
        decay: The share in later steps.
        before: How many steps were made before this one: 0 in the first.
    """
    return min(decay, (1 + before) / (10 + before))
