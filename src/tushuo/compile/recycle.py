"""Memory of results that nobody holds any more, used again.

A large new array costs more than many a kernel: the system hands out its pages one by one. A
training step returns arrays of the same shapes each time, while those of the step before last are
no longer held by anyone.
"""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Sequence
from sys import getrefcount
from weakref import WeakValueDictionary

import numpy as np

from tushuo.compile.memory import aligned, set_writeable
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
        """An array with any content that nobody else refers to; it is locked."""
        given = self._given
        if _COUNTED and (array := self._oldest()) is not None:
            given.append(array)
            if getrefcount(array) == _ALONE and getrefcount(array.base) == _UNSEEN:
                return array
        array = aligned(self._shape, self._dtype)
        set_writeable(array, False)
        if len(given) < KEPT:
            given.append(array)
        return array

    def _oldest(self) -> np.ndarray | None:
        """The array that was handed out longest ago, taken out of the queue."""
        try:
            return self._given.popleft()
        except IndexError:  # there is none, or another thread has just taken it
            return None


_KNOWN: WeakValueDictionary[tuple[Shape, np.dtype, int], Recycled] = WeakValueDictionary()


def recycled(outputs: Sequence[tuple[Shape, np.dtype]]) -> list[Recycled]:
    """The memory of a program's outputs, shared with other programs that have outputs like these.

    Of a training step there is a program for each length of its sentences, and all return the same
    weights: without this each of them would keep three sets.
    """
    seen: Counter[tuple[Shape, np.dtype]] = Counter()
    made = []
    for shape, dtype in outputs:
        key = (shape, dtype, seen[shape, dtype])
        seen[shape, dtype] += 1
        made.append(_KNOWN.setdefault(key, Recycled(shape, dtype)))
    return made


def _alone() -> tuple[int, int]:
    """References to an array that a queue and a local variable refer to, and to its base."""
    given = deque([aligned((), np.dtype(np.uint8))])
    array = given.popleft()
    given.append(array)
    return getrefcount(array), getrefcount(array.base)


_ALONE, _UNSEEN = _alone()
