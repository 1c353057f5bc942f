"""The first directory of a TIFF structure, of which a TIFF file and EXIF data both consist.

Changes are appended: a new directory at the end, and the pointer at the beginning set to it. All
else keeps its place, so that pointers nobody knows (those of makers' notes, say) stay true.
Source: TIFF 6.0, section 2; BigTIFF as of libtiff.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

from tushuo.photos.metadata.notes import damaged

__all__ = ["ASCII", "BYTE", "DESCRIPTION", "EMPTY", "UNDEFINED", "Directory", "with_tags"]

BYTE, ASCII, UNDEFINED = 1, 2, 7
DESCRIPTION = 270

EMPTY = b"MM\0*\0\0\0\x08" + bytes(6)
"""A structure with a directory of no entries."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8, 129: 1}  # BigTIFF's; UTF-8 of EXIF 3.0
_ORDERS = {b"II": "<", b"MM": ">"}


class _Layout(NamedTuple):
    """The formats, in the terms of `struct`, of TIFF or BigTIFF."""

    pointer_at: int
    pointer: str
    number: str
    entry: str  # tag, type, number of values; then the values, or where they are
    align: int

    @property
    def width(self) -> int:
        return struct.calcsize(self.pointer)


class Directory:
    """Reads the first directory of a structure.

    Args:
        data: The whole structure.

    Attributes:
        entries: The raw entries by tag.
        next: The raw pointer to the next directory.
        order: Of bytes, in the terms of `struct`.

    Raises:
        ImageError: There is none, or it does not lie within the data.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.layout = layout = _layout(data)
        self.order = layout.pointer[0]
        start = self._number(layout.pointer, layout.pointer_at)
        count = self._number(layout.number, start)
        first = start + struct.calcsize(layout.number)
        self._size = struct.calcsize(layout.entry) + layout.width
        end = first + count * self._size
        self.next = data[end : end + layout.width]
        if start < 8 or count > 65_535 or len(self.next) < layout.width:
            raise damaged("its TIFF directory", "it does not lie within the file")
        raw = (data[at : at + self._size] for at in range(first, end, self._size))
        self.entries = {int(struct.unpack_from(layout.entry, entry)[0]): entry for entry in raw}

    def value(self, tag: int) -> bytes | None:
        """The raw value of a tag; None if there is no such entry.

        Raises:
            ImageError: It does not lie within the data.
        """
        if tag not in self.entries:
            return None
        entry = self.entries[tag]
        length, at = self._length(entry), self.place(tag)
        if at is None:
            return entry[-self.layout.width :][:length]
        value = self.data[at : at + length]
        if len(value) < length:
            raise damaged(f"tag {tag}", "its value does not lie within the file")
        return value

    def place(self, tag: int) -> int | None:
        """Where the value of a tag begins; None if it stands in the entry itself."""
        entry = self.entries[tag]
        if self._length(entry) <= self.layout.width:
            return None
        return int(struct.unpack(self.layout.pointer, entry[-self.layout.width :])[0])

    def text(self, tag: int) -> str | None:
        """The value of a tag as text: UTF-8, else Latin-1."""
        value = self.value(tag)
        if value is None:
            return None
        value = value.partition(b"\0")[0]
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")

    def _length(self, entry: bytes) -> int:
        _, kind, count = struct.unpack_from(self.layout.entry, entry)
        return int(count * _SIZES.get(kind, 1))

    def _number(self, form: str, at: int) -> int:
        try:
            return int(struct.unpack_from(form, self.data, at)[0])
        except (struct.error, OverflowError):  # BigTIFF's pointers may be beyond any file
            raise damaged("its TIFF directory", "it does not lie within the file") from None


def with_tags(data: bytes, tags: Mapping[int, tuple[int, bytes]]) -> bytes:
    """A structure whose first directory has further or other entries, each (type, raw value).

    Raises:
        ImageError: The structure is damaged, or would be too large for its pointers.
    """
    directory = Directory(data)
    layout, entries = directory.layout, dict(directory.entries)
    out = bytearray(data)
    for tag, (kind, value) in tags.items():
        place = value.ljust(layout.width, b"\0")
        if len(value) > layout.width:
            place = _pointer(layout, _append(out, value, layout.align))
        entries[tag] = struct.pack(layout.entry, tag, kind, len(value)) + place
    rows = b"".join(entries[tag] for tag in sorted(entries))
    body = struct.pack(layout.number, len(entries)) + rows + directory.next
    start = _pointer(layout, _append(out, body, layout.align))
    out[layout.pointer_at : layout.pointer_at + layout.width] = start
    return bytes(out)


def _layout(data: bytes) -> _Layout:
    order = _ORDERS.get(data[:2], "")
    if order and data[2:4] == struct.pack(order + "H", 42):
        return _Layout(4, order + "I", order + "H", order + "HHI", 2)
    if order and data[2:8] == struct.pack(order + "3H", 43, 8, 0):
        return _Layout(8, order + "Q", order + "Q", order + "HHQ", 8)
    raise damaged("its TIFF header", "neither byte order nor version is known")


def _append(out: bytearray, value: bytes, align: int) -> int:
    out += bytes(-len(out) % align)
    start = len(out)
    out += value
    return start


def _pointer(layout: _Layout, at: int) -> bytes:
    try:
        return struct.pack(layout.pointer, at)
    except struct.error:
        raise damaged("the TIFF", "it is too large to grow") from None
