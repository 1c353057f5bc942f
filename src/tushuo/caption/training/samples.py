"""Captions of a few photographs while training goes on, for a person who watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from tushuo.caption.training.photographs import tell

if TYPE_CHECKING:
    from rich.console import Console

    from tushuo.caption.training.network import Weights
    from tushuo.caption.training.task import CaptionTask

__all__ = ["chosen", "with_samples"]

SHOWN = 3


def with_samples(task: CaptionTask, console: Console) -> Callable[[Weights], Mapping[str, float]]:
    """The task's validation, after which the captions of a few dev photographs are shown.

    They are the same ones after every epoch, so that one sees the sentences improve, each with
    what a person wrote.
    """
    numbers = chosen(len(task.dev), task.recipe.seed)

    def validate(weights: Weights) -> Mapping[str, float]:
        texts = task.captions(weights.average)
        for number in numbers:
            example, text = task.dev[number], texts[number] or "(no words)"
            tell(console, f"  {example.image.name}: {text}  [{example.captions[0]}]")
        return task.scores(texts)

    return validate


def chosen(count: int, seed: int) -> list[int]:
    """A few numbers below ``count``, taken by chance, always the same for a seed."""
    rng = np.random.default_rng(seed)
    return sorted(rng.choice(count, min(SHOWN, count), replace=False).tolist())
