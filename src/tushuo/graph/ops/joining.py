"""Arrays put together and taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from tushuo.errors import ShapeError
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Cotangent, Linear, Shape, Spec, apply
from tushuo.graph.ops.axes import lengths, normal_axes
from tushuo.graph.ops.movement import broadcast_to, expand_dims, reshape
from tushuo.graph.ops.promotion import promote
from tushuo.graph.tensor import Tensor, asarray


@dataclass(frozen=True)
class Concat(Linear):
    """Arrays end to end along an axis."""

    axis: int

    def infer(self, *inputs: Spec) -> Spec:
        """The lengths along the axis add up; the others are equal."""
        first, length = inputs[0].shape, 0
        for x in inputs:
            if _without(x.shape, self.axis) != _without(first, self.axis):
                raise ShapeError(
                    f"Concat along axis {self.axis} cannot join shapes {first} and {x.shape}",
                    hint="all other axes must have equal lengths",
                )
            length += x.shape[self.axis]
        return Spec((*first[: self.axis], length, *first[self.axis + 1 :]), inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The arrays end to end."""
        return xp.concat(inputs, axis=self.axis)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """For each its stretch of the cotangent."""
        before = (slice(None),) * self.axis
        parts, start = [], 0
        for x in inputs:
            stop = start + x.shape[self.axis]
            parts.append(g[(*before, slice(start, stop))])
            start = stop
        return parts


@dataclass(frozen=True)
class Stack(Linear):
    """Arrays of one shape side by side along a new axis."""

    axis: int

    def infer(self, *inputs: Spec) -> Spec:
        """A new axis as long as the number of arrays."""
        first = inputs[0].shape
        for x in inputs:
            if x.shape != first:
                raise ShapeError(f"Stack needs equal shapes, got {first} and {x.shape}")
        return Spec((*first[: self.axis], len(inputs), *first[self.axis :]), inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The arrays side by side."""
        return xp.stack(inputs, axis=self.axis)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """For each its slice of the cotangent."""
        return unstack(g, self.axis)


def _without(shape: Shape, axis: int) -> tuple[Any, ...]:
    return (*shape[:axis], len(shape), *shape[axis + 1 :])


def concat(xs: Sequence[Any], axis: int | None = 0) -> Tensor:
    """Arrays end to end along an axis; the other axes have equal lengths.

    Args:
        xs: At least one array.
        axis: The axis; None makes each array flat first.

    Raises:
        ShapeError: The lengths differ, or there is no array.
    """
    tensors = _operands("concat", xs)
    if axis is None:
        axis, tensors = 0, [reshape(x, -1) for x in tensors]
    return apply(Concat(normal_axes(axis, tensors[0])[0]), *tensors)


def stack(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays of one shape side by side along a new axis."""
    tensors = _operands("stack", xs)
    rank = tensors[0].ndim + 1
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is out of range for a stack of shape {tensors[0].shape}")
    return apply(Stack(axis % rank), *tensors)


def unstack(x: Any, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, without it."""
    t = asarray(x)
    (axis,) = normal_axes(axis, t)
    before = (slice(None),) * axis
    return tuple(t[(*before, i)] for i in range(t.shape[axis]))


def split(x: Any, sections: int, axis: int = 0) -> tuple[Tensor, ...]:
    """Equal stretches along an axis.

    Raises:
        ShapeError: The length is not a multiple of ``sections``.
    """
    t = asarray(x)
    (axis,) = normal_axes(axis, t)
    if sections < 1 or t.shape[axis] % sections:
        raise ShapeError(f"axis {axis} of shape {t.shape} cannot be split into {sections}")
    length = t.shape[axis] // sections
    before = (slice(None),) * axis
    return tuple(t[(*before, slice(i * length, (i + 1) * length))] for i in range(sections))


def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """The elements moved along axes; what leaves at the end enters at the start.

    Args:
        x: The elements.
        shift: How far, or how far along each axis.
        axis: The axes; None moves the elements in order and keeps the shape.
    """
    t = asarray(x)
    if axis is None:
        return reshape(roll(reshape(t, -1), shift, 0), t.shape)
    axes, shifts = normal_axes(axis, t), lengths(shift)
    if len(shifts) not in (1, len(axes)):
        raise ShapeError(f"roll along {len(axes)} axes got {len(shifts)} shifts")
    for i, k in zip(axes, shifts * (len(axes) if len(shifts) == 1 else 1), strict=True):
        t = _rolled(t, k, i)
    return t


def _rolled(t: Tensor, shift: int, axis: int) -> Tensor:
    k = shift % t.shape[axis] if t.shape[axis] else 0
    before = (slice(None),) * axis
    return concat([t[(*before, slice(-k, None))], t[(*before, slice(None, -k))]], axis) if k else t


def tile(x: Any, repetitions: int | Sequence[int]) -> Tensor:
    """The whole array repeated along each axis.

    Args:
        x: The array.
        repetitions: How often for each axis; with fewer numbers than axes they count for the last
            ones, with more the array gets new axes in front.
    """
    t, times = asarray(x), lengths(repetitions)
    if any(n < 0 for n in times):
        raise ShapeError(f"tile needs repetitions >= 0, got {times}")
    rank = max(t.ndim, len(times))
    shape = (1,) * (rank - t.ndim) + t.shape
    full = (1,) * (rank - len(times)) + times
    pairs = list(zip(full, shape, strict=True))
    narrow = reshape(t, [n for length in shape for n in (1, length)])
    wide = broadcast_to(narrow, [n for pair in pairs for n in pair])
    return reshape(wide, [times * length for times, length in pairs])


def repeat(x: Any, repeats: int, axis: int | None = None) -> Tensor:
    """Each element repeated along an axis; None makes the array flat first."""
    t = asarray(x)
    if axis is None:
        t, axis = reshape(t, -1), 0
    if repeats < 0:
        raise ShapeError(f"repeat needs repeats >= 0, got {repeats}")
    (axis,) = normal_axes(axis, t)
    wide = expand_dims(t, axis + 1)
    shape = (*t.shape[: axis + 1], repeats, *t.shape[axis + 1 :])
    merged = (*t.shape[:axis], t.shape[axis] * repeats, *t.shape[axis + 1 :])
    return reshape(broadcast_to(wide, shape), merged)


def _operands(name: str, xs: Sequence[Any]) -> list[Tensor]:
    if not len(xs):
        raise ShapeError(f"{name} needs at least one array")
    tensors = [asarray(x) for x in xs]
    widest = reduce(lambda x, y: promote(name, x, y)[0], tensors)
    return [promote(name, x, widest)[0] for x in tensors]
