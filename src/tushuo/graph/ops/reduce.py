"""Reductions over axes, and running sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tushuo.errors import ShapeError
from tushuo.graph.backend import Array, Namespace, namespace
from tushuo.graph.op import Cotangent, Linear, Op, Shape, Spec, Stop, apply
from tushuo.graph.ops.axes import Axes, normal_axes
from tushuo.graph.ops.compare import equal, where
from tushuo.graph.ops.creation import ones
from tushuo.graph.ops.joining import concat
from tushuo.graph.ops.movement import astype, broadcast_to, flip, permute_dims, reshape
from tushuo.graph.ops.promotion import BOOL, INTEGER, Operand, kind
from tushuo.graph.tensor import Tensor, asarray


@dataclass(frozen=True)
class Reduction(Op):
    """Base of reductions over axes, which are counted from the front."""

    axes: tuple[int, ...]
    keepdims: bool = False

    def infer(self, *inputs: Spec) -> Spec:
        """The shape without the axes, or with ones in their place."""
        return Spec(reduced(inputs[0].shape, self.axes, self.keepdims), inputs[0].dtype)

    def spread(self, y: Tensor, x: Tensor) -> Tensor:
        """A result of this reduction of ``x``, with ones for the axes that were reduced."""
        return y if self.keepdims else reshape(y, reduced(x.shape, self.axes, keepdims=True))


class Sum(Reduction, Linear):
    """The sum over axes."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The sum."""
        return xp.sum(inputs[0], axis=self.axes, keepdims=self.keepdims)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The whole cotangent for each summand."""
        return (broadcast_to(self.spread(g, inputs[0]), inputs[0].shape),)


class Extreme(Reduction):
    """Base of maximum and minimum: equal elements share the derivative evenly."""

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The cotangent, shared by the elements that attain the extreme."""
        ties, count = self._ties(out, inputs[0])
        return (where(ties, self.spread(g, inputs[0]) / count, 0),)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The mean tangent of the elements that attain the extreme."""
        if tangents[0] is None:
            return None
        ties, count = self._ties(out, inputs[0])
        return sum(where(ties, tangents[0] / count, 0), self.axes, self.keepdims)

    def _ties(self, out: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        ties = equal(x, self.spread(out, x))
        return ties, sum(astype(ties, x.dtype), self.axes, keepdims=True)


class Max(Extreme):
    """The maximum over axes."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The maximum."""
        return xp.max(inputs[0], axis=self.axes, keepdims=self.keepdims)


class Min(Extreme):
    """The minimum over axes."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The minimum."""
        return xp.min(inputs[0], axis=self.axes, keepdims=self.keepdims)


class Verdict(Reduction, Stop):
    """Base of reductions to true or false."""

    def infer(self, *inputs: Spec) -> Spec:
        """The reduced shape, of booleans."""
        return super().infer(*inputs)._replace(dtype=BOOL)


class Any(Verdict):
    """Whether any element over axes is true."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The truth."""
        return xp.any(inputs[0], axis=self.axes, keepdims=self.keepdims)


class All(Verdict):
    """Whether all elements over axes are true."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The truth."""
        return xp.all(inputs[0], axis=self.axes, keepdims=self.keepdims)


class Position(Reduction, Stop):
    """Base of positions along one axis, or among all elements."""

    def infer(self, *inputs: Spec) -> Spec:
        """The reduced shape, of integers."""
        return super().infer(*inputs)._replace(dtype=INTEGER)

    @property
    def axis(self) -> int | None:
        """The axis, None where all elements are searched."""
        return self.axes[0] if len(self.axes) == 1 else None


class ArgMax(Position):
    """The position of the first maximum."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The position."""
        return xp.argmax(inputs[0], axis=self.axis, keepdims=self.keepdims)


class ArgMin(Position):
    """The position of the first minimum."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The position."""
        return xp.argmin(inputs[0], axis=self.axis, keepdims=self.keepdims)


@dataclass(frozen=True)
class CumulativeSum(Linear):
    """The sums of all elements up to each, along an axis."""

    axis: int

    def infer(self, *inputs: Spec) -> Spec:
        """As the input."""
        return inputs[0]

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The sums."""
        return xp.cumulative_sum(inputs[0], axis=self.axis)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The sums from each to the last."""
        return (flip(apply(self, flip(g, self.axis)), self.axis),)


