"""Arithmetic of two operands, with broadcasting."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tushuo.errors import DTypeError
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Elementwise, Slope, apply
from tushuo.graph.ops.compare import where
from tushuo.graph.ops.promotion import Operand, binary, kind
from tushuo.graph.tensor import Tensor, asarray


class Add(Elementwise):
    """``x + y``."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The sum."""
        x, y = inputs
        return x + y

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """1 and 1."""
        return same, same


class Subtract(Elementwise):
    """``x - y``."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The difference."""
        x, y = inputs
        return x - y

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """1 and -1."""
        return same, negative


class Multiply(Elementwise):
    """``x * y``."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The product."""
        x, y = inputs
        return x * y

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """Y and x; ``x * log(x)`` behind a ``where`` needs the guard at x = 0."""
        x, y = inputs
        return lambda t: guarded_multiply(t, y), lambda t: guarded_multiply(t, x)


class Divide(Elementwise):
    """``x / y``."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The quotient."""
        x, y = inputs
        return x / y

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """1 / y and -x / y^2."""
        y = inputs[1]
        return (
            lambda t: guarded_divide(t, y),
            lambda t: negative(guarded_divide(guarded_multiply(t, out), y)),
        )


class Pow(Elementwise):
    """``x ** y``, for x > 0, or a constant integer y."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The power."""
        x, y = inputs
        return x**y

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """Y x^(y-1) and log(x) x^y."""
        from tushuo.graph.ops.math import log

        x, y = inputs
        return (
            lambda t: guarded_multiply(t * y, pow(x, y - 1)),
            lambda t: guarded_multiply(guarded_multiply(t, out), log(x)),
        )


class Negative(Elementwise):
    """``-x``."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The opposite."""
        return -inputs[0]

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """-1."""
        return (negative,)


class Maximum(Elementwise):
    """The larger of two."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The larger."""
        return xp.maximum(*inputs)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """1 for the larger, 0 for the smaller, half each where they are equal."""
        x, y = inputs
        return _choice(x > y, x == y), _choice(y > x, x == y)


class Minimum(Elementwise):
    """The smaller of two."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The smaller."""
        return xp.minimum(*inputs)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """1 for the smaller, 0 for the larger, half each where they are equal."""
        x, y = inputs
        return _choice(x < y, x == y), _choice(y < x, x == y)


class GuardedMultiply(Elementwise):
    """``t * d``, but 0 where one of them is 0, whatever the other is.

    Derivatives flow through it: what does not count in a result (t = 0) stays at zero, even where
    the slope d is infinite or NaN.
    """

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The product, or zero."""
        t, d = inputs
        product = t * d
        if _finite(xp, product):
            return product
        return xp.where((t == 0) | (d == 0), xp.zeros_like(product), product)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """D and t."""
        t, d = inputs
        return lambda s: guarded_multiply(s, d), lambda s: guarded_multiply(s, t)


class GuardedDivide(Elementwise):
    """``t / y``, but 0 where t is 0, whatever y is."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The quotient, or zero."""
        t, y = inputs
        quotient = t / y
        if _finite(xp, quotient):
            return quotient
        return xp.where(t == 0, xp.zeros_like(quotient), quotient)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """1 / y and -t / y^2."""
        y = inputs[1]
        return (
            lambda s: guarded_divide(s, y),
            lambda s: negative(guarded_divide(guarded_multiply(s, out), y)),
        )


_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _POW = Add(), Subtract(), Multiply(), Divide(), Pow()
_NEGATIVE, _MAXIMUM, _MINIMUM = Negative(), Maximum(), Minimum()
_GUARDED_MULTIPLY, _GUARDED_DIVIDE = GuardedMultiply(), GuardedDivide()


def add(x: Operand, y: Operand) -> Tensor:
    """``x + y``, elementwise with broadcasting."""
    return binary(_ADD, x, y)


def subtract(x: Operand, y: Operand) -> Tensor:
    """``x - y``, elementwise with broadcasting."""
    return binary(_SUBTRACT, x, y)


def multiply(x: Operand, y: Operand) -> Tensor:
    """``x * y``, elementwise with broadcasting."""
    return binary(_MULTIPLY, x, y)


def divide(x: Operand, y: Operand) -> Tensor:
    """``x / y``, elementwise with broadcasting, for floating-point operands."""
    return binary(_DIVIDE, x, y, real=True)


def pow(x: Operand, y: Operand) -> Tensor:
    """``x ** y``, elementwise with broadcasting; a power of 2 is a square.

    The derivative by y is that for x > 0; it is not needed where y is a constant.

    Raises:
        DTypeError: The operands are booleans, or of different kinds.
    """
    if type(y) is int and y == 2:
        from tushuo.graph.ops.math import square

        return square(x)
    if kind(asarray(x).data) is bool:
        raise DTypeError("Pow needs numbers, got bool", hint="cast with astype")
    return binary(_POW, x, y)


def negative(x: Operand) -> Tensor:
    """``-x``."""
    return apply(_NEGATIVE, asarray(x))


def maximum(x: Operand, y: Operand) -> Tensor:
    """The larger of two, elementwise; equal operands share the gradient evenly."""
    return binary(_MAXIMUM, x, y)


def minimum(x: Operand, y: Operand) -> Tensor:
    """The smaller of two, elementwise; equal operands share the gradient evenly."""
    return binary(_MINIMUM, x, y)


def guarded_multiply(t: Tensor, d: Tensor) -> Tensor:
    """``t * d``, but 0 where one is 0: for slopes ``d`` that may be infinite."""
    return apply(_GUARDED_MULTIPLY, t, d)


def guarded_divide(t: Tensor, y: Tensor) -> Tensor:
    """``t / y``, but 0 where t is 0, even if y is 0 too."""
    return apply(_GUARDED_DIVIDE, t, y)


def same(t: Tensor) -> Tensor:
    """The slope of 1."""
    return t


def _finite(xp: Namespace, x: Array) -> bool:
    """Whether NumPy can tell, in one fast pass, that no element is infinite or NaN."""
    if xp is not np:
        return False
    flat = x.ravel("K")
    return math.isfinite(flat.dot(flat))


def _choice(won: Tensor, tied: Tensor) -> Slope:
    return lambda t: where(won, t, where(tied, t * 0.5, 0))
