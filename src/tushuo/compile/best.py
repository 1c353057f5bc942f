"""The likeliest continuations of some sentences, found by machine code in one call."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tushuo.compile.codegen.best import NAME, write_best
from tushuo.compile.codegen.library import Library
from tushuo.compile.codegen.target import host
from tushuo.compile.store import default_store

__all__ = ["Best", "Found"]


class Found(NamedTuple):
    """Sums, and their places in the matrix as it lies in memory."""

    sums: list[float]
    places: list[int]


class Best:
    """Finds the largest of sums ``x[i, j] + before[i]``.

    Args:
        rows: The most rows.
        count: The most sums to find.
    """

    def __init__(self, rows: int, count: int) -> None:
        self._native = _native()
        self._before = (ctypes.c_double * rows)()
        self._sums = (ctypes.c_double * count)()
        self._places = (ctypes.c_int64 * count)()
        memory = (self._before, self._sums, self._places)
        self._addresses = [ctypes.addressof(one) for one in memory]

    def __call__(
        self,
        x: npt.NDArray[np.float32],
        before: list[float],
        refused: npt.NDArray[np.bool_],
        count: int,
    ) -> Found | None:
        """The largest, first of all; equal ones in order of place.

        Args:
            x: (k, n), contiguous; numbers up to -1e9, infinity and NaN are left out.
            before: (k,).
            refused: (n,), contiguous; which columns are left out, too.
            count: How many, at least one.

        Returns:
            None where there are fewer.
        """
        rows, n = x.shape
        self._before[:rows] = [*before]
        starts, sums, places = self._addresses
        self._native(id(x), rows, n, starts, id(refused), count, sums, places)
        if self._places[count - 1] < 0:
            return None
        return Found(self._sums[:count], self._places[:count])


@cache
def _native() -> Callable[..., None]:
    library = Library(write_best(host()), host(), default_store(), [NAME])
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    kinds = (pointer, number, number, pointer, pointer, number, pointer, pointer)
    return library.function(NAME, *kinds)
