"""Memory planning: intermediate values share one arena, each only as long as it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    offsets: dict[Value, int] = {}
    placed: list[Interval] = []
    for one in sorted(intervals, key=lambda i: (-i.value.nbytes, i.first)):
        living = (p for p in placed if p.first <= one.last and one.first <= p.last)
        offsets[one.value] = _gap(
            _padded(one.value), ((offsets[p.value], _padded(p.value)) for p in living)
        )
        placed.append(one)
    size = max((offsets[p.value] + _padded(p.value) for p in placed), default=0)
    return Arena(offsets, size, sum(_padded(p.value) for p in placed))


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


def _gap(size: int, taken: Iterable[tuple[int, int]]) -> int:
    """The start of the smallest free stretch that is long enough."""
    best, best_length, end = None, 0, 0
    for start, length in sorted(taken):
        free = start - end
        if free >= size and (best is None or free < best_length):
            best, best_length = end, free
        end = max(end, start + length)
    return end if best is None else best


def _padded(value: Value) -> int:
    return max(1, -(-value.nbytes // ALIGNMENT)) * ALIGNMENT
