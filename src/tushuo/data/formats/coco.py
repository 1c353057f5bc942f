"""COCO captions: `annotations/captions_train2017.json` beside the photographs in `train2017/`.

Layout of Chen et al. (2015), "Microsoft COCO Captions: Data Collection and Evaluation Server".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tushuo.data.formats.listing import Layout, Listed, broken, first_folder, split_name
from tushuo.data.formats.text import malformed, read_json
from tushuo.errors import DatasetError

__all__ = ["candidates", "read", "recognises"]

_NAME = re.compile(r"captions_(?P<photos>(?P<split>[a-z]+)\d*)\.json")


def candidates(folder: Path) -> list[Path]:
    """The `captions_*.json` files that a folder or its `annotations/` offers, one a split."""
    for place in (folder / "annotations", folder):
        found = sorted(path for path in place.glob("captions_*.json") if _NAME.fullmatch(path.name))
        if found:
            return found
    return []


def recognises(captions: Path) -> bool:
    """Whether a caption file is of this format, by its name."""
    return _NAME.fullmatch(captions.name) is not None


def read(layout: Layout) -> Iterator[Listed]:
    """List the photographs of one file; the split is named by the file, "val" being "dev".

    Raises:
        DatasetError: The file is malformed, or the folder of its photographs is missing.
    """
    path = layout.captions
    match = _NAME.fullmatch(path.name)
    photos, split = match.group("photos", "split") if match else ("images", "train")
    root = first_folder(layout.folder, (photos, f"images/{photos}", "images"), "photographs")
    data = read_json(path)
    captions: dict[int, dict[str, str]] = {}  # by the photograph and the place
    problems: list[Listed] = []
    for where, fields in _entries(path, data, problems, "annotations", image_id=int, caption=str):
        captions.setdefault(fields["image_id"], {})[f"{path.name}, {where}"] = fields["caption"]

    def listed(name: str, said: Mapping[str, str], where: str) -> Listed:
        texts, places = tuple(said.values()), tuple(said)
        return Listed(root, name, texts, split_name(split), f"{path.name}, {where}", places=places)

    for where, fields in _entries(path, data, problems, "images", id=int, file_name=str):
        yield listed(fields["file_name"], captions.pop(fields["id"], {}), where)
    for number, left in captions.items():  # captions whose photograph is not listed
        yield listed("", left, f"image_id {number}")
    yield from problems


def _entries(
    path: Path, data: Any, problems: list[Listed], key: str, **kinds: type
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list that have fields of the given kinds; the others are noted."""
    items = data.get(key) if isinstance(data, dict) else None
    if not isinstance(items, list):
        malformed(path, "top level", data, f"an object with a list {key!r}")
    for index, item in enumerate(items):
        where = f"{key}[{index}]"
        try:
            yield where, _fields(path, where, item, kinds)
        except DatasetError as error:
            problems.append(broken(path, where, error))


def _fields(path: Path, where: str, item: object, kinds: Mapping[str, type]) -> dict[str, Any]:
    fields = item if isinstance(item, dict) else {}
    if not all(type(fields.get(name)) is kind for name, kind in kinds.items()):
        wanted = " and ".join(f"{name!r} ({kind.__name__})" for name, kind in kinds.items())
        malformed(path, where, item, f"an object with {wanted}")
    return fields
