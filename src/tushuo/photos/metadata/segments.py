"""The segments of a JPEG file that stand before its picture. Source: ITU-T T.81, annex B."""

from __future__ import annotations

import struct
from typing import NamedTuple

from tushuo.photos.metadata.notes import check_parts, damaged

__all__ = ["APP0", "APP1", "APP2", "APP13", "MAX_PAYLOAD", "START", "Segment", "segment", "split"]

START = b"\xff\xd8"
APP0, APP1, APP2, APP13 = 0xE0, 0xE1, 0xE2, 0xED
MAX_PAYLOAD = 65_533  # bytes

_SOS, _EOI = 0xDA, 0xD9
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a segment


class Segment(NamedTuple):
    """A segment: its marker, what it holds, and all its bytes."""

    marker: int
    payload: bytes
    raw: bytes

    def holds(self, marker: int, header: bytes) -> bool:
        """Whether it is one of this kind."""
        return self.marker == marker and self.payload.startswith(header)


def segment(marker: int, payload: bytes) -> Segment:
    """A new segment."""
    raw = struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    return Segment(marker, payload, raw)


def split(data: bytes) -> tuple[list[Segment], bytes]:
    """The segments before the picture, and all the rest."""
    if not data.startswith(START):
        raise damaged("the JPEG", "it does not begin as one")
    segments: list[Segment] = []
    at = 2
    while True:
        start = at
        while data[at : at + 2] == b"\xff\xff":  # filling
            at += 1
        if at + 4 > len(data) or data[at] != 0xFF:
            raise damaged("the JPEG", "it ends, or has no segment, before the picture")
        marker = data[at + 1]
        if marker == _SOS:
            return segments, data[start:]
        if marker == _EOI or marker == 0:
            raise damaged("the JPEG", "it holds no picture")
        length = 0 if marker in _ALONE else struct.unpack_from(">H", data, at + 2)[0]
        end = at + 2 + length
        if end > len(data) or (length < 2 and marker not in _ALONE):
            raise damaged("the JPEG", "a segment does not lie within it")
        check_parts("the JPEG", segments)
        segments.append(Segment(marker, data[at + 4 : end], data[start:end]))
        at = end
