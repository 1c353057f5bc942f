"""Exponentials, logarithms, roots and the error function, elementwise.

Where a derivative is infinite (``log``, ``sqrt`` at 0) or overflows (``exp``), a cotangent of zero
stays zero: see ``guarded_multiply``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tushuo.graph import erf as error_function
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Elementwise, Slope, apply
from tushuo.graph.ops.arithmetic import guarded_divide, guarded_multiply, negative
from tushuo.graph.ops.compare import equal, where
from tushuo.graph.ops.function import Function
from tushuo.graph.ops.promotion import Operand, binary, unary
from tushuo.graph.tensor import Tensor, asarray


class Exp(
    Function, value=lambda xp, x: xp.exp(x), slope=lambda t, x, out: guarded_multiply(t, out)
):
    """``e ** x``."""


class Expm1(
    Function,
    value=lambda xp, x: xp.expm1(x),
    slope=lambda t, x, out: guarded_multiply(t, out + 1),
):
    """``e ** x - 1``, accurate near 0."""


class Log(Function, value=lambda xp, x: xp.log(x), slope=lambda t, x, out: guarded_divide(t, x)):
    """The natural logarithm."""


class Log1p(
    Function, value=lambda xp, x: xp.log1p(x), slope=lambda t, x, out: guarded_divide(t, x + 1)
):
    """``log(1 + x)``, accurate near 0."""


class Log2(
    Function,
    value=lambda xp, x: xp.log2(x),
    slope=lambda t, x, out: guarded_divide(t * (1 / math.log(2)), x),
):
    """The logarithm to base 2."""


class Log10(
    Function,
    value=lambda xp, x: xp.log10(x),
    slope=lambda t, x, out: guarded_divide(t * (1 / math.log(10)), x),
):
    """The logarithm to base 10."""


class Sqrt(
    Function,
    value=lambda xp, x: xp.sqrt(x),
    slope=lambda t, x, out: guarded_divide(t * 0.5, out),
):
    """The square root."""


class Rsqrt(
    Function,
    value=lambda xp, x: 1 / xp.sqrt(x),
    slope=lambda t, x, out: guarded_divide(guarded_multiply(t * -0.5, out), x),
):
    """``1 / sqrt(x)``."""


class Square(
    Function, value=lambda xp, x: x * x, slope=lambda t, x, out: guarded_multiply(t * 2, x)
):
    """``x * x``."""


class Reciprocal(
    Function,
    value=lambda xp, x: 1 / x,
    slope=lambda t, x, out: negative(guarded_divide(guarded_multiply(t, out), x)),
):
    """``1 / x``."""


class Erf(
    Function,
    value=error_function.erf,
    slope=lambda t, x, out: t * exp(-square(x)) * (2 / math.sqrt(math.pi)),
):
    """The error function."""


class LogAddExp(Elementwise):
    """``log(e ** x + e ** y)``, without overflow."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The value."""
        return xp.logaddexp(*inputs)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """The shares ``exp(x - out)`` and ``exp(y - out)``; 0 where both are -inf."""
        x, y = inputs
        level = where(equal(out, -math.inf), 0, out)
        return lambda t: t * exp(x - level), lambda t: t * exp(y - level)


_EXP, _EXPM1, _LOG, _LOG1P, _LOG2, _LOG10 = Exp(), Expm1(), Log(), Log1p(), Log2(), Log10()
_SQRT, _RSQRT, _SQUARE, _RECIPROCAL = Sqrt(), Rsqrt(), Square(), Reciprocal()
_ERF, _LOGADDEXP = Erf(), LogAddExp()


def exp(x: Operand) -> Tensor:
    """``e ** x``."""
    return unary(_EXP, x)


def expm1(x: Operand) -> Tensor:
    """``e ** x - 1``, accurate near 0."""
    return unary(_EXPM1, x)


def log(x: Operand) -> Tensor:
    """The natural logarithm: -inf at 0, NaN below."""
    return unary(_LOG, x)


def log1p(x: Operand) -> Tensor:
    """``log(1 + x)``, accurate near 0."""
    return unary(_LOG1P, x)


def log2(x: Operand) -> Tensor:
    """The logarithm to base 2."""
    return unary(_LOG2, x)


def log10(x: Operand) -> Tensor:
    """The logarithm to base 10."""
    return unary(_LOG10, x)


def sqrt(x: Operand) -> Tensor:
    """The square root: NaN below 0; the derivative at 0 is infinite."""
    return unary(_SQRT, x)


def rsqrt(x: Operand) -> Tensor:
    """``1 / sqrt(x)``."""
    return unary(_RSQRT, x)


def square(x: Operand) -> Tensor:
    """``x * x``, for integers too."""
    return apply(_SQUARE, asarray(x))


def reciprocal(x: Operand) -> Tensor:
    """``1 / x``."""
    return unary(_RECIPROCAL, x)


def erf(x: Operand) -> Tensor:
    """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t^2)`` from 0 to x."""
    return unary(_ERF, x)


def logaddexp(x: Operand, y: Operand) -> Tensor:
    """``log(e ** x + e ** y)`` without overflow, with broadcasting.

    Where both are -inf the result is -inf and the derivatives are 0.
    """
    return binary(_LOGADDEXP, x, y, real=True)
