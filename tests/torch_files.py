"""PyTorch checkpoint files, put together opcode by opcode."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Save = Callable[[bytes, Mapping[str, np.ndarray[Any, Any]]], Path]
SIX = np.arange(6, dtype=np.float32)
ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + len(raw).to_bytes(4, "little") + raw


def number(value: int) -> bytes:
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def sequence(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def numbers(*values: int) -> bytes:
    return sequence(*map(number, values))


def mapping(items: Mapping[str, bytes], start: bytes = b"}") -> bytes:
    return start + b"(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def pickled(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


def storage(kind: str, key: str, size: int) -> bytes:
    name = b"ctorch\n" + kind.encode() + b"\n"
    return sequence(text("storage"), name, text(key), text("cpu"), number(size)) + b"Q"


def tensor(
    kind: str,
    key: str,
    size: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int = 0,
) -> bytes:
    window = storage(kind, key, size) + number(offset) + numbers(*shape) + numbers(*strides)
    return REBUILD + sequence(window, b"\x89", ORDERED_DICT) + b"R"


def window(shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    """A tensor on the storage "0" of six float32."""
    return tensor("FloatStorage", "0", 6, shape, strides, offset)


def zip_file(
    body: bytes,
    storages: Mapping[str, bytes],
    *,
    order: bytes = b"little",
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled(body))
        archive.writestr("archive/byteorder", order)
        for key, raw in storages.items():
            archive.writestr(f"archive/data/{key}", raw)
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def legacy_file(body: bytes, storages: Mapping[str, tuple[int, bytes]]) -> bytes:
    """`storages`: key -> (number of elements, bytes)."""
    system = mapping({"protocol_version": number(1001), "little_endian": b"\x88"})
    keys = b"](" + b"".join(map(text, storages)) + b"e"
    head = b"".join(map(pickled, (number(LEGACY_MAGIC), number(1001), system, body, keys)))
    return head + b"".join(size.to_bytes(8, "little") + raw for size, raw in storages.values())


def write_file(folder: Path, content: bytes) -> Path:
    path = folder / "weights.pth"
    path.write_bytes(content)
    return path


def save_six(save: Save, body: bytes) -> Path:
    """A state dict with one entry "w", and the storage "0" of `SIX`."""
    return save(mapping({"w": body}), {"0": SIX})
