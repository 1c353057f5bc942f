"""All photographs as a captioner's encoder sees them when the training is done, computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tushuo.caption.bundle import Bundle
from tushuo.caption.training.features import ORIGINAL, FeatureCache, Features
from tushuo.caption.training.live import LiveMaps
from tushuo.caption.training.photographs import counted, tell
from tushuo.caption.training.task import EVALUATED_AT_ONCE, CaptionTask
from tushuo.data import Example

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Seen", "seen_by"]


@dataclass(frozen=True, eq=False)
class Seen:
    """What the last part of a training needs of the photographs.

    Attributes:
        train: Means of the training photographs' feature maps, float32 (N, D).
        dev: The same of the dev photographs, float32 (M, D).
        maps: Feature maps of the dev photographs, some at a time, places in rows, float16 as they
            are made: (B, L, D). Those of the training photographs would take gigabytes.
        source: Tells the encoder, and how photographs are shown to it, from others.
    """

    train: Features
    dev: Features
    maps: Sequence[npt.NDArray[np.float16]]
    source: str

    def batches(self) -> Iterator[Features]:
        """The maps of the dev photographs, some at a time, float32 (B, L, D)."""
        return (part.astype(np.float32) for part in self.maps)


def seen_by(bundle: Bundle, task: CaptionTask, console: Console) -> Seen:
    """What a bundle's encoder makes of the photographs.

    Args:
        bundle: What the training came to.
        task: The last part of the training. Where the encoder never learnt, its maps are kept.
        console: Where progress is shown.
    """
    features, source = _as_seen(bundle, task)
    if not console.is_terminal:
        tell(console, f"seeing {len(task.train) + len(task.dev)} photographs with the encoder")
    with counted(console, "seeing photographs", len(task.train) + len(task.dev)) as progress:
        train, dev, maps = [], [], []
        for made in _batches(source, task.train):
            train.append(made.mean(axis=1))
            progress(len(made))
        for made in _batches(source, task.dev):
            dev.append(made.mean(axis=1))
            maps.append(made.astype(np.float16))
            progress(len(made))
    return Seen(np.concatenate(train), np.concatenate(dev), maps, features.folder.name)


def _as_seen(bundle: Bundle, task: CaptionTask) -> tuple[FeatureCache, FeatureCache | LiveMaps]:
    """The encoder with how photographs are shown to it, and where its maps come from."""
    kept = task.features
    if task.part.blocks is None:
        return kept, kept
    features = FeatureCache(bundle.encoder, kept.preprocessing, kept.folder.parents[1])
    return features, LiveMaps(features, None)


def _batches(source: FeatureCache | LiveMaps, examples: Sequence[Example]) -> Iterator[Features]:
    """The feature maps of photographs, some at a time, (B, L, D)."""
    for start in range(0, len(examples), EVALUATED_AT_ONCE):
        images = [example.image for example in examples[start : start + EVALUATED_AT_ONCE]]
        yield source.maps(images, [ORIGINAL] * len(images))
