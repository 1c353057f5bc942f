"""Mean, variance, standard deviation and norms over axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tushuo.errors import ShapeError, UsageError
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Cotangent, apply
from tushuo.graph.ops.axes import Axes, normal_axes
from tushuo.graph.ops.compare import equal, where
from tushuo.graph.ops.math import square
from tushuo.graph.ops.promotion import Operand, floating
from tushuo.graph.ops.reduce import Reduction, max, sum
from tushuo.graph.ops.rounding import abs
from tushuo.graph.tensor import Tensor, asarray


class Norm(Reduction):
    """The Euclidean norm over axes; all its derivatives at 0 are 0."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The root of the sum of squares."""
        x = inputs[0]
        return xp.sqrt(xp.sum(x * x, axis=self.axes, keepdims=self.keepdims))

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The cotangent times the unit vector."""
        x = inputs[0]
        return (self.spread(g * _inverse(out), x) * x,)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The tangent's projection on the unit vector."""
        t = tangents[0]
        return None if t is None else sum(t * inputs[0], self.axes, self.keepdims) * _inverse(out)


def mean(x: Operand, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The mean over axes, all by default.

    Raises:
        ShapeError: An axis is out of range, or there are no elements.
        DTypeError: ``x`` is not floating-point.
    """
    t = floating("mean", asarray(x))
    return sum(t, axis, keepdims) * (1 / _count("mean", t, axis))


def var(x: Operand, axis: Axes = None, correction: float = 0, keepdims: bool = False) -> Tensor:
    """The variance over axes, all by default: the mean squared distance from the mean.

    Args:
        x: A Tensor.
        axis: The axes.
        correction: 1 divides by n - 1 instead of n, for a sample of a larger population.
        keepdims: Whether the axes stay, with length 1.

    Raises:
        ShapeError: An axis is out of range, or there are no more elements than ``correction``.
        DTypeError: ``x`` is not floating-point.
    """
    t = floating("var", asarray(x))
    weight = 1 / _count("var", t, axis, correction)
    return sum(square(_centred(t, axis)), axis, keepdims) * weight


def std(x: Operand, axis: Axes = None, correction: float = 0, keepdims: bool = False) -> Tensor:
    """The standard deviation, the root of :func:`var`; where it is 0, so are its derivatives."""
    t = floating("std", asarray(x))
    weight = 1 / math.sqrt(_count("std", t, axis, correction))
    return norm(_centred(t, axis), axis, keepdims) * weight


def norm(x: Operand, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Tensor:
    """The norm of the vectors along axes, of all elements by default.

    Args:
        x: A Tensor.
        axis: The axes.
        keepdims: Whether the axes stay, with length 1.
        ord: 2 (Euclidean), 1 (sum of absolute values) or ``math.inf`` (largest absolute value).

    Returns:
        The norms; the derivative at 0 is 0.

    Raises:
        ShapeError: An axis is out of range, or there are no elements (only for ``math.inf``).
        DTypeError: ``x`` is not floating-point.
        UsageError: ``ord`` is another number.
    """
    t = floating("norm", asarray(x))
    if ord == 2:
        return apply(Norm(normal_axes(axis, t), keepdims), t)
    if ord == 1:
        return sum(abs(t), axis, keepdims)
    if ord == math.inf:
        return max(abs(t), axis, keepdims)
    raise UsageError(f"norm knows ord 1, 2 and inf, got {ord!r}")


def _centred(x: Tensor, axis: Axes) -> Tensor:
    return x - mean(x, axis, keepdims=True)


def _count(name: str, x: Tensor, axis: Axes, correction: float = 0) -> float:
    n = math.prod(x.shape[i] for i in normal_axes(axis, x))
    if n - correction <= 0:
        less = f" less a correction of {correction}" if correction else ""
        raise ShapeError(f"{name} over axis {axis} of shape {x.shape}: {n} elements{less}")
    return n - correction


def _inverse(norm: Tensor) -> Tensor:
    """``1 / norm``, and 0 where the norm is 0, with derivatives of 0 there."""
    zero = equal(norm, 0)
    return where(zero, 0, 1 / where(zero, 1, norm))
