"""What a caption file lists, before it is checked against the photographs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tushuo.errors import DatasetError

__all__ = ["Layout", "Listed", "broken", "first_folder", "group", "split_name"]


@dataclass(frozen=True, slots=True)
class Layout:
    """A caption file that was recognised: its format, and the folder it was found for."""

    format: str
    folder: Path
    captions: Path


@dataclass(frozen=True, slots=True)
class Listed:
    """A photograph with its captions as listed, unchecked.

    Args:
        root: The folder of the photographs.
        name: The path of the photograph below `root`.
        captions: Its captions.
        split: "train", "dev", "test", or the data set's own name for another one.
        where: The place that lists it, for messages: "file:line" or "file, entry".
        problem: What is wrong with the entry itself; the other fields then say nothing.
        places: Where each caption stands, where that is not `where`.
    """

    root: Path
    name: str
    captions: tuple[str, ...]
    split: str
    where: str
    problem: str = ""
    places: tuple[str, ...] = ()

    def place(self, caption: int) -> str:
        """Where a caption stands, by its index."""
        return self.places[caption] if self.places else self.where


def broken(path: Path, place: int | str, error: DatasetError) -> Listed:
    """A line (by its number) or an entry of a file that could not be read."""
    line = isinstance(place, int)
    problem = error.problem.removeprefix(f"{path}, {'line ' if line else ''}{place}: ")
    where = f"{path.name}:{place}" if line else f"{path.name}, {place}"
    return Listed(path.parent, "", (), "", where, problem)


_SPLITS = {"val": "dev", "valid": "dev", "validation": "dev", "restval": "train"}


def split_name(name: str) -> str:
    """The usual name of a split: "val" and "validation" are "dev", "restval" is "train"."""
    plain = name.strip().lower()
    return _SPLITS.get(plain, plain)


def group(entries: Iterable[Listed]) -> Iterator[Listed]:
    """Join the entries of the same photograph and split, in order of first appearance.

    Broken ones pass through.
    """
    joined: dict[tuple[Path, str, str], list[Listed]] = {}
    for entry in entries:
        if entry.problem:
            yield entry
            continue
        joined.setdefault((entry.root, entry.name, entry.split), []).append(entry)
    for (root, name, split), parts in joined.items():
        captions = tuple(caption for part in parts for caption in part.captions)
        places = tuple(part.where for part in parts for _ in part.captions)
        yield Listed(root, name, captions, split, parts[0].where, places=places)


def first_folder(folder: Path, names: Iterable[str], what: str) -> Path:
    """The first of some sub-folders that exists.

    Raises:
        DatasetError: None does.
    """
    tried = list(names)
    for name in tried:
        if (folder / name).is_dir():
            return folder / name
    raise DatasetError(
        f"no folder of {what} in {str(folder)!r}", hint=f"expected one of: {', '.join(tried)}"
    )
