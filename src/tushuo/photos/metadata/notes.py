"""What a photograph says of itself: its XMP packet, and its plain descriptions."""

from __future__ import annotations

from collections.abc import Sized
from typing import NamedTuple

from tushuo.errors import ImageError

__all__ = ["MAX_PARTS", "Notes", "check_parts", "damaged"]

MAX_PARTS = 1 << 20
"""The most segments or chunks that a file may have: each costs far more memory than bytes."""


class Notes(NamedTuple):
    """The places in a file where a description may stand.

    Attributes:
        xmp: The XMP packet, as it lies in the file.
        exif: EXIF's ImageDescription.
        iptc: The caption of IPTC-IIM, dataset 2:120.
        text: Another plain description that the format knows.
    """

    xmp: bytes | None = None
    exif: str | None = None
    iptc: str | None = None
    text: str | None = None


def check_parts(what: str, parts: Sized) -> None:
    """Whether a file has not too many parts.

    Raises:
        ImageError: It has more than `MAX_PARTS`.
    """
    if len(parts) > MAX_PARTS:
        raise damaged(what, f"it has more than {MAX_PARTS:,} parts")


def damaged(what: str, how: str) -> ImageError:
    """The error of a container or block that is not as it should be."""
    return ImageError(f"{what} is damaged: {how}")
