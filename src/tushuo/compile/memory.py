"""Memory planning: intermediate values share one arena, each only as long as it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from tushuo.compile.program import Value
from tushuo.graph.op import Shape

ALIGNMENT = 64  # bytes: a line of the cache, and the widest vector


class Interval(NamedTuple):
    """A value and the steps, from the first to the last, that need its buffer."""

    value: Value
    first: int
    last: int


class Arena(NamedTuple):
    """Where each value lies.

    Attributes:
        offsets: In bytes.
        size: Of all, in bytes.
        total: What the values would take one by one, in bytes.
    """

    offsets: dict[Value, int]
    size: int
    total: int


def plan(intervals: Sequence[Interval]) -> Arena:
    """Places for buffers, so that no two overlap that are needed at the same step.

    The largest are placed first, each into the smallest gap between those that live with it.
    """
    order = sorted(intervals, key=lambda i: (-i.value.nbytes, i.first))
    sizes = np.array([_padded(one.value) for one in order], np.int64)
    firsts, lasts = (np.array([one[i] for one in order], np.int64) for i in (1, 2))
    starts = np.zeros(len(order), np.int64)
    for i in range(len(order)):
        living = (firsts[:i] <= lasts[i]) & (firsts[i] <= lasts[:i])
        starts[i] = _gap(sizes[i], starts[:i][living], sizes[:i][living])
    offsets = {one.value: int(start) for one, start in zip(order, starts, strict=True)}
    return Arena(offsets, int((starts + sizes).max(initial=0)), int(sizes.sum()))


def aligned(shape: Shape, dtype: np.dtype) -> np.ndarray:
    """A new array that begins where a vector fits into one line of the cache.

    Its base is the array that owns the memory, and that of all of its views, too.
    """
    memory = np.empty(prod(shape) * dtype.itemsize + ALIGNMENT, np.uint8)
    return np.ndarray(shape, dtype, memory, -memory.ctypes.data % ALIGNMENT)


def set_writeable(array: np.ndarray, flag: bool) -> None:
    """Allow or forbid writes to an array that :func:`aligned` made, and to its memory."""
    for one in (array.base, array) if flag else (array, array.base):
        one.setflags(write=flag)  # type: ignore[union-attr]


def _gap(size: int, starts: np.ndarray, sizes: np.ndarray) -> int:
    """The start of the smallest free stretch that is long enough, between those taken."""
    order = np.lexsort((sizes, starts))
    ends = np.maximum.accumulate((starts + sizes)[order])
    before = np.concatenate([[0], ends])
    free = starts[order] - before[:-1]
    if (enough := free >= size).any():
        return int(before[np.where(enough, free, np.iinfo(np.int64).max).argmin()])
    return int(before[-1])


def _padded(value: Value) -> int:
    return max(1, -(-value.nbytes // ALIGNMENT)) * ALIGNMENT
