"""Photographs with notes of a camera, and files that are none."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image


def exif(path: Path, *, taken=None, camera=None, place=None) -> None:
    """Note in a JPEG when, with what and where it was taken."""
    with Image.open(path) as image:
        notes = image.getexif()
        if camera:
            notes[ExifTags.Base.Model] = camera
        if taken:
            notes.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
        if place:
            gps = notes.get_ifd(ExifTags.IFD.GPSInfo)
            for tag, degrees, signs in zip((1, 3), place, ("NS", "EW"), strict=True):
                gps[tag] = signs[degrees < 0]
                gps[tag + 1] = (abs(degrees), 0.0, 0.0)
        image.save(path, exif=notes)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that unfolds to width x height pixels."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + 3 * width)) for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", rows + packer.flush())
        + _chunk(b"IEND", b"")
    )


def hostile(good: bytes) -> dict[str, bytes]:
    """Files that no viewer can show."""
    lying = bytearray(bomb(8, 8))
    lying[16:24] = struct.pack(">II", 60_000, 60_000)
    lying[29:33] = struct.pack(">I", zlib.crc32(bytes(lying[12:29])))
    return {
        "text": b"not a photograph",
        "truncated": good[: len(good) // 2],
        "head alone": good[:20],
        "script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "lying header": bytes(lying),
        "zeros": bytes(5000),
    }


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(width: int, height: int) -> bytes:
    """A small, good TIFF, which browsers do not show."""
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "TIFF")
    return file.getvalue()
