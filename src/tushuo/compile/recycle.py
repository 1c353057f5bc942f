"""Memory of results that nobody holds any more, used again.

A large new array costs more than many a kernel: the system hands out its pages one by one. A
training step returns arrays of the same shapes each time, while those of the step before last are
no longer held by anyone.
"""

from __future__ import annotations

import sys
from collections import deque

import numpy as np

from tushuo.graph.op import Shape

KEPT = 3
"""Arrays that one output keeps at most: the last result, the one before, and one more."""

_COUNTED = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether an array's references can be counted."""


class Recycled:
    """Arrays of one shape and data type, handed out anew when all that referred to them is gone.

    A Tensor, a view or a buffer of the array counts as a reference.

    Args:
        shape: Of the arrays.
        dtype: Of the arrays.
    """

    def __init__(self, shape: Shape, dtype: np.dtype) -> None:
        self._shape, self._dtype = shape, dtype
        self._given: deque[np.ndarray] = deque()

    def array(self) -> np.ndarray:
        """An array with any content that nobody else refers to."""
        array = self._free() if _COUNTED else None
        if array is None:
            array = np.empty(self._shape, self._dtype)
        else:
            array.setflags(write=True)
        if len(self._given) < KEPT:
            self._given.append(array)
        return array

    def _free(self) -> np.ndarray | None:
        """The array handed out longest ago, if only this knows it; others wait their turn."""
        try:
            array = self._given.popleft()
        except IndexError:
            return None
        if sys.getrefcount(array) == _ALONE:
            return array
        self._given.append(array)
        return None


def _alone() -> int:
    """The count of references to an object that one local variable refers to."""
    array = np.empty(0)
    return sys.getrefcount(array)


_ALONE = _alone()
