"""Descriptions in JPEG files: segments are exchanged, the picture behind them is not looked at.

Sources: ITU-T T.81, annex B; CIPA DC-008 (EXIF), 4.7.2; ISO 16684-3 (XMP in files), 1.1.3.
"""

from __future__ import annotations

from collections.abc import Sequence

from tushuo.errors import ImageError
from tushuo.photos.metadata import exif, iptc, mpf, xmp
from tushuo.photos.metadata.notes import Notes
from tushuo.photos.metadata.segments import (
    APP0,
    APP1,
    APP13,
    MAX_PAYLOAD,
    START,
    Segment,
    segment,
    split,
)
from tushuo.photos.metadata.tiff import Directory

__all__ = ["read", "write"]

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"


def read(data: bytes) -> Notes:
    """What a file says of itself.

    Raises:
        ImageError: The file, or what describes it, is damaged.
    """
    segments, _ = split(data)
    block, packet = _first(segments, exif.HEADER), _first(segments, _XMP)
    description = exif.description(Directory(block)) if block else None
    resources = _joined(segments, APP13, iptc.HEADER)
    return Notes(packet, description, iptc.caption(resources), _extended(segments))


def write(data: bytes, packet: bytes, text: str | None) -> bytes:
    """A file with an XMP packet, and a text as EXIF's description and IPTC's caption.

    Raises:
        ImageError: The file is damaged, or has no room for them.
    """
    segments, rest = split(data)
    if _extended(segments):
        raise ImageError("its description lies in extended XMP, which is not changed")
    new = list(segments)
    front = next((i for i, each in enumerate(segments) if each.marker != APP0), len(segments))
    if text is not None:
        block = exif.with_description(_first(segments, exif.HEADER), text)
        front = _put(new, APP1, exif.HEADER, block, front)
    front = _put(new, APP1, _XMP, packet if _fits(packet) else xmp.slim(packet), front)
    if text is not None:
        resources = iptc.with_caption(_joined(segments, APP13, iptc.HEADER), text)
        _put(new, APP13, iptc.HEADER, resources, front)
    return START + b"".join(each.raw for each in mpf.moved(segments, new)) + rest


def _first(segments: Sequence[Segment], header: bytes) -> bytes | None:
    found = [s.payload for s in segments if s.holds(APP1, header)]
    if len(found) > 1 and header == exif.HEADER:
        raise ImageError("its EXIF data are spread over several segments, which is not read")
    return found[0][len(header) :] if found else None


def _joined(segments: Sequence[Segment], marker: int, header: bytes) -> bytes | None:
    """What lies in one or more segments; Photoshop splits what does not fit in one."""
    found = [s.payload[len(header) :] for s in segments if s.holds(marker, header)]
    return b"".join(found) if found else None


def _extended(segments: Sequence[Segment]) -> str | None:
    """A description in the second packet of a file whose first one is full."""
    pieces = [s.payload[len(_MORE_XMP) :] for s in segments if s.holds(APP1, _MORE_XMP)]
    pieces = [piece for piece in pieces if len(piece) > 40]  # GUID (32), length (4), offset (4)
    pieces.sort(key=lambda piece: piece[36:40])
    found = xmp.texts(b"".join(piece[40:] for piece in pieces)) if pieces else {}
    return next((text for values in found.values() for text in values.values()), None)


def _fits(content: bytes) -> bool:
    return len(_XMP) + len(content) <= MAX_PAYLOAD


def _put(segments: list[Segment], marker: int, header: bytes, content: bytes, front: int) -> int:
    """Put content where the first segment of its kind is, else at `front`.

    Returns:
        The place behind it.
    """
    room = MAX_PAYLOAD - len(header)
    if marker == APP1 and len(content) > room:
        raise ImageError(
            f"a JPEG has room for {room:,} bytes of {header[:4].decode()}, got {len(content):,}",
            hint="write a sidecar",
        )
    places = [i for i, each in enumerate(segments) if each.holds(marker, header)]
    at = places[0] if places else front
    for place in reversed(places if marker == APP13 else places[:1]):
        del segments[place]
    parts = [content[i : i + room] for i in range(0, len(content), room)]
    segments[at:at] = [segment(marker, header + part) for part in parts]
    return max(front, at + len(parts)) if places else at + len(parts)
