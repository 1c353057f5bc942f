"""Karpathy's `dataset_*.json`: one object with every photograph, its split and its sentences.

Layout of Karpathy and Fei-Fei (2015), "Deep Visual-Semantic Alignments for Generating Image
Descriptions", for Flickr8k, Flickr30k and COCO.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tushuo.data.formats.listing import Layout, Listed, broken, split_name
from tushuo.data.formats.text import malformed, read_json
from tushuo.errors import DatasetError

__all__ = ["candidates", "list_images", "read", "recognises"]

_PHOTOS = ("images", "imgs", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset", "flickr30k-images")


def candidates(folder: Path) -> list[Path]:
    """The `dataset_*.json` files that a folder offers."""
    return sorted(folder.glob("dataset_*.json"))


def recognises(captions: Path) -> bool:
    """Whether a caption file is of this format, by its name."""
    return captions.suffix == ".json" and captions.name.startswith("dataset")


def read(layout: Layout) -> Iterator[Listed]:
    """List the photographs; "val" becomes "dev" and "restval" joins "train".

    Raises:
        DatasetError: The file is malformed.
    """
    path = layout.captions
    root = next((layout.folder / n for n in _PHOTOS if (layout.folder / n).is_dir()), layout.folder)
    data = read_json(path)
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, list):
        malformed(path, "top level", data, "an object with a list 'images'")
    return list_images(path, root, images)


def list_images(path: Path, root: Path, images: list[Any]) -> Iterator[Listed]:
    """List the entries of "images", checked one by one.

    An entry that lacks "filename", "split" or "sentences", or has them of other kinds, is a broken
    one.
    """
    for index, image in enumerate(images):
        where = f"images[{index}]"
        try:
            yield _listed(path, root, where, image)
        except DatasetError as error:
            yield broken(path, where, error)


def _listed(path: Path, root: Path, where: str, image: object) -> Listed:
    fields = image if isinstance(image, dict) else {}
    name, split, sentences = (fields.get(key) for key in ("filename", "split", "sentences"))
    below = fields.get("filepath", "")  # COCO's: the folder of the photograph
    if not (isinstance(name, str) and isinstance(split, str) and isinstance(below, str)):
        malformed(path, where, image, "an object with strings 'filename' and 'split'")
    name = f"{below}/{name}" if below else name
    captions = _captions(path, where, sentences)
    return Listed(root, name, captions, split_name(split), f"{path.name}, {where}")


def _captions(path: Path, where: str, sentences: object) -> tuple[str, ...]:
    raws = [s.get("raw") if isinstance(s, dict) else None for s in _as_list(sentences)]
    if not isinstance(sentences, list) or not all(isinstance(raw, str) for raw in raws):
        malformed(path, where, sentences, "a list 'sentences' of objects with a string 'raw'")
    return tuple(map(str, raws))


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