def sum(x: Operand, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The sum over axes, all by default; integers and booleans are summed in 64 bits.

    Raises:
        ShapeError: An axis is out of range or named twice.
    """
    t = _widened(asarray(x))
    return apply(Sum(normal_axes(axis, t), keepdims), t)


def max(x: Operand, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The maximum over axes, all by default; equal elements share the derivative evenly.

    Raises:
        ShapeError: An axis is out of range or has no elements.
    """
    t = asarray(x)
    return apply(Max(_filled_axes("max", axis, t), keepdims), t)


def min(x: Operand, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The minimum over axes, all by default; equal elements share the derivative evenly.

    Raises:
        ShapeError: An axis is out of range or has no elements.
    """
    t = asarray(x)
    return apply(Min(_filled_axes("min", axis, t), keepdims), t)


def prod(x: Operand, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The product over axes, all by default; integers are multiplied in 64 bits.

    It is a tree of multiplications, so that the derivatives are right where elements are zero.

    Raises:
        ShapeError: An axis is out of range or named twice.
    """
    t = _widened(asarray(x))
    axes = normal_axes(axis, t)
    kept = [i for i in range(t.ndim) if i not in axes]
    length = math.prod(t.shape[i] for i in axes)
    rows = reshape(permute_dims(t, (*axes, *kept)), (length, *(t.shape[i] for i in kept)))
    return reshape(_multiplied(rows), reduced(t.shape, axes, keepdims))


def any(x: Operand, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether any element over axes, all by default, is true (not zero)."""
    t = asarray(x)
    return apply(Any(normal_axes(axis, t), keepdims), t)


def all(x: Operand, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether all elements over axes, all by default, are true (not zero)."""
    t = asarray(x)
    return apply(All(normal_axes(axis, t), keepdims), t)


def argmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The position of the first maximum along an axis, or among all elements in order.

    Raises:
        ShapeError: The axis is out of range or has no elements.
    """
    t = asarray(x)
    return apply(ArgMax(_filled_axes("argmax", axis, t), keepdims), t)


def argmin(x: Operand, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The position of the first minimum along an axis, or among all elements in order.

    Raises:
        ShapeError: The axis is out of range or has no elements.
    """
    t = asarray(x)
    return apply(ArgMin(_filled_axes("argmin", axis, t), keepdims), t)


def cumulative_sum(x: Operand, axis: int | None = None) -> Tensor:
    """The sums of all elements up to and with each, along an axis.

    Args:
        x: Shape (..., N, ...); integers and booleans are summed in 64 bits.
        axis: The axis; it may be left out where there is only one.

    Raises:
        ShapeError: The axis is out of range, or it is left out and there are several.
    """
    t = _widened(asarray(x))
    axes = normal_axes(axis, t)
    if len(axes) != 1:
        raise ShapeError(f"cumulative_sum of shape {t.shape} needs an axis", hint="give axis=0")
    return apply(CumulativeSum(axes[0]), t)


def reduced(shape: Shape, axes: Sequence[int], keepdims: bool) -> Shape:
    """The shape after a reduction over ``axes``, which become 1 or disappear."""
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def _widened(x: Tensor) -> Tensor:
    """Integers and booleans in 64 bits, as the array API sums them."""
    if kind(x.data) is float:
        return x
    xp = namespace(x.data)
    return astype(x, xp.uint64 if xp.isdtype(x.dtype, "unsigned integer") else xp.int64)


def _filled_axes(name: str, axis: Axes, x: Tensor) -> tuple[int, ...]:
    axes = normal_axes(axis, x)
    if 0 in [x.shape[i] for i in axes]:
        raise ShapeError(f"{name} over axis {axis} of shape {x.shape}: there are no elements")
    return axes


def _multiplied(rows: Tensor) -> Tensor:
    """The product over the first axis, half by half."""
    if len(rows) == 0:
        return ones(rows.shape[1:], like=rows)
    while (n := len(rows)) > 1:
        half = n // 2
        pairs = rows[:half] * rows[half : 2 * half]
        rows = concat([pairs, rows[-1:]]) if n % 2 else pairs
    return rows[0]
