"""Elements picked by arrays of indices, and the transposes that add them up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph import backend
from tushuo.graph.backend import Array, Namespace, namespace
from tushuo.graph.op import Cotangent, Op, Spec, apply, broadcast_shapes
from tushuo.graph.ops.axes import normal_axes
from tushuo.graph.ops.movement import broadcast_to, moveaxis, reshape
from tushuo.graph.tensor import Tensor, asarray


class _LinearInFirst(Op):
    """Linear in the first operand; the second are indices."""

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The operation on the tangent."""
        return None if tangents[0] is None else apply(self, tangents[0], inputs[1])


class Take(_LinearInFirst):
    """Rows by number: ``x[i]`` for each i of a list of indices."""

    def infer(self, *inputs: Spec) -> Spec:
        """The indices' length, then the row's shape."""
        x, i = inputs
        return Spec((*i.shape, *x.shape[1:]), x.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The rows."""
        x, i = inputs
        return xp.take(x, i, axis=0)

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """Each row's cotangent added at its number."""
        x, i = inputs
        return lambda: scatter_add(g, i, x.shape[0]), None


@dataclass(frozen=True)
class ScatterAdd(_LinearInFirst):
    """Rows added into zeros at their numbers: the transpose of Take."""

    size: int

    def infer(self, *inputs: Spec) -> Spec:
        """The number of rows, then the row's shape."""
        return Spec((self.size, *inputs[0].shape[1:]), inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A new array."""
        values, i = inputs
        return backend.scatter_add(xp, self.size, i, values)

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The rows at the numbers."""
        return lambda: take(g, inputs[1]), None


class TakeAlongAxis(_LinearInFirst):
    """One element a row of the last axis, or several, each by its number."""

    def infer(self, *inputs: Spec) -> Spec:
        """The shape of the indices."""
        return Spec(inputs[1].shape, inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The elements."""
        x, i = inputs
        return xp.take_along_axis(x, i, axis=-1)

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The cotangents added at their numbers."""
        x, i = inputs
        return lambda: apply(PutAlongAxisAdd(x.shape[-1]), g, i), None


@dataclass(frozen=True)
class PutAlongAxisAdd(_LinearInFirst):
    """Elements added into zeros along the last axis: the transpose of TakeAlongAxis."""

    size: int

    def infer(self, *inputs: Spec) -> Spec:
        """The last axis as long as given."""
        return Spec((*inputs[0].shape[:-1], self.size), inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A new array: rows by the same index as for ScatterAdd, over all rows at once."""
        values, i = inputs
        i = xp.astype(i, xp.int64, copy=False)  # places among all rows are larger than indices
        lead, k = values.shape[:-1], values.shape[-1]
        rows = prod(lead)
        offsets = xp.reshape(xp.arange(rows, dtype=i.dtype) * self.size, (rows, 1))
        flat = xp.reshape(i % self.size, (rows, k)) + offsets
        placed = backend.scatter_add(
            xp, rows * self.size, xp.reshape(flat, (-1,)), xp.reshape(values, (-1,))
        )
        return xp.reshape(placed, (*lead, self.size))

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The elements at the numbers."""
        return lambda: apply(_TAKE_ALONG, g, inputs[1]), None


_TAKE, _TAKE_ALONG = Take(), TakeAlongAxis()


def take(x: Any, indices: Any, axis: int = 0) -> Tensor:
    """The slices of ``x`` at the given numbers along an axis.

    Args:
        x: The array.
        indices: Integers of any shape; negative ones count from the end.
        axis: The axis that they count along; the indices' axes take its place.

    Raises:
        ShapeError: An index is out of range.
        DTypeError: The indices are not integers.
    """
    t, i = asarray(x), integers(indices)
    (axis,) = normal_axes(axis, t)
    check_range(i, t.shape[axis])
    rows = apply(_TAKE, moveaxis(t, axis, 0), reshape(i, -1))
    rest = t.shape[:axis] + t.shape[axis + 1 :]
    shaped = reshape(rows, (*i.shape, *rest))
    if axis == 0:
        return shaped
    flat = moveaxis(reshape(shaped, (i.size, *rest)), 0, axis)
    return reshape(flat, (*t.shape[:axis], *i.shape, *t.shape[axis + 1 :]))


def scatter_add(values: Any, indices: Any, size: int) -> Tensor:
    """Rows added into zeros of shape (size, ...): ``out[indices[n]] += values[n]``.

    Args:
        values: Shape (N, ...).
        indices: Integers, shape (N,).
        size: The number of rows of the result.
    """
    v, i = asarray(values), integers(indices)
    if v.shape[:1] != i.shape:
        raise ShapeError(f"scatter_add needs an index a row: values {v.shape}, indices {i.shape}")
    check_range(i, size)
    return apply(ScatterAdd(size), v, i)


def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Tensor:
    """The elements whose numbers along an axis are given, for each place of the other axes.

    Args:
        x: Shape (..., N).
        indices: Integers, shape (..., K); all axes but this one are broadcast.
        axis: The axis that they count along.

    Raises:
        ShapeError: An index is out of range, or the shapes cannot be broadcast.
        DTypeError: The indices are not integers.
    """
    t, i = asarray(x), integers(indices)
    (axis,) = normal_axes(axis, t)
    check_range(i, t.shape[axis])
    if i.ndim != t.ndim:
        raise ShapeError(f"take_along_axis of shape {t.shape} got indices of shape {i.shape}")
    rows, numbers = moveaxis(t, axis, -1), moveaxis(i, axis, -1)
    lead = broadcast_shapes("TakeAlongAxis", rows.shape[:-1], numbers.shape[:-1])
    rows = broadcast_to(rows, (*lead, rows.shape[-1]))
    numbers = broadcast_to(numbers, (*lead, numbers.shape[-1]))
    return moveaxis(apply(_TAKE_ALONG, rows, numbers), -1, axis)


def put_along_axis_add(values: Any, indices: Any, size: int) -> Tensor:
    """Elements added into zeros along the last axis, which gets the length ``size``.

    Raises:
        ShapeError: An index is out of range, or there is not one for each value.
        DTypeError: The indices are not integers.
    """
    v, i = asarray(values), integers(indices)
    if v.shape != i.shape or not v.ndim:
        raise ShapeError(f"put_along_axis_add needs an index a value: {v.shape} and {i.shape}")
    check_range(i, size)
    return apply(PutAlongAxisAdd(size), v, i)


def integers(indices: Any) -> Tensor:
    """Indices as a Tensor of integers; an empty list is one."""
    i = asarray(indices)
    if not namespace(i.data).isdtype(i.dtype, "integral"):
        if i.size == 0 and not isinstance(indices, Tensor):
            return i.astype("int64")
        raise DTypeError(
            f"indices must be integers, got {i.dtype}", hint="cast with astype('int64')"
        )
    return i


def check_range(i: Tensor, length: int) -> None:
    """Require indices within an axis of that length."""
    found = backend.extremes(i.data)
    if found is None:
        return
    low, high = found
    if low < -length or high >= length:
        bad = low if low < -length else high
        raise ShapeError(f"index {bad} is out of range for an axis of length {length}")
