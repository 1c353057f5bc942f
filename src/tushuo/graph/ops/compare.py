"""Comparison, logic, and the choice between two values. Only ``where`` has a derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from tushuo.errors import DTypeError
from tushuo.graph.backend import Array, Namespace, namespace
from tushuo.graph.op import Elementwise, Op, Slope, Spec, Stop, apply, broadcast_shapes
from tushuo.graph.ops.promotion import BOOL, Operand, binary, kind, paired
from tushuo.graph.tensor import Tensor, asarray

_LARGE = 4096
"""From how many elements on a choice by bits pays off."""


class Truth(Stop):
    """Base of operations on broadcast elements whose result is true or false."""

    value: ClassVar[Callable[..., Array]]

    def __init_subclass__(cls, value: Callable[..., Array]) -> None:
        cls.value = value

    def infer(self, *inputs: Spec) -> Spec:
        """The broadcast shape, of booleans."""
        return Spec(broadcast_shapes(self.name, *(x.shape for x in inputs)), BOOL)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The truth of each element."""
        return type(self).value(xp, *inputs)


class Equal(Truth, value=lambda xp, x, y: x == y):
    """``x == y``."""


class NotEqual(Truth, value=lambda xp, x, y: x != y):
    """``x != y``."""


class Less(Truth, value=lambda xp, x, y: x < y):
    """``x < y``."""


class LessEqual(Truth, value=lambda xp, x, y: x <= y):
    """``x <= y``."""


class Greater(Truth, value=lambda xp, x, y: x > y):
    """``x > y``."""


class GreaterEqual(Truth, value=lambda xp, x, y: x >= y):
    """``x >= y``."""


class LogicalAnd(Truth, value=lambda xp, x, y: xp.logical_and(x, y)):
    """Whether both are true."""


class LogicalOr(Truth, value=lambda xp, x, y: xp.logical_or(x, y)):
    """Whether at least one is true."""


class LogicalXor(Truth, value=lambda xp, x, y: xp.logical_xor(x, y)):
    """Whether exactly one is true."""


class LogicalNot(Truth, value=lambda xp, x: xp.logical_not(x)):
    """Whether it is false."""


class Where(Elementwise):
    """``x`` where the condition is true, else ``y``.

    What is not chosen gets a derivative of zero. A rule whose slope may be infinite keeps that
    zero (see ``guarded_multiply``), so that ``where`` around a singularity gives no NaN.
    """

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The choice."""
        c, x, y = inputs
        if xp is np and c.size >= _LARGE and x.dtype == y.dtype and x.dtype.char in "efd":
            return _by_bits(c, x, y)
        return xp.where(c, x, y)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope | None]:
        """1 for the chosen, 0 for the other."""
        c = inputs[0]
        return None, lambda t: where(c, t, 0), lambda t: where(c, 0, t)


_EQUAL, _NOT_EQUAL, _LESS, _LESS_EQUAL = Equal(), NotEqual(), Less(), LessEqual()
_GREATER, _GREATER_EQUAL, _WHERE = Greater(), GreaterEqual(), Where()
_AND, _OR, _XOR, _NOT = LogicalAnd(), LogicalOr(), LogicalXor(), LogicalNot()


def equal(x: Operand, y: Operand) -> Tensor:
    """``x == y``, elementwise with broadcasting."""
    return binary(_EQUAL, x, y)


def not_equal(x: Operand, y: Operand) -> Tensor:
    """``x != y``, elementwise with broadcasting."""
    return binary(_NOT_EQUAL, x, y)


def less(x: Operand, y: Operand) -> Tensor:
    """``x < y``, elementwise with broadcasting."""
    return binary(_LESS, x, y)


def less_equal(x: Operand, y: Operand) -> Tensor:
    """``x <= y``, elementwise with broadcasting."""
    return binary(_LESS_EQUAL, x, y)


def greater(x: Operand, y: Operand) -> Tensor:
    """``x > y``, elementwise with broadcasting."""
    return binary(_GREATER, x, y)


def greater_equal(x: Operand, y: Operand) -> Tensor:
    """``x >= y``, elementwise with broadcasting."""
    return binary(_GREATER_EQUAL, x, y)


def logical_and(x: Operand, y: Operand) -> Tensor:
    """Whether both are true; operands are booleans, broadcast."""
    return _logical(_AND, x, y)


def logical_or(x: Operand, y: Operand) -> Tensor:
    """Whether at least one is true; operands are booleans, broadcast."""
    return _logical(_OR, x, y)


def logical_xor(x: Operand, y: Operand) -> Tensor:
    """Whether exactly one is true; operands are booleans, broadcast."""
    return _logical(_XOR, x, y)


def logical_not(x: Operand) -> Tensor:
    """Whether it is false; the operand is boolean."""
    return apply(_NOT, _truth(_NOT, asarray(x)))


def where(condition: Operand, x: Operand, y: Operand) -> Tensor:
    """``x`` where the condition is true, else ``y``, elementwise with broadcasting.

    Args:
        condition: Booleans.
        x: A Tensor or a number, which takes the data type of ``y``.
        y: A Tensor or a number, which takes the data type of ``x``.

    Raises:
        DTypeError: The condition is not boolean, or ``x`` and ``y`` are of different kinds.
        ShapeError: The shapes cannot be broadcast.
    """
    c = _truth(_WHERE, asarray(condition))
    if isinstance(x, int | float) and isinstance(y, int | float):
        number = float if isinstance(y, float) else type(x)
        x = Tensor.of(namespace(c.data).asarray(number(x)))
    return apply(_WHERE, c, *paired(_WHERE.name, x, y))


def _by_bits(c: Array, x: Array, y: Array) -> Array:
    """``np.where`` without its branch for each element, many times slower on irregular masks."""
    word = np.dtype(f"i{x.itemsize}")
    chosen = c.astype(word)
    np.negative(chosen, out=chosen)  # all bits set where true
    a, b = x.view(word), y.view(word)
    if b.ndim == 0 and b == 0:
        return (chosen & a).view(x.dtype)
    return (((a ^ b) & chosen) ^ b).view(x.dtype)


def _logical(op: Op, x: Operand, y: Operand) -> Tensor:
    x, y = paired(op.name, x, y)
    return apply(op, _truth(op, x), y)


def _truth(op: Op, x: Tensor) -> Tensor:
    if kind(x.data) is not bool:
        raise DTypeError(
            f"{op.name} needs booleans, got {x.dtype}", hint="compare first, as in x != 0"
        )
    return x
