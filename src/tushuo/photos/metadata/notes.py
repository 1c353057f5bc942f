"""What a photograph says of itself: its XMP packet, and its plain descriptions."""

from __future__ import annotations

from typing import NamedTuple

from tushuo.errors import ImageError

__all__ = ["Notes", "damaged"]


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


def damaged(what: str, how: str) -> ImageError:
    """The error of a container or block that is not as it should be."""
    return ImageError(f"{what} is damaged: {how}")
