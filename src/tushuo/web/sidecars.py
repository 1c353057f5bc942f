"""Sidecars of photographs in a ZIP file, to be unpacked where the photographs are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from tushuo.errors import ImageError
from tushuo.photos import Photo
from tushuo.photos.metadata import (
    ALT_TEXT,
    DESCRIPTION,
    WRITTEN,
    merged,
    persons,
    read_sidecars,
    sidecar_of,
    with_default,
)

__all__ = ["zipped"]

_FAILED = "not-written.txt"


def zipped(photos: Sequence[Photo]) -> bytes:
    """A sidecar for each photograph that has a caption, under the folder that they share.

    What a sidecar says already stays in it, and a person's words are not replaced. Those that
    cannot be read are left out, and listed in the file ``not-written.txt``.
    """
    captioned = [photo for photo in photos if photo.captions]
    root = _shared_folder([photo.path for photo in captioned])
    failed: list[str] = []
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for photo in captioned:
            name = _name(sidecar_of(photo.path).relative_to(root))
            try:
                archive.writestr(name, _packet(photo))
            except ImageError as error:
                failed.append(f"{name}: {error}")
        if failed:
            archive.writestr(_FAILED, "\n".join([*failed, ""]))
    return file.getvalue()


def _packet(photo: Photo) -> bytes:
    """The sidecar of a photograph as it would be: with what it says now, and the captions."""
    texts = with_default({caption.language: caption.text for caption in photo.captions})
    old = read_sidecars(photo.path)
    said = persons(old, texts.values())
    ours = [name for name in (DESCRIPTION, ALT_TEXT) if name not in said]
    return merged(old[0].xmp, {name: texts for each in ours for name in (each, WRITTEN[each])})


def _shared_folder(paths: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([path.parent for path in paths])) if paths else Path("/")


def _name(path: Path) -> str:
    """A path as ZIP files name it; bytes that are no text become question marks."""
    return path.as_posix().encode("utf-8", "replace").decode()
