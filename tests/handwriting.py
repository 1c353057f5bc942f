"""MNIST, read once, and small parts of it."""

from __future__ import annotations

import gzip
import pickle
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tushuo.data.mnist import Digits, Mnist, load_mnist


@cache
def mnist() -> Mnist:
    return load_mnist()


def few(train: int = 600, rest: int = 200) -> Mnist:
    full = mnist()
    return Mnist(full.train[:train], full.valid[:rest], full.test[:rest])


def idx(array: np.ndarray) -> bytes:
    """An array of bytes as IDX."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def save_idx(folder: Path, train: Digits, test: Digits) -> Path:
    """The four published files, of which two are packed."""
    folder.mkdir()
    for name, digits in (("train", train), ("t10k", test)):
        packed = gzip.compress(idx(digits.images), 1)
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(packed)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(idx(digits.labels))
    return folder


def as_pickled(data: Mnist, scale: int = 256) -> tuple[Any, ...]:
    """What `mnist.pkl` holds."""
    return tuple(
        ((d.images.reshape(len(d), -1) / scale).astype(np.float32), d.labels.astype(np.int64))
        for d in (data.train, data.valid, data.test)
    )


def save_pickle(path: Path, data: Mnist) -> Path:
    path.write_bytes(pickle.dumps(as_pickled(data), 2))
    return path
