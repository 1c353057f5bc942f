"""The IDX format, in which MNIST was published: a header, then the numbers of one array.

The header is two zero bytes, a code of the data type, the number of axes, and the length of each
axis as a big-endian 32-bit number.
"""

from __future__ import annotations

import os
import struct
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.data.mnist.files import read_bytes
from tushuo.errors import DatasetError

__all__ = ["read_idx"]

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """The array of an IDX file, or of one packed with gzip.

    Raises:
        DatasetError: The file is missing, not IDX, truncated, too long or too large.
    """
    path = Path(path)
    content = read_bytes(path)
    dtype, shape = _header(path, content)
    start = 4 + 4 * len(shape)
    expected = start + prod(shape) * dtype.itemsize
    if len(content) != expected:
        what = "truncated" if len(content) < expected else "too long"
        raise DatasetError(
            f"{path}: {what}: {len(content):,} bytes, but its header {shape} asks for {expected:,}",
            hint="download it again",
        )
    array: npt.NDArray[Any] = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def _header(path: Path, content: bytes) -> tuple[np.dtype[Any], tuple[int, ...]]:
    code, axes = content[2:4] if len(content) >= 4 else (0, 0)
    if content[:2] != b"\0\0" or code not in _DTYPES:
        raise DatasetError(f"{path}: not an IDX file, it begins with {content[:4].hex(' ')!r}")
    if len(content) < 4 + 4 * axes:
        raise DatasetError(f"{path}: truncated: the header is cut off", hint="download it again")
    return np.dtype(_DTYPES[code]), struct.unpack_from(f">{axes}I", content, 4)
