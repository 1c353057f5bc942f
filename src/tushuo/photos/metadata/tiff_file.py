"""Descriptions in TIFF files: a further directory at the end, all else in its place."""

from __future__ import annotations

from tushuo.photos.metadata import exif, iptc
from tushuo.photos.metadata.notes import Notes
from tushuo.photos.metadata.tiff import BYTE, DESCRIPTION, UNDEFINED, Directory, with_tags

__all__ = ["read", "write"]

_XMP, _IPTC, _PHOTOSHOP = 700, 33723, 34377


def read(data: bytes) -> Notes:
    """What a file says of itself.

    Raises:
        ImageError: The file, or what describes it, is damaged.
    """
    directory = Directory(data)
    iim, resources = directory.value(_IPTC), directory.value(_PHOTOSHOP)
    caption = (iptc.iim_caption(iim) if iim else None) or iptc.caption(resources)
    return Notes(directory.value(_XMP), exif.description(directory), caption)


def write(data: bytes, packet: bytes, text: str | None) -> bytes:
    """A file with an XMP packet and a text as its description.

    IPTC data are kept in step where the file has them.

    Raises:
        ImageError: The file is damaged, or would be too large for the format.
    """
    directory = Directory(data)
    tags = {_XMP: (BYTE, packet)}
    if text is None:
        return with_tags(data, tags)
    tags[DESCRIPTION] = exif.description_value(text)
    if (iim := directory.value(_IPTC)) is not None:
        tags[_IPTC] = (UNDEFINED, iptc.iim_with_caption(iim, text))
    if (resources := directory.value(_PHOTOSHOP)) is not None:
        tags[_PHOTOSHOP] = (BYTE, iptc.with_caption(resources, text))
    return with_tags(data, tags)
