"""The description in EXIF data."""

from __future__ import annotations

from tushuo.photos.metadata.tiff import ASCII, DESCRIPTION, EMPTY, Directory, with_tags

__all__ = ["HEADER", "description", "description_value", "with_description"]

HEADER = b"Exif\0\0"

# what cameras write there on their own
_NO_DESCRIPTIONS = {
    "olympus digital camera",
    "minolta digital camera",
    "konica minolta digital camera",
    "samsung digital camera",
    "kodak digital still camera",
    "digital camera",
    "sony dsc",
    "exif_jpeg_picture",
    "applemark",
    "default",
}


def description(directory: Directory) -> str | None:
    """The description; None if there is none, or one that a camera writes of itself."""
    text = (directory.text(DESCRIPTION) or "").strip()
    return None if text.lower() in _NO_DESCRIPTIONS else text or None


def description_value(text: str) -> tuple[int, bytes]:
    """Type and raw value of the entry; UTF-8, as the Metadata Working Group's guidance has it."""
    return ASCII, text.encode() + b"\0"


def with_description(block: bytes | None, text: str) -> bytes:
    """EXIF data, without their header, with a description; None makes new ones.

    Raises:
        ImageError: The data are damaged.
    """
    if block is not None and Directory(block).text(DESCRIPTION) == text:
        return block
    return with_tags(block or EMPTY, {DESCRIPTION: description_value(text)})
