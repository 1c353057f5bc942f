"""Which formats take descriptions, and how the rest are read."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

from PIL import ExifTags, Image

from tushuo.data.quiet import quiet_pillow
from tushuo.errors import ImageError
from tushuo.photos.metadata import jpeg, png, tiff_file, webp
from tushuo.photos.metadata.notes import Notes

__all__ = ["Container", "container_of", "read_notes"]


class Container(NamedTuple):
    """A format of files that descriptions can be put into.

    Attributes:
        name: Of the format.
        read: Gives what a file says of itself.
        write: Gives a file with an XMP packet and, if it is not None, a plain text; all else in it,
            the picture above all, stays as it is. Both raise `ImageError`.
    """

    name: str
    read: Callable[[bytes], Notes]
    write: Callable[[bytes, bytes, str | None], bytes]


_JPEG = Container("JPEG", jpeg.read, jpeg.write)
_PNG = Container("PNG", png.read, png.write)
_WEBP = Container("WebP", webp.read, webp.write)
_TIFF = Container("TIFF", tiff_file.read, tiff_file.write)
_TIFF_SUFFIXES = (".tif", ".tiff")  # raw formats of cameras begin as TIFF does


def container_of(data: bytes, suffix: str) -> Container | None:
    """The format of a file, by its first bytes; None if it takes no descriptions.

    Args:
        data: The file.
        suffix: The ending of its name.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return _JPEG
    if data.startswith(png.SIGNATURE):
        return _PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _WEBP
    is_tiff = data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    return _TIFF if is_tiff and suffix.lower() in _TIFF_SUFFIXES else None


def read_notes(data: bytes, suffix: str) -> Notes:
    """What a photograph says of itself.

    Raises:
        ImageError: The file is damaged.
    """
    container = container_of(data, suffix)
    return container.read(data) if container else _noted(data)


def _noted(data: bytes) -> Notes:
    """What Pillow finds in other formats, such as HEIC and AVIF."""
    try:
        with quiet_pillow(), Image.open(BytesIO(data)) as image:
            packet = image.info.get("xmp")
            text = image.getexif().get(ExifTags.Base.ImageDescription)
    except Exception as error:  # metadata of a hostile file may raise anything
        raise ImageError(f"what describes it cannot be read ({error})") from None
    packet = packet.encode() if isinstance(packet, str) else packet
    return Notes(
        packet if isinstance(packet, bytes) else None,
        text.strip() or None if isinstance(text, str) else None,
    )
