"""The array library as a parameter, and the little that the array API standard leaves out."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

from tushuo.errors import DTypeError, GraphError, ShapeError
from tushuo.graph.abstract import DTYPES, SPACE, Abstract

Array = Any
"""An array of NumPy, CuPy, array-api-strict or another library of the array API standard."""

Namespace = Any
"""The module of functions of an array library."""


_PLAIN = np.ndarray


def namespace(*arrays: Array) -> Namespace:
    """The functions of the library that the arrays belong to.

    Raises:
        GraphError: The arrays belong to several libraries.
    """
    for array in arrays:
        if type(array) is not _PLAIN:
            return _namespace(arrays)
    return np


def _namespace(arrays: tuple[Array, ...]) -> Namespace:
    if any(type(x) is Abstract for x in arrays):
        return SPACE
    try:
        return array_api_compat.array_namespace(*arrays)
    except TypeError:
        names = sorted({type(x).__module__.partition(".")[0] for x in arrays})
        raise GraphError(
            f"the operands belong to different array libraries: {', '.join(names)}",
            hint="bring them to one of them first",
        ) from None


def is_array(value: object) -> bool:
    """Whether a value is an array of a known library, or a scalar of NumPy."""
    return isinstance(value, np.ndarray) or array_api_compat.is_array_api_obj(value)


def lock(array: Array) -> Array:
    """Forbid writes to an array that a graph may still need; other libraries know no such flag."""
    if isinstance(array, np.ndarray):
        array.setflags(write=False)
    return array


def frozen(array: Array) -> Array:
    """The array itself if nobody can write to it, else a locked copy."""
    if not isinstance(array, np.ndarray):
        return array_api_compat.array_namespace(array).asarray(array, copy=True)
    owner = array
    while isinstance(owner.base, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    if owner.flags.writeable or not (owner.base is None or isinstance(owner.base, np.ndarray)):
        array = array.copy()
    return lock(array)


def to_numpy(array: Array) -> np.ndarray:
    """The array as a NumPy array, brought over from a GPU where need be."""
    if isinstance(array, np.ndarray):
        return array
    if hasattr(array, "get"):  # CuPy
        return np.asarray(array.get())
    return np.asarray(array)


def as_numpy(value: Any) -> np.ndarray:
    """A plain NumPy array of numbers; a matrix or memory map loses its own ways.

    Raises:
        ShapeError: No array can be made of the value.
        DTypeError: It holds something else than numbers, or has places without a value.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise DTypeError("a masked array has no value where it is masked", hint="use .filled()")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ShapeError(f"no array can be made of {value!r:.80}: {error}") from error
    if array.dtype.kind not in "biufc":
        raise DTypeError(
            f"expected numbers, got {type(value).__name__} {value!r:.60}",
            hint="pass an array, a number or nested lists of numbers",
        )
    return array


def data_type(xp: Namespace, dtype: Any) -> Any:
    """A data type of an array library, given itself or its name, as ``"float32"``.

    Raises:
        DTypeError: The library has no such data type of numbers.
    """
    if isinstance(dtype, str):
        found = getattr(xp, dtype, None) if dtype in DTYPES else None
    else:
        found = dtype
    if xp is np and found is not None:
        try:
            found = np.dtype(found)
        except TypeError:
            found = None
    if found is None or (xp is np and found.kind not in "biufc"):
        raise DTypeError(f"unknown data type {dtype!r}", hint=f"use one of {', '.join(DTYPES)}")
    return found


def is_floating(array: Array) -> bool:
    """Whether the array holds real floating-point numbers."""
    if type(array) is np.ndarray:
        return bool(array.dtype.kind == "f")
    return bool(namespace(array).isdtype(array.dtype, "real floating"))


def extremes(array: Array) -> tuple[int, int] | None:
    """The least and the largest of some integers, None where there are none or none are known.

    While a function is compiled, nothing is known; the compiled code looks for itself.
    """
    if array.size == 0 or type(array) is Abstract:
        return None
    xp = namespace(array)
    return int(xp.min(array)), int(xp.max(array))


def scatter_add(xp: Namespace, size: int, indices: Array, values: Array) -> Array:
    """Zeros of shape (size, ...) with ``values[i]`` added at row ``indices[i]``.

    Args:
        xp: Namespace of the arrays.
        size: Number of rows of the result.
        indices: Integers, shape (N,); negative ones count from the end.
        values: Shape (N, ...).
    """
    if xp is np:
        out = np.zeros((size, *values.shape[1:]), values.dtype)
        np.add.at(out, indices, values)
        return out
    if hasattr(xp, "add") and hasattr(xp.add, "at"):  # CuPy
        out = xp.zeros((size, *values.shape[1:]), dtype=values.dtype)
        xp.add.at(out, indices, values)
        return out
    rows = xp.arange(size, dtype=indices.dtype)
    hits = xp.astype(rows[:, None] == (indices % size)[None, :], values.dtype)  # (size, N)
    width = 1
    for length in values.shape[1:]:
        width *= length
    flat = xp.reshape(values, (values.shape[0], width))
    return xp.reshape(hits @ flat, (size, *values.shape[1:]))
