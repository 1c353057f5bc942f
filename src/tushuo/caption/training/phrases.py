"""The end of a training: which phrases people use, and how much they count in ranking sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tushuo.caption.bundle import Bundle
from tushuo.caption.captioner import Captioner
from tushuo.caption.phrases import Phrases, count_phrases, fit_phrases
from tushuo.caption.training.features import ORIGINAL, FeatureCache, Features
from tushuo.caption.training.live import LiveMaps
from tushuo.caption.training.photographs import counted
from tushuo.caption.training.task import EVALUATED_AT_ONCE, CaptionTask
from tushuo.data import Example

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["with_phrases"]

LEAST = 5  # photographs that a phrase is said of
MOST = 30_000  # phrases: their file stays below what is read
RIDGE, RANK = 0.15, 192
BEAMS = 5
WEIGHTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


def with_phrases(task: CaptionTask, bundle: Bundle, console: Console) -> Bundle:
    """A captioner that ranks the sentences of its beam by what people would say, too.

    The phrases are fitted to the training photographs as the captioner's encoder sees them in the
    end; of a few weights the one with the best CIDEr-D on the dev split is taken.

    Args:
        task: The last part of the training.
        bundle: What it came to.
        console: Where progress is shown.
    """
    said = [[ids[1:-1] for ids in several] for several in task.ids]
    table = count_phrases(said, LEAST, MOST)
    if not len(table):  # a handful of photographs
        return bundle
    maps = task.features if task.part.views else _live(task, bundle)
    with counted(console, "phrases", len(task.train) + len(task.dev)) as progress:
        seen = []
        for features in _features(maps, task.train):
            seen.append(features.mean(axis=1))
            progress(len(features))
        phrases = fit_phrases(table, np.concatenate(seen), said, ridge=RIDGE, rank=RANK)
        captioner = _ranking(bundle, phrases, 0.0)
        texts: dict[float, list[str]] = {weight: [] for weight in WEIGHTS}
        for features in _features(maps, task.dev):
            for weight, found in texts.items():
                captions = captioner.caption_features(features, phrase_weight=weight)
                found += [caption.text for caption in captions]
            progress(len(features))
    best = max(WEIGHTS, key=lambda weight: task.scores(texts[weight])["cider_d"])
    return _ranking(bundle, phrases, best).bundle


def _ranking(bundle: Bundle, phrases: Phrases, weight: float) -> Captioner:
    decoding = replace(bundle.decoding, beams=BEAMS, phrase_weight=weight)
    return Captioner(replace(bundle, decoding=decoding, phrases=phrases))


def _live(task: CaptionTask, bundle: Bundle) -> LiveMaps:
    """Maps as the captioner's own encoder makes them, none of which is kept."""
    features = FeatureCache(bundle.encoder, task.features.preprocessing, task.features.folder)
    return LiveMaps(features, None)


def _features(maps: FeatureCache | LiveMaps, examples: Sequence[Example]) -> Iterator[Features]:
    """The feature maps of photographs, some at a time, (B, L, D)."""
    for start in range(0, len(examples), EVALUATED_AT_ONCE):
        images = [example.image for example in examples[start : start + EVALUATED_AT_ONCE]]
        yield maps.maps(images, [ORIGINAL] * len(images))
