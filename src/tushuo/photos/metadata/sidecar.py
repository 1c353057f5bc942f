"""Sidecars: files with an XMP packet beside a photograph.

``photo.jpg.xmp`` is what darktable and digiKam write and read. ``photo.xmp``, Adobe's form, would
be shared by ``photo.jpg`` and ``photo.png``, and Adobe's own programs use it for raw formats only;
it is read, and never written.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tushuo.errors import ImageError
from tushuo.photos.metadata.notes import Notes
from tushuo.photos.metadata.xmp_scan import MAX_XMP

__all__ = ["read_sidecars", "sidecar_of", "status_of"]


def sidecar_of(photograph: Path) -> Path:
    """The sidecar that is written for a photograph."""
    return photograph.with_name(f"{photograph.name}.xmp")


def read_sidecars(photograph: Path) -> list[Notes]:
    """What the sidecars of a photograph say, ours first; an absent one says nothing.

    Raises:
        ImageError: One cannot be read.
    """
    return [Notes(xmp=packet) for packet in _packets(photograph)]


def status_of(path: Path) -> os.stat_result | None:
    """How a file is; None if it is absent, or cannot be there, since its name is too long."""
    try:
        return path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):
            return None
        raise


def _packets(photograph: Path) -> Iterator[bytes | None]:
    for path in (sidecar_of(photograph), photograph.with_suffix(".xmp")):
        try:
            yield _read(path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ImageError(f"its sidecar {str(path)!r} cannot be read: {reason}") from None


def _read(path: Path) -> bytes | None:
    status = status_of(path)
    if status is None:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(f"its sidecar {str(path)!r} is not a regular file")
    with path.open("rb") as file:
        return file.read(MAX_XMP + 1)
