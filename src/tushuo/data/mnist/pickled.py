"""`mnist.pkl.gz`: three pairs of arrays in a pickle, read without running any code of it."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tushuo.closed_pickle import ClosedPickle, Global
from tushuo.data.mnist.digits import SIDE, Digits, Mnist
from tushuo.data.mnist.files import read_bytes
from tushuo.errors import DatasetError

__all__ = ["read_mnist_pickle"]

_NDARRAY = Global("numpy", "ndarray")
_DTYPE = Global("numpy", "dtype")
_ENCODE = Global("_codecs", "encode")
_RECONSTRUCT = {Global(f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")}
_KINDS = ("f4", "f8", "u1", "i1", "i2", "i4", "i8")


@dataclass(slots=True)
class _Kind:
    """A data type whose byte order comes later."""

    code: str
    order: Literal["<", ">", "="] = "="


@dataclass(slots=True)
class _Array:
    """An array whose content comes later."""

    value: npt.NDArray[Any] | None = None


class _ArrayPickle(ClosedPickle):
    """Arrays of NumPy, as Python 2 and 3 pickle them."""

    error = DatasetError
    hint = "only tuples of NumPy arrays can be read"
    allowed = frozenset({_NDARRAY, _DTYPE, _ENCODE, *_RECONSTRUCT})
    extra = ("BUILD", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES")

    def call(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        """An empty array, a data type, or bytes that Python 3 wrote as text."""
        match arguments:
            case (Global() as kind, (0,), _) if function in _RECONSTRUCT and kind == _NDARRAY:
                return _Array()
            case (str(code), 0, 1) if function == _DTYPE and code in _KINDS:
                return _Kind(code)
            case (str(text), "latin1") if function == _ENCODE:
                return _bytes(text)
        return super().call(function, arguments)

    def build(self, state: Any) -> None:
        """Fills the array, or sets the byte order, on top of the stack."""
        target = self._stack[-1]
        match target, state:
            case _Kind(), (3 | 4, "<" | ">" | "|" as order, None, None, None, *_):
                target.order = "=" if order == "|" else order
            case _Array(value=None), (1, tuple(shape), _Kind() as kind, False, content):
                target.value = _filled(shape, kind, content)
            case _:
                raise self.malformed("a state that is neither an array's nor a data type's")


def read_mnist_pickle(path: str | os.PathLike[str]) -> Mnist:
    """MNIST as Nielsen's book and the article have it: ``mnist.pkl.gz``, or the pickle unpacked.

    Raises:
        DatasetError: The file is missing, damaged, too large, or holds anything but three pairs of
            images and labels.
    """
    path = Path(path)
    stream = io.BytesIO(read_bytes(path))
    try:
        return _mnist(_ArrayPickle().run(stream))
    except DatasetError as error:
        raise DatasetError(f"{path}: {error.problem}", hint=error.hint) from None
    except (ValueError, IndexError, TypeError, RecursionError, MemoryError) as error:
        raise DatasetError(
            f"{path}: not a pickle, or a damaged one ({error})", hint="download it again"
        ) from None


def _mnist(content: Any) -> Mnist:
    match content:
        case ((_Array(), _Array()), (_Array(), _Array()), (_Array(), _Array())):
            return Mnist(*(Digits(_images(x.value), _labels(y.value)) for x, y in content))
    raise DatasetError("holds something else than three pairs of images and labels")


def _images(rows: npt.NDArray[Any] | None) -> npt.NDArray[np.uint8]:
    """Pixels of rows (N, 784) of their 256th parts (or 255th)."""
    if rows is None or rows.ndim != 2 or rows.shape[1] != SIDE**2 or rows.dtype.kind != "f":
        raise DatasetError(f"images: got {_shown(rows)}, expected floats (N, {SIDE**2})")
    for scale in (256, 255):
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = rows * rows.dtype.type(scale)
            pixels = np.rint(scaled)
            near = np.abs(scaled - pixels).max(initial=0) < 1e-3
        if near and pixels.min(initial=0) >= 0 and pixels.max(initial=0) <= 255:
            images: npt.NDArray[np.uint8] = pixels.astype(np.uint8)
            return images.reshape(-1, SIDE, SIDE)
    raise DatasetError("images: the numbers are not 256th or 255th parts of pixels from 0 to 255")


def _labels(labels: npt.NDArray[Any] | None) -> npt.NDArray[np.uint8]:
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DatasetError(f"labels: got {_shown(labels)}, expected integers (N,)")
    if labels.size and not 0 <= labels.min() <= labels.max() <= 9:
        raise DatasetError(f"labels: {labels.min()} to {labels.max()}, expected digits from 0 to 9")
    return labels.astype(np.uint8)


def _filled(shape: tuple[Any, ...], kind: _Kind, content: Any) -> npt.NDArray[Any]:
    raw = _bytes(content)
    dtype = np.dtype(kind.code).newbyteorder(kind.order)
    whole = len(shape) <= 4 and all(type(n) is int and 0 <= n < 2**31 for n in shape)
    if not whole or prod(shape) * dtype.itemsize != len(raw):
        raise DatasetError(f"an array of shape {shape} and {dtype} with {len(raw):,} bytes")
    return np.frombuffer(raw, dtype).reshape(shape)


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):  # the bytes of Python 2, read as Latin-1
        return content.encode("latin-1")
    raise DatasetError(f"the content of an array is a {type(content).__name__}, expected bytes")


def _shown(array: npt.NDArray[Any] | None) -> str:
    return "an empty array" if array is None else f"{array.dtype} {array.shape}"
