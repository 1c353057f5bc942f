"""Softmax and its logarithm, stable for large and for infinitely negative elements.

The largest element is subtracted first. An axis whose elements are all -inf (nothing to choose
from, as under a mask) has the softmax 0, the log-softmax and log-sum-exp -inf, and no gradient of
NaN. An element of +inf gives NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Cotangent, Op, Spec, apply
from tushuo.graph.ops.axes import Axes, normal_axes
from tushuo.graph.ops.compare import equal, where
from tushuo.graph.ops.math import exp
from tushuo.graph.ops.promotion import Operand, floating
from tushuo.graph.ops.reduce import Reduction, sum
from tushuo.graph.tensor import Tensor, asarray


@dataclass(frozen=True)
class Softmax(Op):
    """``exp(x) / sum(exp(x))`` along an axis."""

    axis: int

    def infer(self, *inputs: Spec) -> Spec:
        """As the input."""
        return inputs[0]

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The shares, which sum to 1."""
        powers = _powers(xp, inputs[0] - _level(xp, inputs[0], self.axis))
        powers /= _total(xp, powers, self.axis)
        return powers

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """``out (g - sum(out g))``."""
        return (self._times_jacobian(g, out),)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The same: the matrix of derivatives is symmetric."""
        return None if tangents[0] is None else self._times_jacobian(tangents[0], out)

    def _times_jacobian(self, t: Tensor, out: Tensor) -> Tensor:
        return out * (t - sum(out * t, self.axis, keepdims=True))


@dataclass(frozen=True)
class LogSoftmax(Op):
    """``x - log(sum(exp(x)))`` along an axis."""

    axis: int

    def infer(self, *inputs: Spec) -> Spec:
        """As the input."""
        return inputs[0]

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The logarithms of the shares."""
        y = inputs[0] - _level(xp, inputs[0], self.axis)
        y -= xp.log(_total(xp, xp.exp(y), self.axis))
        return y

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """``g - softmax(x) sum(g)``."""
        return (g - exp(out) * sum(g, self.axis, keepdims=True),)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """``t - sum(softmax(x) t)``."""
        t = tangents[0]
        return None if t is None else t - sum(exp(out) * t, self.axis, keepdims=True)


class LogSumExp(Reduction):
    """``log(sum(exp(x)))`` over axes."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The value."""
        x = inputs[0]
        level = _level(xp, x, self.axes)
        with np.errstate(divide="ignore"):  # log(0) = -inf, where all elements are -inf
            y = xp.log(xp.sum(_powers(xp, x - level), axis=self.axes, keepdims=True)) + level
        return y if self.keepdims else xp.squeeze(y, axis=self.axes)

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """``softmax(x) g``."""
        x = inputs[0]
        return (self._shares(out, x) * self.spread(g, x),)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """``sum(softmax(x) t)``."""
        t = tangents[0]
        return (
            None if t is None else sum(self._shares(out, inputs[0]) * t, self.axes, self.keepdims)
        )

    def _shares(self, out: Tensor, x: Tensor) -> Tensor:
        level = where(equal(out, -math.inf), 0, out)
        return exp(x - self.spread(level, x))


def softmax(x: Operand, axis: int = -1) -> Tensor:
    """``exp(x) / sum(exp(x))`` along an axis: shares that sum to 1, or 0 where all is -inf.

    Raises:
        ShapeError: The axis is out of range.
        DTypeError: ``x`` is not floating-point.
    """
    t = floating("softmax", asarray(x))
    return apply(Softmax(*normal_axes(axis, t)), t)


def log_softmax(x: Operand, axis: int = -1) -> Tensor:
    """The logarithm of :func:`softmax`, accurate where that is near 0; -inf where all is -inf.

    Raises:
        ShapeError: The axis is out of range.
        DTypeError: ``x`` is not floating-point.
    """
    t = floating("log_softmax", asarray(x))
    return apply(LogSoftmax(*normal_axes(axis, t)), t)


def logsumexp(x: Operand, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """``log(sum(exp(x)))`` over axes, all by default, without overflow.

    It is -inf where all elements are, or where there are none.

    Raises:
        ShapeError: An axis is out of range or named twice.
        DTypeError: ``x`` is not floating-point.
    """
    t = floating("logsumexp", asarray(x))
    return apply(LogSumExp(normal_axes(axis, t), keepdims), t)


def _level(xp: Namespace, x: Array, axis: int | tuple[int, ...]) -> Array:
    """The largest elements, and 0 instead of -inf and where there are none."""
    if 0 in x.shape:
        return xp.sum(x, axis=axis, keepdims=True)
    top = xp.max(x, axis=axis, keepdims=True)
    return xp.where(top == -math.inf, xp.zeros_like(top), top)


def _powers(xp: Namespace, y: Array) -> Array:
    """``exp(y)``, in place where NumPy can."""
    return np.exp(y, out=y) if type(y) is np.ndarray else xp.exp(y)


def _total(xp: Namespace, powers: Array, axis: int) -> Array:
    """The sum of powers, which is 1 or more unless all elements are -inf."""
    return xp.maximum(xp.sum(powers, axis=axis, keepdims=True), 1)
