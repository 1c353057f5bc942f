"""Captions of a few photographs while training goes on, for a person who watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tushuo.caption.captioner import Captioner
from tushuo.caption.training.photographs import tell
from tushuo.data import Example

if TYPE_CHECKING:
    from rich.console import Console

    from tushuo.caption.training.task import CaptionTask, Weights

__all__ = ["chosen", "with_samples"]

SHOWN = 3


def with_samples(task: CaptionTask, console: Console) -> Callable[[Weights], Mapping[str, float]]:
    """The task's validation, after which the captions of a few dev photographs are shown.

    They are the same ones after every epoch, so that one sees the sentences improve, each with
    what a person wrote.
    """
    examples = chosen(task.dev, task.recipe.seed)

    def validate(weights: Weights) -> Mapping[str, float]:
        scores = task.validate(weights)
        captioner = Captioner(task.bundle(weights.average))
        maps = task.features[[example.image for example in examples]]
        captions = captioner.caption_features(maps, beams=1)
        for example, caption in zip(examples, captions, strict=True):
            text = caption.text or "(no words)"
            tell(console, f"  {example.image.name}: {text}  [{example.captions[0]}]")
        return scores

    return validate


def chosen(examples: Sequence[Example], seed: int) -> list[Example]:
    """A few photographs, taken by chance, always the same for a seed."""
    rng = np.random.default_rng(seed)
    picked = rng.choice(len(examples), min(SHOWN, len(examples)), replace=False)
    return [examples[i] for i in sorted(picked)]
