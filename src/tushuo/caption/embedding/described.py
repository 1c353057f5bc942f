"""Photographs with sentences in several languages, gathered from several data sets of captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tushuo.caption.embedding.pieces import is_chinese
from tushuo.data import CaptionDataset, with_dev
from tushuo.errors import DatasetError

__all__ = ["Described", "gather", "languages_of"]


@dataclass(frozen=True)
class Described:
    """A photograph and what people wrote about it.

    Attributes:
        image: The file.
        texts: Sentences by language ("en", "zh"), at least one.
    """

    image: Path
    texts: dict[str, tuple[str, ...]]


def gather(datasets: Sequence[CaptionDataset], split: str) -> list[Described]:
    """The photographs of one split, each once, in the order in which they come first.

    Args:
        datasets: Data sets, as of the caption files of one folder.
        split: "train" or "dev"; see `tushuo.data.with_dev`.

    Raises:
        DatasetError: No data set has the split, or one has a photograph in another split.
    """
    sentences: dict[Path, dict[str, tuple[str, ...]]] = {}
    elsewhere: set[Path] = set()
    for dataset in map(with_dev, datasets):
        for example in dataset.all_examples:
            if example.split != split:
                elsewhere.add(example.image)
                continue
            mine = sentences.setdefault(example.image, {})
            for text in example.captions:
                language = "zh" if is_chinese(text) else "en"
                mine[language] = (*mine.get(language, ()), text)
    if twice := sorted(elsewhere & sentences.keys()):
        raise DatasetError(
            f"{len(twice)} photographs are in the {split} split of one caption file and in "
            f"another of another, the first is {twice[0].name!r}",
            hint="give all files the same splits",
        )
    if not sentences:
        raise DatasetError(f"the {split} split has no photographs")
    return [Described(image, texts) for image, texts in sentences.items()]


def languages_of(photographs: Sequence[Described]) -> list[str]:
    """The languages that they have sentences in, sorted."""
    return sorted({language for photograph in photographs for language in photograph.texts})
