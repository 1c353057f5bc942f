"""The joint space of a training's photographs and sentences, as its last part learns it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tushuo.caption.embedding.described import Described, gather
from tushuo.caption.embedding.recipe import EmbedderRecipe
from tushuo.caption.embedding.task import EmbedderTask, Photographs
from tushuo.caption.training.features import Features
from tushuo.caption.training.photographs import tell
from tushuo.caption.training.task import CaptionTask
from tushuo.data import CaptionDataset, Example, load_captions
from tushuo.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["JOINT_SPACE", "Joint", "joint_of"]

JOINT_SPACE = "joint-space"
"""The name of its folder in that of the part before."""


@dataclass(frozen=True, eq=False)
class Joint:
    """What the joint space learns from.

    Attributes:
        recipe: The settings.
        train: The photographs to learn from, with their sentences.
        dev: Those to validate with.
    """

    recipe: EmbedderRecipe
    train: Sequence[Described]
    dev: Sequence[Described]

    def task(self, train: Features, dev: Features, source: str = "") -> EmbedderTask:
        """What is trained.

        Args:
            train: Means of feature maps, (N, D).
            dev: The same of the dev photographs, (M, D).
            source: What made them.

        Raises:
            DatasetError: There are too few photographs, or too rare words.
        """
        return EmbedderTask(
            recipe=self.recipe,
            train=Photographs(self.train, train),
            dev=Photographs(self.dev, dev),
            source=source,
        )


def joint_of(
    task: CaptionTask, data: Path, files: Sequence[str], skip_bad: bool, console: Console
) -> Joint | None:
    """What a training's joint space learns from; None where it shall have none.

    Args:
        task: A part of the training, whose own captions are learnt from.
        data: The folder of the data set.
        files: Further caption files of the same photographs, as in another language.
        skip_bad: Whether malformed entries of these are left out, and told.
        console: Where that is told.

    Raises:
        DatasetError: A file is malformed or about other photographs; or there are too few
            photographs, or too rare words.
        UsageError: There are files, but no joint space is asked for.
    """
    recipe = task.recipe
    if not recipe.embedder_epochs:
        if files:
            raise UsageError(
                f"captions for an embedder ({files[0]}), but it is trained for no epoch",
                hint="say for how many: --embedder-epochs 20",
            )
        return None
    settings = EmbedderRecipe(epochs=recipe.embedder_epochs, seed=recipe.seed)
    mine = CaptionDataset(data, "", (*task.train, *task.dev))
    others = [_of_same(mine, file, skip_bad, console) for file in files]
    train, dev = (gather([mine, *others], split) for split in ("train", "dev"))
    joint = Joint(settings, train, dev)
    try:
        joint.task(np.zeros((len(train), 1), np.float32), np.zeros((len(dev), 1), np.float32))
    except DatasetError as error:  # now, rather than after hours of the parts before
        hint = "leave the joint space out: --embedder-epochs 0"
        raise DatasetError(f"the joint space: {error.problem}", hint=hint) from None
    return joint


def _of_same(mine: CaptionDataset, file: str, skip_bad: bool, console: Console) -> CaptionDataset:
    """Further captions of the photographs that are trained with, in the same splits."""
    dataset = load_captions(mine.folder, file, skip_bad=skip_bad)
    for problem in dataset.problems:
        tell(console, f"left out: {problem}")
    known = {example.image: example for example in mine.all_examples}
    shared = [example for example in dataset.all_examples if example.image in known]
    if not shared:
        raise DatasetError(
            f"{file} is about none of the photographs that are trained with",
            hint="give further captions of the same photographs",
        )
    if len(shared) < len(dataset):
        tell(console, f"{file}: {len(dataset) - len(shared)} other photographs are left out")
    return replace(dataset, all_examples=tuple(_further(e, known[e.image]) for e in shared))


def _further(example: Example, known: Example) -> Example:
    """The captions of a photograph that are not known yet."""
    new = (text for text in example.captions if text not in known.captions)
    return replace(example, captions=tuple(new), split=known.split)
