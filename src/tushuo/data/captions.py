"""Data sets of photographs with captions, whatever their layout on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from tushuo.data.checking import check
from tushuo.data.example import Example
from tushuo.data.formats import coco, flickr8k, folder, karpathy
from tushuo.data.formats.listing import Layout
from tushuo.errors import DatasetError

__all__ = [
    "CaptionDataset",
    "bad_entries",
    "load_captions",
    "no_train_split",
    "split",
    "with_dev",
]

_FORMATS = {"flickr8k": flickr8k, "karpathy": karpathy, "coco": coco, "folder": folder}
_ORDER = ("train", "dev", "test")


@dataclass(frozen=True, repr=False)
class CaptionDataset:
    """Photographs with their captions, in splits.

    Args:
        folder: Where the data set lies.
        format: "flickr8k", "karpathy", "coco" or "folder".
        all_examples: Every photograph, grouped by nothing; see `examples`.
        problems: One line for each entry that was left out.
    """

    folder: Path
    format: str
    all_examples: tuple[Example, ...]
    problems: tuple[str, ...] = field(default=())

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits: "train", "dev", "test" first, then any others by name."""
        names = {example.split for example in self.all_examples}
        first = [name for name in _ORDER if name in names]
        return (*first, *sorted(names.difference(_ORDER)))

    def examples(self, split: str) -> tuple[Example, ...]:
        """The photographs of one split, in the order in which the data set lists them.

        Raises:
            DatasetError: There is no such split.
        """
        found = tuple(example for example in self.all_examples if example.split == split)
        if not found:
            raise DatasetError(
                f"no split {split!r} in {str(self.folder)!r}",
                hint="it has " + ", ".join(self.splits),
            )
        return found

    def __len__(self) -> int:
        return len(self.all_examples)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {len(self.examples(name))}" for name in self.splits)
        return f"CaptionDataset({self.format}, {sizes}, problems: {len(self.problems)})"


def load_captions(
    folder: str | os.PathLike[str],
    captions: str | os.PathLike[str] | None = None,
    *,
    skip_bad: bool = False,
) -> CaptionDataset:
    """Read a data set of captions, telling its layout by its files.

    Layouts: Flickr8k's own (`Flickr8k.token.txt`, with sub-folders as downloaded or without),
    Karpathy's `dataset_*.json`, COCO's `annotations/captions_*.json`, and a plain folder with
    `captions.csv` (file_name, caption, perhaps split) or `metadata.jsonl` (file_name, text).
    Splits are called "train", "dev" and "test" in all of them.

    Args:
        folder: The folder of the data set.
        captions: The caption file, where the folder has several (say `Flickr8kCN.token.txt`): a
            path, or a name in the folder.
        skip_bad: Leave out broken lines, and photographs that are missing, lack captions, have an
            unsafe name or are listed twice, and report them in `problems`, rather than raise.

    Raises:
        DatasetError: No layout or several were recognised, a file is malformed as a whole (the
            message names the place and what was expected), or lines or photographs are bad and
            `skip_bad` is false; the error's `problems` has a line for each.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DatasetError(f"no folder {str(root)!r}", hint="give the folder of a data set")
    layouts = _recognise(root) if captions is None else [_chosen(root, Path(captions))]
    listed = chain.from_iterable(_FORMATS[layout.format].read(layout) for layout in layouts)
    examples, problems = check(listed)
    if problems and not skip_bad:
        raise bad_entries(root, problems)
    if not examples:
        raise DatasetError(f"no photograph with captions in {str(root)!r}", problems=problems)
    return CaptionDataset(root, layouts[0].format, tuple(examples), tuple(problems))


def _recognise(root: Path) -> list[Layout]:
    found = [
        Layout(name, root, path)
        for name, module in _FORMATS.items()
        for path in module.candidates(root)
    ]
    if not found:
        raise DatasetError(
            f"no known data set in {str(root)!r}",
            hint="expected Flickr8k.token.txt, dataset_*.json, annotations/captions_*.json, "
            "captions.csv or metadata.jsonl",
        )
    if len(found) > 1 and not _one_file_a_split(found):
        names = ", ".join(str(layout.captions.relative_to(root)) for layout in found)
        raise DatasetError(f"several caption files in {str(root)!r}: {names}", hint=_CHOOSE)
    return found


_CHOOSE = "choose one with captions (--captions)"


def _one_file_a_split(layouts: Sequence[Layout]) -> bool:
    """Whether the files belong together: COCO's, or one in each folder of a plain layout."""
    formats = {layout.format for layout in layouts}
    folders = {layout.captions.parent for layout in layouts}
    return formats == {"coco"} or (formats == {"folder"} and len(folders) == len(layouts))


