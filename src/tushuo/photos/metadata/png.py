"""Descriptions in PNG files: chunks are exchanged, the picture's are not looked at.

Sources: PNG specification, third edition, sections 5 and 11.3; ISO 16684-3, 1.1.5.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple
from zlib import crc32

from tushuo.photos.metadata import exif
from tushuo.photos.metadata.notes import Notes, check_parts, damaged
from tushuo.photos.metadata.tiff import Directory
from tushuo.photos.metadata.xmp_scan import MAX_XMP

__all__ = ["SIGNATURE", "read", "write"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_XMP = b"XML:com.adobe.xmp"
_TEXT, _EXIF, _PICTURE, _END = b"iTXt", b"eXIf", b"IDAT", b"IEND"
_READ = (_TEXT, _EXIF, b"tEXt", b"zTXt")


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
    packet = next((_international(c.data) for c in chunks if _is_xmp(c)), None)
    block = next((_block(c) for c in chunks if c.kind == _EXIF), None)
    description = exif.description(Directory(block)) if block else None
    return Notes(packet, description, text=_description(chunks))


def write(data: bytes, packet: bytes, text: str | None) -> bytes:
    """A file with an XMP packet and a text as EXIF's description.

    Raises:
        ImageError: The file is damaged.
    """
    chunks, rest = _split(data)
    new = list(chunks)
    if text is not None:
        block = next((_block(c) for c in chunks if c.kind == _EXIF), None)
        _put(new, _is_exif, _chunk(_EXIF, exif.with_description(block, text)))
    _put(new, _is_xmp, _chunk(_TEXT, _XMP + b"\0\0\0\0\0" + packet))
    return SIGNATURE + b"".join(chunk.raw for chunk in new) + rest


def _split(data: bytes) -> tuple[list[Chunk], bytes]:
    """The chunks, and what follows the last one."""
    if not data.startswith(SIGNATURE):
        raise damaged("the PNG", "it does not begin as one")
    chunks, at = list[Chunk](), len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        chunk = Chunk(kind, data[at + 8 : end - 4], data[at:end])
        if kind in _READ and _chunk(kind, chunk.data).raw != chunk.raw:
            raise damaged("the PNG", "what describes it has a wrong checksum")
        check_parts("the PNG", chunks)
        chunks.append(chunk)
        at = end
        if kind == _END:
            return chunks, data[at:]
    raise damaged("the PNG", "it is truncated")


def _put(chunks: list[Chunk], is_old: Callable[[Chunk], bool], new: Chunk) -> None:
    """Put a chunk in the place of the old ones, else before the picture."""
    places = [i for i, chunk in enumerate(chunks) if is_old(chunk)]
    picture = next((i for i, chunk in enumerate(chunks) if chunk.kind == _PICTURE), None)
    if picture is None:
        raise damaged("the PNG", "it holds no picture")
    for place in reversed(places):
        del chunks[place]
    chunks.insert(places[0] if places else picture, new)


def _chunk(kind: bytes, data: bytes) -> Chunk:
    body = kind + data
    return Chunk(kind, data, struct.pack(">I", len(data)) + body + struct.pack(">I", crc32(body)))


def _is_exif(chunk: Chunk) -> bool:
    return chunk.kind == _EXIF


def _is_xmp(chunk: Chunk) -> bool:
    return chunk.kind == _TEXT and chunk.data.startswith(_XMP + b"\0")


def _block(chunk: Chunk) -> bytes:
    return chunk.data.removeprefix(exif.HEADER)  # some programs put the header of JPEG there


def _description(chunks: Sequence[Chunk]) -> str | None:
    """The text under the keyword "Description"."""
    for chunk in chunks:
        keyword, _, value = chunk.data.partition(b"\0")
        if keyword != b"Description":
            continue
        if chunk.kind == b"tEXt":
            return value.decode("latin-1").strip() or None
        if chunk.kind == b"zTXt":
            return _inflated(value[1:]).decode("latin-1").strip() or None
        if chunk.kind == _TEXT:
            return _international(chunk.data).decode("utf-8", "replace").strip() or None
    return None


def _international(data: bytes) -> bytes:
    """The text of an iTXt chunk."""
    _, _, rest = data.partition(b"\0")
    is_packed = rest[:1] == b"\1"
    text = rest[2:].split(b"\0", 2)[-1]  # after language and translated keyword
    return _inflated(text) if is_packed else text


def _inflated(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed, MAX_XMP)
    except zlib.error as error:
        raise damaged("a text of the PNG", str(error)) from None
    if inflater.unconsumed_tail:
        raise damaged("a text of the PNG", f"it is larger than {MAX_XMP:,} bytes")
    return text
