"""Base of the functions of one operand: value and slope in one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Elementwise, Slope
from tushuo.graph.tensor import Tensor

Value = Callable[[Namespace, Array], Array]
"""The value, from the functions of the array library and the operand."""

SlopeRule = Callable[[Tensor, Tensor, Tensor], Tensor]
"""``t`` times the derivative, from ``t``, the operand ``x`` and the result ``out``."""


class Function(Elementwise):
    """A function of each element, as in ``class Exp(Function, value=..., slope=...)``."""

    value: ClassVar[Value]
    slope: ClassVar[SlopeRule]

    def __init_subclass__(cls, value: Value, slope: SlopeRule) -> None:
        cls.value = value
        cls.slope = slope

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The value."""
        return type(self).value(xp, inputs[0])

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """The derivative."""
        slope = type(self).slope
        return (lambda t: slope(t, inputs[0], out),)
