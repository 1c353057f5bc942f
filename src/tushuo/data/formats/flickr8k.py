"""Flickr8k: a file of numbered captions, a list of file names a split, and a folder of photographs.

Layout of Hodosh, Young and Hockenmaier (2013), "Framing Image Description as a Ranking Task"; the
original download keeps photographs in `Flicker8k_Dataset/` and texts in `Flickr8k_text/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tushuo.data.formats.listing import Layout, Listed, broken, first_folder
from tushuo.data.formats.text import malformed, read_lines
from tushuo.errors import DatasetError

__all__ = ["candidates", "read", "recognises"]

_TEXTS = (".", "Flickr8k_text")
_PHOTOS = ("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset")
_SPLIT_FILES = {
    "train": "Flickr_8k.trainImages.txt",
    "dev": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}


class _Said(NamedTuple):
    """A caption and where it stands."""

    text: str
    place: str


def candidates(folder: Path) -> list[Path]:
    """The token files that a folder offers; only the usual one where it is there."""
    for texts in _TEXTS:
        usual = folder / texts / "Flickr8k.token.txt"
        if usual.is_file():
            return [usual]
    return [path for texts in _TEXTS for path in sorted((folder / texts).glob("*.token.txt"))]


def recognises(captions: Path) -> bool:
    """Whether a caption file is of this format, by its name."""
    return captions.suffix == ".txt"


def read(layout: Layout) -> Iterator[Listed]:
    """List the photographs of each split; without split files, all are "train".

    Captions of photographs that no split names are left out: Flickr8k itself has some.

    Raises:
        DatasetError: A file is missing or malformed.
    """
    path, problems = layout.captions, list[Listed]()
    captions = _read_tokens(path, problems)
    photos = first_folder(layout.folder, _PHOTOS, "photographs")
    split_files = _split_files(layout)
    yield from problems
    if not split_files:
        for name, said in captions.items():
            yield _listed(photos, name, said, "train", said[0].place)
    for split, names in split_files.items():
        unreadable: list[Listed] = []
        for number, line in read_lines(names, _note(names, unreadable)):
            if name := line.strip():
                yield _listed(photos, name, captions.get(name, []), split, f"{names.name}:{number}")
        yield from unreadable


def _note(path: Path, problems: list[Listed]) -> Callable[[int, DatasetError], None]:
    """What adds a broken line of a file to the problems."""
    return lambda number, error: problems.append(broken(path, number, error))


def _split_files(layout: Layout) -> dict[str, Path]:
    places = dict.fromkeys([layout.captions.parent, *(layout.folder / text for text in _TEXTS)])
    for place in places:
        found = {s: place / name for s, name in _SPLIT_FILES.items() if (place / name).is_file()}
        if found:
            return found
    return {}


def _listed(photos: Path, name: str, said: Sequence[_Said], split: str, where: str) -> Listed:
    captions, places = tuple(each.text for each in said), tuple(each.place for each in said)
    return Listed(photos, name, captions, split, where, places=places)


def _read_tokens(path: Path, problems: list[Listed]) -> dict[str, list[_Said]]:
    """The captions of each file name; broken lines are noted."""
    captions: dict[str, list[_Said]] = {}
    note = _note(path, problems)
    for number, line in read_lines(path, note):
        if not line.strip():
            continue
        try:
            name, caption = _token(path, number, line)
        except DatasetError as error:
            note(number, error)
            continue
        captions.setdefault(name, []).append(_Said(caption, f"{path.name}:{number}"))
    if not captions and not problems:
        raise DatasetError(f"{path}: holds no captions, expected lines 'name.jpg#0<TAB>caption'")
    return captions


def _token(path: Path, number: int, line: str) -> tuple[str, str]:
    """The file name and the caption of a line."""
    key, tab, caption = line.partition("\t")
    name, mark, index = key.rpartition("#")
    if not (tab and mark and name and index.isdecimal()):
        malformed(path, number, line, "'name.jpg#0<TAB>caption'")
    return name, caption
