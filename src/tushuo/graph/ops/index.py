"""Indexing with brackets: by numbers and slices, by a mask, by arrays of indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from operator import index
from typing import Any, NamedTuple

import numpy as np

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph.backend import Array, Namespace, is_array, namespace
from tushuo.graph.op import Cotangent, Linear, Shape, Spec, apply
from tushuo.graph.ops.gather import check_range, integers, take
from tushuo.graph.ops.movement import expand_dims, moveaxis, reshape
from tushuo.graph.ops.promotion import kind
from tushuo.graph.parts import Placed
from tushuo.graph.tensor import Tensor, asarray


class Range(NamedTuple):
    """A slice that can be hashed, as parameters of operations must be."""

    start: int | None
    stop: int | None
    step: int | None


_BASIC = {int, slice, type(None), type(Ellipsis)}

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
    """``x[key]`` as NumPy has it: numbers, slices, ``...``, None, masks, arrays of integers.

    Raises:
        ShapeError: An index is out of range, there are too many, or they do not fit together.
        DTypeError: An index is neither an integer nor a mask.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if any(map(_is_array, keys)):
        return _advanced(x, _complete(tuple(_plain(k) for k in keys), x))
    return _basic(x, _complete(keys, x))


def _basic(x: Tensor, keys: Sequence[Any]) -> Tensor:
    """The elements at numbers and slices, with new axes for None."""
    picked = apply(GetItem(tuple(_number(k) for k in keys if k is not None)), x)
    kept = [k for k in keys if k is None or isinstance(k, slice)]
    for axis, k in enumerate(kept):
        if k is None:
            picked = expand_dims(picked, axis)
    return picked


def _advanced(x: Tensor, keys: Sequence[Any]) -> Tensor:
    """The elements at arrays of indices; numbers beside these are arrays, too.

    The slices come first. The axes of the arrays are then brought to the front and made one, and
    elements are taken from it. The result's axes stand where those of the arrays were, but in front
    if a slice separates them.
    """
    full = slice(None)
    whole = [k if k is None or isinstance(k, slice) else full for k in keys]
    arrays = [k for k in keys if isinstance(k, np.ndarray)]
    axes = [i for i, k in enumerate(keys) if isinstance(k, np.ndarray)]
    sliced = x if whole == [full] * len(whole) else _basic(x, whole)
    front = moveaxis(sliced, axes, range(len(axes)))
    shape, rest = front.shape[: len(axes)], front.shape[len(axes) :]
    flat = _raveled(arrays, shape)
    rows = reshape(front, (prod(shape), *rest)) if len(axes) > 1 else front
    taken = take(rows, namespace(x.data).asarray(flat))
    if axes[-1] - axes[0] + 1 > len(axes):
        return taken
    new = range(flat.ndim)
    return moveaxis(taken, new, [axes[0] + i for i in new])


def _raveled(arrays: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    """One index into axes made flat for several into them, broadcast."""
    try:
        grid = np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = " and ".join(str(k.shape) for k in arrays)
        raise ShapeError(f"indices of shapes {shapes} cannot be broadcast") from None
    for k, n in zip(arrays, shape, strict=True):
        check_range(asarray(k), n)
    if not grid[0].size:
        return np.zeros(grid[0].shape, np.int64)
    return np.asarray(
        np.ravel_multi_index(
            [k.astype(np.int64) % n for k, n in zip(grid, shape, strict=True)], shape
        )
    )


def _complete(keys: tuple[Any, ...], x: Tensor) -> list[Any]:
    """The keys with slices for ``...``, and arrays of indices for masks."""
    places = [i for i, k in enumerate(keys) if k is Ellipsis]
    if len(places) > 1:
        raise ShapeError("an index can hold ... only once")
    used = sum(_used(k) for k in keys)
    if used > x.ndim:
        raise ShapeError(f"{used} indices for the {x.ndim} axes of shape {x.shape}")
    for i in places:
        keys = keys[:i] + (slice(None),) * (x.ndim - used) + keys[i + 1 :]
    if not any(isinstance(k, np.ndarray) for k in keys):
        return list(keys)
    return [part for k, axis in _with_axes(keys) for part in _unmasked(k, axis, x.shape)]


def _used(k: Any) -> int:
    """How many axes a key indexes."""
    if k is None or k is Ellipsis:
        return 0
    return k.ndim if isinstance(k, np.ndarray) and k.dtype == bool else 1


def _with_axes(keys: Sequence[Any]) -> Iterator[tuple[Any, int]]:
    axis = 0
    for k in keys:
        yield k, axis
        axis += _used(k)


def _unmasked(k: Any, axis: int, shape: Shape) -> Sequence[Any]:
    """A key beside arrays: masks and numbers as arrays of indices, others as they are."""
    if k is None or isinstance(k, slice):
        return (k,)
    if not isinstance(k, np.ndarray):
        return (np.asarray(_number(k)),)
    if k.dtype != bool:
        return (k,)
    if k.shape != shape[axis : axis + k.ndim] or not k.ndim:
        raise ShapeError(f"a mask of shape {k.shape} does not fit axis {axis} of shape {shape}")
    return np.nonzero(k)


def _is_array(k: Any) -> bool:
    if type(k) in _BASIC:
        return False
    return isinstance(k, Tensor | list) or (is_array(k) and not isinstance(k, np.generic))


def _plain(k: Any) -> Any:
    """Arrays of integers or booleans as NumPy arrays, other keys as they are."""
    if not _is_array(k):
        return k
    t = asarray(k)
    return t.numpy() if kind(t.data) is bool else integers(k).numpy()


def _number(k: Any) -> int | Range:
    """A number, or a slice in a form that can be hashed."""
    try:
        if isinstance(k, slice):
            ends = [None if end is None else index(end) for end in (k.start, k.stop, k.step)]
            if ends[2] == 0:
                raise ShapeError("the step of a slice cannot be zero")
            return Range(*ends)
        if not isinstance(k, bool):
            return index(k)
    except TypeError:
        pass
    raise DTypeError(f"an index must be an integer, a slice, None, ... or an array, got {k!r:.60}")