def _chosen(root: Path, captions: Path) -> Layout:
    places = [root / captions, root / "Flickr8k_text" / captions, root / "annotations" / captions]
    path = next((place for place in [*places, captions] if place.is_file()), None)
    if path is None:
        raise DatasetError(f"no caption file {str(captions)!r}", hint=f"looked in {str(root)!r}")
    for name, module in _FORMATS.items():
        if module.recognises(path):
            return Layout(name, root, path)
    raise DatasetError(
        f"{str(path)!r} has an unknown kind of name",
        hint="expected *.txt (Flickr8k), dataset_*.json, captions_*.json, *.csv or *.jsonl",
    )


def bad_entries(root: Path, problems: Sequence[str]) -> DatasetError:
    """The error that refuses a data set for some bad entries."""
    count = f"{len(problems)} bad entr{'y' if len(problems) == 1 else 'ies'}"
    return DatasetError(
        f"{count} in {str(root)!r}",
        hint="mend them, or leave them out with skip_bad (--skip-bad)",
        problems=problems,
    )


def split(dataset: CaptionDataset, dev_fraction: float = 0.1, seed: int = 0) -> CaptionDataset:
    """Divide a data set of a single split into "train" and "dev".

    Where a photograph goes depends on the seed and on its path below the folder alone, so that it
    stays there when others are added or the folder moves.

    Args:
        dataset: A data set of one split and at least two photographs.
        dev_fraction: About this share becomes "dev"; between 0 and 1.
        seed: Another seed gives another division.

    Raises:
        DatasetError: The data set is split already or too small, or the fraction is out of range.
    """
    if len(dataset.splits) != 1 or len(dataset) < 2 or not 0 < dev_fraction < 1:
        raise DatasetError(
            f"cannot split {dataset!r} with dev_fraction={dev_fraction}",
            hint="it takes one split of two photographs or more, and a fraction between 0 and 1",
        )
    ranks = [_rank(example.image, dataset.folder, seed) for example in dataset.all_examples]
    limit = min(max(dev_fraction, min(ranks)), sorted(ranks)[-2])  # neither side is empty
    divided = (
        replace(example, split="dev" if rank <= limit else "train")
        for example, rank in zip(dataset.all_examples, ranks, strict=True)
    )
    return replace(dataset, all_examples=tuple(divided))


def with_dev(dataset: CaptionDataset) -> CaptionDataset:
    """A data set that has a "dev" split: its own, else a tenth of its "train" (see `split`).

    Training and evaluation both ask this, and so agree on which photographs were put aside.

    Raises:
        DatasetError: There is no split "train" to take it from, or it has too few photographs.
    """
    if "dev" in dataset.splits:
        return dataset
    if "train" not in dataset.splits:
        raise no_train_split(dataset)
    divided = split(replace(dataset, all_examples=dataset.examples("train")))
    others = [example for example in dataset.all_examples if example.split != "train"]
    return replace(dataset, all_examples=(*divided.all_examples, *others))


def no_train_split(dataset: CaptionDataset) -> DatasetError:
    """The error that refuses a data set which offers nothing to learn from."""
    return DatasetError(
        f"{str(dataset.folder)!r} has no train split, only {', '.join(dataset.splits)}",
        hint="to learn from these photographs, call their split train in the data set",
    )


def _rank(image: Path, folder: Path, seed: int) -> float:
    """A number in [0, 1), evenly spread over the photographs of a folder."""
    name = Path(os.path.relpath(image, folder)).as_posix()
    digest = hashlib.sha256(f"{seed}:{name}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
