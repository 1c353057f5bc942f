"""Indexing with brackets: by numbers and slices, by a mask, by arrays of indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from operator import index
from typing import Any, NamedTuple

import numpy as np

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph.backend import Array, Namespace, is_array, namespace
from tushuo.graph.op import Cotangent, Linear, Shape, Spec, apply
from tushuo.graph.ops.gather import check_range, integers, take
from tushuo.graph.ops.movement import expand_dims, reshape
from tushuo.graph.ops.promotion import kind
from tushuo.graph.parts import Placed
from tushuo.graph.tensor import Tensor, asarray


class Range(NamedTuple):
    """A slice that can be hashed, as parameters of operations must be."""

    start: int | None
    stop: int | None
    step: int | None


Key = tuple[int | Range, ...]
"""A basic index: for each leading axis a number or a range."""


@dataclass(frozen=True)
class GetItem(Linear):
    """The elements that a basic index picks."""

    key: Key

    def infer(self, *inputs: Spec) -> Spec:
        """Numbers take an axis away, ranges shorten it."""
        shape = inputs[0].shape
        if len(self.key) > len(shape):
            raise ShapeError(f"{len(self.key)} indices for the {len(shape)} axes of shape {shape}")
        kept = []
        for axis, (k, n) in enumerate(zip(self.key, shape, strict=False)):
            if isinstance(k, Range):
                kept.append(len(range(*slice(*k).indices(n))))
            elif not -n <= k < n:
                raise ShapeError(f"index {k} is out of range for axis {axis} of shape {shape}")
        return Spec((*kept, *shape[len(self.key) :]), inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A view."""
        x = inputs[0]
        return x[native(self.key, x.ndim)]

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The cotangent in its place, zeros elsewhere."""
        return (Placed(g, self.key, inputs[0].shape),)


@dataclass(frozen=True)
class Place(Linear):
    """Arrays put, and where they meet added, into zeros: the transpose of several indexings."""

    keys: tuple[Key, ...]
    shape: Shape

    def infer(self, *inputs: Spec) -> Spec:
        """The given shape."""
        return Spec(self.shape, inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A new array."""
        out = xp.zeros(self.shape, dtype=inputs[0].dtype)
        for key, x in zip(self.keys, inputs, strict=True):
            where = native(key, len(self.shape))
            out[where] = out[where] + x
        return out

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The elements at each place."""
        return [apply(GetItem(key), g) for key in self.keys]


def native(key: Key, ndim: int) -> tuple[int | slice, ...]:
    """A basic index as Python writes it, complete for ``ndim`` axes."""
    head = tuple(slice(*k) if isinstance(k, Range) else k for k in key)
    return head + (slice(None),) * (ndim - len(head))


def getitem(x: Tensor, key: Any) -> Tensor:
    """``x[key]``: numbers, slices, ``...``, None, one mask, or arrays of integers on leading axes.

    Raises:
        ShapeError: An index is out of range, or there are too many.
        DTypeError: An index is not an integer.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if any(isinstance(k, Tensor | list) or is_array(k) for k in keys):
        return _advanced(x, keys)
    full = _expanded(keys, x)
    basic = tuple(_basic(k) for k in full if k is not None)
    picked = apply(GetItem(basic), x)
    return _with_new_axes(picked, full) if None in full else picked


def _basic(k: Any) -> int | Range:
    if isinstance(k, slice):
        return Range(k.start, k.stop, k.step)
    try:
        return index(k)
    except TypeError:
        raise DTypeError(
            f"an index must be an integer, a slice, None, ... or an array, got {k!r}"
        ) from None


def _expanded(keys: tuple[Any, ...], x: Tensor) -> tuple[Any, ...]:
    """The keys with ``...`` replaced by the slices that it stands for."""
    if Ellipsis not in keys:
        return keys
    place = keys.index(Ellipsis)
    if Ellipsis in keys[place + 1 :]:
        raise ShapeError("an index can hold ... only once")
    used = sum(k is not None for k in keys) - 1
    return keys[:place] + (slice(None),) * (x.ndim - used) + keys[place + 1 :]


def _with_new_axes(picked: Tensor, keys: tuple[Any, ...]) -> Tensor:
    axis = 0
    for k in keys:
        if k is None:
            picked = expand_dims(picked, axis)
        if k is None or isinstance(k, slice):
            axis += 1
    return picked


def _advanced(x: Tensor, keys: tuple[Any, ...]) -> Tensor:
    """A mask, or arrays of integers on the leading axes: rows by a single number."""
    if len(keys) == 1 and _is_mask(keys[0]):
        return _masked(x, asarray(keys[0]).numpy())
    numbers = [integers(k) for k in keys]
    for axis, i in enumerate(numbers):
        check_range(i, x.shape[axis])
    shape = x.shape[: len(keys)]
    grid = np.broadcast_arrays(*(i.numpy() % n for i, n in zip(numbers, shape, strict=True)))
    flat = np.ravel_multi_index(tuple(grid), shape) if prod(shape) else grid[0]
    rows = reshape(x, (prod(shape), *x.shape[len(keys) :]))
    return take(rows, namespace(x.data).asarray(flat))


def _masked(x: Tensor, mask: np.ndarray) -> Tensor:
    if mask.shape != x.shape[: mask.ndim]:
        raise ShapeError(f"a mask of shape {mask.shape} does not fit shape {x.shape}")
    rows = reshape(x, (mask.size, *x.shape[mask.ndim :]))
    return take(rows, namespace(x.data).asarray(np.flatnonzero(mask)))


def _is_mask(key: Any) -> bool:
    return kind(asarray(key).data) is bool
