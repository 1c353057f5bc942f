"""Descriptions in WebP files: chunks are exchanged, the picture's are not looked at.

Source: RFC 9649, section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from tushuo.photos.metadata import exif
from tushuo.photos.metadata.notes import Notes, check_parts, damaged
from tushuo.photos.metadata.tiff import Directory

__all__ = ["read", "write"]

_HEAD = struct.Struct("<4sI")
_EXTENDED, _EXIF, _XMP = b"VP8X", b"EXIF", b"XMP "
_FIRST = (_EXTENDED, b"VP8 ", b"VP8L")
_HAS_XMP, _HAS_EXIF, _HAS_ALPHA = 0x04, 0x08, 0x10


class Chunk(NamedTuple):
    """A chunk: its type, its data, and all its bytes."""

    kind: bytes
    data: bytes
    raw: bytes


def read(data: bytes) -> Notes:
    """What a file says of itself.

    Raises:
        ImageError: The file, or what describes it, is damaged.
    """
    chunks, _ = _split(data)
    block = _find(chunks, _EXIF)
    description = exif.description(Directory(_bare(block))) if block else None
    return Notes(_find(chunks, _XMP), description)


def write(data: bytes, packet: bytes, text: str | None) -> bytes:
    """A file with an XMP packet and a text as EXIF's description.

    Raises:
        ImageError: The file is damaged, or would be too large for the format.
    """
    chunks, rest = _split(data)
    block = _find(chunks, _EXIF)
    if text is not None:
        block = exif.with_description(_bare(block) if block else None, text)
    new = [_extended(chunks, block is not None)]
    new += (chunk for chunk in chunks if chunk.kind not in (_EXTENDED, _EXIF, _XMP))
    new += [] if block is None else [_chunk(_EXIF, block)]
    new.append(_chunk(_XMP, packet))
    body = b"WEBP" + b"".join(chunk.raw for chunk in new)
    if len(body) > 0xFFFFFFF6:
        raise damaged("the WebP", "it is too large to grow")
    return _HEAD.pack(b"RIFF", len(body)) + body + rest


def _split(data: bytes) -> tuple[list[Chunk], bytes]:
    """The chunks, and what follows the last one."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise damaged("the WebP", "it does not begin as one")
    end = 8 + _HEAD.unpack_from(data)[1]
    if end > len(data):
        raise damaged("the WebP", "it is truncated")
    chunks, at = list[Chunk](), 12
    while at + 8 <= end:
        kind, length = _HEAD.unpack_from(data, at)
        start, after = at + 8, at + 8 + length
        if after > end:
            raise damaged("the WebP", "a chunk does not lie within it")
        check_parts("the WebP", chunks)
        raw = data[at:after] + bytes(length % 2)
        chunks.append(Chunk(kind, data[start:after], raw))
        at = after + length % 2
    if not chunks or chunks[0].kind not in _FIRST:
        raise damaged("the WebP", "it holds no picture")
    return chunks, data[end:]


def _find(chunks: Sequence[Chunk], kind: bytes) -> bytes | None:
    return next((chunk.data for chunk in chunks if chunk.kind == kind), None)


def _bare(block: bytes) -> bytes:
    return block.removeprefix(exif.HEADER)  # some programs put the header of JPEG there


def _chunk(kind: bytes, data: bytes) -> Chunk:
    return Chunk(kind, data, _HEAD.pack(kind, len(data)) + data + bytes(len(data) % 2))


def _extended(chunks: Sequence[Chunk], has_exif: bool) -> Chunk:
    """The chunk that says what else is there, made from the picture's if there is none."""
    body = bytearray(_find(chunks, _EXTENDED) or _canvas(chunks))
    if len(body) < 10:
        raise damaged("the WebP", "its VP8X chunk is too short")
    body[0] |= _HAS_XMP | _HAS_EXIF * has_exif
    return _chunk(_EXTENDED, bytes(body))


def _canvas(chunks: Sequence[Chunk]) -> bytes:
    """Flags, and width and height less one in three bytes each; RFC 9649, sections 2.7.1, 3.4."""
    lossy, lossless = _find(chunks, b"VP8 "), _find(chunks, b"VP8L")
    if lossy is not None and lossy[3:6] == b"\x9d\x01\x2a" and len(lossy) >= 10:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<2H", lossy, 6))
        flags = 0
    elif lossless is not None and lossless[:1] == b"\x2f" and len(lossless) >= 5:
        (bits,) = struct.unpack_from("<I", lossless, 1)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _HAS_ALPHA * (bits >> 28 & 1)
    else:
        raise damaged("the WebP", "it holds no picture")
    if not width or not height:
        raise damaged("the WebP", "it has no size")
    sides = (side.to_bytes(3, "little") for side in (width - 1, height - 1))
    return struct.pack("<I", flags) + b"".join(sides)
