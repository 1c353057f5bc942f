"""Shapes and axes as callers give them, made into tuples of plain integers."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

from tushuo.errors import ShapeError
from tushuo.graph.op import Shape
from tushuo.graph.tensor import Tensor

Axes = int | Sequence[int] | None


def lengths(shape: Any) -> Shape:
    """A shape, or axes, as a tuple of Python integers; a single number is one of them.

    Raises:
        ShapeError: There is something else.
    """
    try:
        return tuple(map(index, shape)) if hasattr(shape, "__iter__") else (index(shape),)
    except TypeError:
        raise ShapeError(f"a shape is made of integers, got {shape!r:.60}") from None


def normal_axes(axis: Axes, x: Tensor) -> tuple[int, ...]:
    """Axes as numbers from 0, all for None.

    Raises:
        ShapeError: An axis is out of range or named twice.
    """
    if axis is None:
        return tuple(range(x.ndim))
    axes = lengths(axis)
    full = tuple(a + x.ndim if a < 0 else a for a in axes)
    if any(not 0 <= a < x.ndim for a in full) or len(set(full)) < len(full):
        raise ShapeError(f"axis {axis} does not fit shape {x.shape}", hint=f"it has {x.ndim} axes")
    return full
