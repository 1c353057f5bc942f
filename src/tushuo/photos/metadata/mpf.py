"""Pictures that follow the first one in a JPEG file: where they begin, counted from an index.

The index (APP2, "MPF") holds distances to what lies behind the first picture. Segments that grow
between them move that. Source: CIPA DC-007, 5.2.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tushuo.photos.metadata.segments import APP2, Segment, segment
from tushuo.photos.metadata.tiff import Directory

__all__ = ["moved"]

_HEADER = b"MPF\0"
_ENTRIES = 0xB002
_WORD = 0xFFFFFFFF
_ENTRY = 16  # bytes: attributes, size, offset (4 each), two dependent pictures


def moved(old: Sequence[Segment], new: list[Segment]) -> list[Segment]:
    """The new segments, with an index that fits them."""
    place = next((i for i, s in enumerate(new) if _is_index(s)), None)
    if place is None:
        return new
    grown = _bytes(new) - _bytes(old)
    former = next(i for i, s in enumerate(old) if _is_index(s))
    farther = _bytes(new[place:]) - _bytes(old[former:])
    index = _shifted(new[place].payload[len(_HEADER) :], grown, farther)
    return [*new[:place], segment(APP2, _HEADER + index), *new[place + 1 :]]


def _is_index(each: Segment) -> bool:
    return each.holds(APP2, _HEADER)


def _bytes(segments: Sequence[Segment]) -> int:
    return sum(len(each.raw) for each in segments)


def _shifted(index: bytes, grown: int, farther: int) -> bytes:
    """An index in which the first picture is larger, and the others lie farther away."""
    directory = Directory(index)
    value = directory.value(_ENTRIES)
    place = None if value is None else directory.place(_ENTRIES)
    if value is None or place is None:
        return index
    order = directory.order
    entries = bytearray(value)
    for at in range(0, len(value) - _ENTRY + 1, _ENTRY):
        size, offset = struct.unpack_from(order + "2I", value, at + 4)
        size += grown if at == 0 else 0
        offset += farther if offset else 0
        struct.pack_into(order + "2I", entries, at + 4, size & _WORD, offset & _WORD)
    return index[:place] + bytes(entries) + index[place + len(entries) :]
