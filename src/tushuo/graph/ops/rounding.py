"""Absolute value, sign, clipping and rounding, elementwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Elementwise, Slope, Spec, Stop, apply
from tushuo.graph.ops.compare import where
from tushuo.graph.ops.function import Function
from tushuo.graph.ops.promotion import Operand, kind, operand
from tushuo.graph.tensor import Tensor, asarray


class Step(Stop):
    """Base of functions of each element that are constant but for jumps."""

    value: ClassVar[Callable[[Namespace, Array], Array]]

    def __init_subclass__(cls, value: Callable[[Namespace, Array], Array]) -> None:
        cls.value = value

    def infer(self, *inputs: Spec) -> Spec:
        """That of the operand."""
        return inputs[0]

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The value."""
        return type(self).value(xp, inputs[0])


class Sign(Step, value=lambda xp, x: xp.sign(x)):
    """-1, 0 or 1."""


class Floor(Step, value=lambda xp, x: xp.floor(x)):
    """The next integer below."""


class Ceil(Step, value=lambda xp, x: xp.ceil(x)):
    """The next integer above."""


def _rounded(xp: Namespace, x: Array) -> Array:
    """NumPy makes small floats of booleans."""
    return x if xp is np and x.dtype.kind == "b" else xp.round(x)


class Round(Step, value=_rounded):
    """The nearest integer; halves go to the even one."""


class Trunc(Step, value=lambda xp, x: xp.trunc(x)):
    """The next integer towards zero."""


class Abs(Function, value=lambda xp, x: xp.abs(x), slope=lambda t, x, out: t * sign(x)):
    """The absolute value."""


@dataclass(frozen=True)
class Clip(Elementwise):
    """The nearest value of a closed interval; None is no bound."""

    min: float | None
    max: float | None

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The value, clipped."""
        return xp.clip(inputs[0], self.min, self.max)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """1 on the closed interval, 0 outside."""
        x = inputs[0]
        return (lambda t: where(x == out, t, 0),)


_ABS, _SIGN, _FLOOR, _CEIL, _ROUND, _TRUNC = Abs(), Sign(), Floor(), Ceil(), Round(), Trunc()


def abs(x: Operand) -> Tensor:
    """The absolute value; the derivative at 0 is 0."""
    return apply(_ABS, asarray(x))


def sign(x: Operand) -> Tensor:
    """-1, 0 or 1; the derivative is 0 everywhere."""
    return apply(_SIGN, asarray(x))


def floor(x: Operand) -> Tensor:
    """The next integer below, in the operand's data type; the derivative is 0 everywhere."""
    return apply(_FLOOR, asarray(x))


def ceil(x: Operand) -> Tensor:
    """The next integer above, in the operand's data type; the derivative is 0 everywhere."""
    return apply(_CEIL, asarray(x))


def round(x: Operand) -> Tensor:
    """The nearest integer, halves to the even one; the derivative is 0 everywhere."""
    return apply(_ROUND, asarray(x))


def trunc(x: Operand) -> Tensor:
    """The next integer towards zero; the derivative is 0 everywhere."""
    return apply(_TRUNC, asarray(x))


def clip(x: Operand, min: float | None = None, max: float | None = None) -> Tensor:
    """The nearest value of the closed interval from ``min`` to ``max``.

    The derivative is 1 on the interval, its ends included, and 0 outside.

    Args:
        x: A Tensor.
        min: The lower bound, a number; None for none.
        max: The upper bound, a number; where it is below ``min``, the result is ``max``.

    Raises:
        DTypeError: A bound is of another kind than ``x``.
    """
    t = asarray(x)
    bounds = (None if bound is None else _bound(bound, t) for bound in (min, max))
    return apply(Clip(*bounds), t)


def _bound(bound: float, x: Tensor) -> float:
    operand("Clip", bound, x)  # refuses what does not fit
    return float(bound) if kind(x.data) is float else int(bound)
