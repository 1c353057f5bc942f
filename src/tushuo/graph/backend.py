"""The array library as a parameter, and the little that the array API standard leaves out."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

Array = Any
"""An array of NumPy, CuPy, array-api-strict or another library of the array API standard."""

Namespace = Any
"""The module of functions of an array library."""


def namespace(*arrays: Array) -> Namespace:
    """The functions of the library that the arrays belong to."""
    for array in arrays:
        if type(array) is not np.ndarray:
            return array_api_compat.array_namespace(*arrays)
    return np


def is_array(value: object) -> bool:
    """Whether a value is an array of a known library (a NumPy scalar is not)."""
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


def is_floating(array: Array) -> bool:
    """Whether the array holds real floating-point numbers."""
    if type(array) is np.ndarray:
        return bool(array.dtype.kind == "f")
    return bool(namespace(array).isdtype(array.dtype, "real floating"))


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
