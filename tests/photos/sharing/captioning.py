"""Photographs with captions, and what files say of themselves."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tushuo.photos import Captioned, Shown
from tushuo.photos.exif import Facts
from tushuo.photos.metadata import ALT_TEXT, DESCRIPTION, WRITTEN, read_notes
from tushuo.photos.metadata.xmp import texts

ALL = (DESCRIPTION, ALT_TEXT, *WRITTEN.values())
DOG = (Shown("A dog.", "en", "made-up", 0.5), Shown("一只狗。", "zh", "made-up", None))
CAT = (Shown("A cat.", "en", "made-up", 0.9),)


def captioned(path: Path, captions: tuple[Shown, ...] = DOG) -> Captioned:
    return Captioned(path, sha256(path.read_bytes()).hexdigest(), captions, Facts(4, 3))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def descriptions(path: Path) -> dict[str, str]:
    data = path.read_bytes()
    packet = data if path.suffix == ".xmp" else read_notes(data, path.suffix).xmp
    return {name: found["x-default"] for name, found in texts(packet).items()}
