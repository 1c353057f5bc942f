"""The caption of IPTC-IIM: dataset 2:120, alone or within Photoshop's image resources.

Sources: IPTC-IIM 4.2, chapters 1, 5 and 6; Adobe Photoshop File Formats, "Image Resource Blocks".
"""

from __future__ import annotations

import struct
from hashlib import md5
from typing import NamedTuple

from tushuo.errors import ImageError
from tushuo.photos.metadata.notes import damaged

__all__ = ["HEADER", "MAX_CAPTION", "caption", "iim_caption", "iim_with_caption", "with_caption"]

HEADER = b"Photoshop 3.0\0"

MAX_CAPTION = 2000
"""The longest caption that IIM holds, in bytes."""

_IIM, _DIGEST = 0x0404, 0x0425  # resources: the datasets, and their MD5 sum
_OWNERS = (b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa")
_CAPTION, _CHARACTERS, _VERSION = (2, 120), (1, 90), (2, 0)
_UTF8 = b"\x1b%G"
_VERSION_4 = b"\0\4"


class _Dataset(NamedTuple):
    number: tuple[int, int]  # record, dataset
    value: bytes
    raw: bytes


def caption(resources: bytes | None) -> str | None:
    """The caption in Photoshop's image resources.

    Raises:
        ImageError: The resources are damaged.
    """
    blocks, _ = _resources(resources or b"")
    captions = (iim_caption(value) for _, number, value in blocks if number == _IIM)
    return next(filter(None, captions), None)


def with_caption(resources: bytes | None, text: str) -> bytes:
    """Image resources with a caption; all others are kept.

    Raises:
        ImageError: The resources are damaged, or hold datasets twice.
    """
    blocks, tail = _resources(resources or b"")
    values = [value for _, number, value in blocks if number == _IIM]
    if len(values) > 1:
        raise ImageError("its Photoshop block has IPTC data twice, which is not changed")
    old = values[0] if values else None
    if old is not None and iim_caption(old) == shortened(text):
        return resources or b""
    iim = iim_with_caption(old, text)
    kept = [raw for raw, number, _ in blocks if number not in (_IIM, _DIGEST)]
    digest = md5(iim, usedforsecurity=False).digest()
    return b"".join([*kept, _resource(_IIM, iim), _resource(_DIGEST, digest), tail])


def iim_caption(iim: bytes) -> str | None:
    """The caption among datasets: UTF-8, else Latin-1."""
    value = next((each.value for each in _datasets(iim)[0] if each.number == _CAPTION), None)
    if value is None:
        return None
    try:
        return value.decode().strip("\0 ") or None
    except UnicodeDecodeError:
        return value.decode("latin-1").strip("\0 ") or None


def iim_with_caption(iim: bytes | None, text: str) -> bytes:
    """Datasets with a caption, others kept.

    It is UTF-8, and the datasets are marked as such, unless others are in a different encoding:
    those would become unreadable. Then it is Latin-1, or left out if that lacks its letters.
    """
    datasets, tail = _datasets(iim or b"")
    kept = [each for each in datasets if each.number != _CAPTION]
    value: bytes | None
    try:
        b"\n".join(each.value for each in kept if each.number[0] == 2).decode()
        value = shortened(text).encode()
        kept = [_dataset(_CHARACTERS, _UTF8), *(e for e in kept if e.number != _CHARACTERS)]
    except UnicodeDecodeError:
        value = _latin_1(text)
    if not any(each.number == _VERSION for each in kept):
        kept.append(_dataset(_VERSION, _VERSION_4))
    if value is not None:
        kept.append(_dataset(_CAPTION, value))
    kept.sort(key=lambda each: (each.number[0], each.number[1] != 0))  # records in order
    return b"".join(each.raw for each in kept) + tail


def shortened(text: str) -> str:
    """As much of a text as IIM holds, in whole letters."""
    return text.encode()[:MAX_CAPTION].decode("utf-8", "ignore")


def _latin_1(text: str) -> bytes | None:
    try:
        return text.encode("latin-1")[:MAX_CAPTION]
    except UnicodeEncodeError:
        return None


def _datasets(iim: bytes) -> tuple[list[_Dataset], bytes]:
    """The datasets, and what follows them."""
    found, at = [], 0
    while iim[at : at + 1] == b"\x1c" and at + 5 <= len(iim):
        record, dataset, length = struct.unpack_from(">BBH", iim, at + 1)
        start = at + 5
        if length & 0x8000:  # so many bytes hold the length
            extra = length & 0x7FFF
            length = int.from_bytes(iim[start : start + extra]) if extra <= 8 else len(iim)
            start += extra
        end = start + length
        if end > len(iim):
            raise damaged("its IPTC data", "a dataset does not lie within them")
        found.append(_Dataset((record, dataset), iim[start:end], iim[at:end]))
        at = end
    return found, iim[at:]


def _dataset(number: tuple[int, int], value: bytes) -> _Dataset:
    raw = struct.pack(">BBBH", 0x1C, *number, len(value)) + value
    return _Dataset(number, value, raw)


def _resources(data: bytes) -> tuple[list[tuple[bytes, int, bytes]], bytes]:
    """Each resource as (raw, number, value), and what follows them."""
    found, at = [], 0
    while data[at : at + 4] in _OWNERS:
        try:
            number, name = struct.unpack_from(">HB", data, at + 4)
            start = at + 6 + (name + 2) // 2 * 2  # the name and its length fill an even number
            (length,) = struct.unpack_from(">I", data, start)
        except struct.error:
            raise damaged("its Photoshop block", "it is truncated") from None
        value = data[start + 4 : start + 4 + length]
        if len(value) < length:
            raise damaged("its Photoshop block", "it is truncated")
        end = start + 4 + (length + 1) // 2 * 2
        found.append((data[at:end].ljust(end - at, b"\0"), number, value))
        at = end
    return found, data[at:]


def _resource(number: int, value: bytes) -> bytes:
    head = b"8BIM" + struct.pack(">HHI", number, 0, len(value))
    return head + value + bytes(len(value) % 2)
