"""Circular and hyperbolic functions and their inverses, elementwise; angles are in radians."""

from __future__ import annotations

from collections.abc import Sequence

from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Elementwise, Slope
from tushuo.graph.ops.arithmetic import guarded_divide, guarded_multiply, negative
from tushuo.graph.ops.function import Function
from tushuo.graph.ops.math import sqrt
from tushuo.graph.ops.promotion import Operand, binary, unary
from tushuo.graph.tensor import Tensor


class Sin(Function, value=lambda xp, x: xp.sin(x), slope=lambda t, x, out: t * cos(x)):
    """The sine."""


class Cos(Function, value=lambda xp, x: xp.cos(x), slope=lambda t, x, out: t * -sin(x)):
    """The cosine."""


class Tan(Function, value=lambda xp, x: xp.tan(x), slope=lambda t, x, out: t * (out * out + 1)):
    """The tangent."""


class Asin(
    Function,
    value=lambda xp, x: xp.asin(x),
    slope=lambda t, x, out: guarded_divide(t, sqrt((1 - x) * (1 + x))),
):
    """The angle whose sine is x, in [-pi/2, pi/2]."""


class Acos(
    Function,
    value=lambda xp, x: xp.acos(x),
    slope=lambda t, x, out: negative(guarded_divide(t, sqrt((1 - x) * (1 + x)))),
):
    """The angle whose cosine is x, in [0, pi]."""


class Atan(Function, value=lambda xp, x: xp.atan(x), slope=lambda t, x, out: t / (x * x + 1)):
    """The angle whose tangent is x, in [-pi/2, pi/2]."""


class Sinh(
    Function, value=lambda xp, x: xp.sinh(x), slope=lambda t, x, out: guarded_multiply(t, cosh(x))
):
    """The hyperbolic sine."""


class Cosh(
    Function, value=lambda xp, x: xp.cosh(x), slope=lambda t, x, out: guarded_multiply(t, sinh(x))
):
    """The hyperbolic cosine."""


class Tanh(Function, value=lambda xp, x: xp.tanh(x), slope=lambda t, x, out: t * (1 - out * out)):
    """The hyperbolic tangent."""


class Asinh(Function, value=lambda xp, x: xp.asinh(x), slope=lambda t, x, out: t / sqrt(x * x + 1)):
    """The inverse of sinh."""


class Acosh(
    Function,
    value=lambda xp, x: xp.acosh(x),
    slope=lambda t, x, out: guarded_divide(t, sqrt((x - 1) * (x + 1))),
):
    """The inverse of cosh, for x >= 1."""


class Atanh(
    Function,
    value=lambda xp, x: xp.atanh(x),
    slope=lambda t, x, out: guarded_divide(t, (1 - x) * (1 + x)),
):
    """The inverse of tanh, for -1 <= x <= 1."""


class Atan2(Elementwise):
    """The angle of the point (x, y), from y and x."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The angle."""
        return xp.atan2(*inputs)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope]:
        """X / r^2 and -y / r^2; 0 at the origin."""
        y, x = inputs
        return (
            lambda t: guarded_divide(guarded_multiply(t, x), x * x + y * y),
            lambda t: negative(guarded_divide(guarded_multiply(t, y), x * x + y * y)),
        )


_SIN, _COS, _TAN, _ASIN, _ACOS, _ATAN = Sin(), Cos(), Tan(), Asin(), Acos(), Atan()
_SINH, _COSH, _TANH, _ASINH, _ACOSH, _ATANH = Sinh(), Cosh(), Tanh(), Asinh(), Acosh(), Atanh()
_ATAN2 = Atan2()


def sin(x: Operand) -> Tensor:
    """The sine."""
    return unary(_SIN, x)


def cos(x: Operand) -> Tensor:
    """The cosine."""
    return unary(_COS, x)


def tan(x: Operand) -> Tensor:
    """The tangent."""
    return unary(_TAN, x)


def asin(x: Operand) -> Tensor:
    """The angle whose sine is x, in [-pi/2, pi/2]; the derivative at -1 and 1 is infinite."""
    return unary(_ASIN, x)


def acos(x: Operand) -> Tensor:
    """The angle whose cosine is x, in [0, pi]; the derivative at -1 and 1 is infinite."""
    return unary(_ACOS, x)


def atan(x: Operand) -> Tensor:
    """The angle whose tangent is x, in [-pi/2, pi/2]."""
    return unary(_ATAN, x)


def atan2(y: Operand, x: Operand) -> Tensor:
    """The angle of the point (x, y), in [-pi, pi]; derivatives at the origin are 0."""
    return binary(_ATAN2, y, x, real=True)


def sinh(x: Operand) -> Tensor:
    """The hyperbolic sine."""
    return unary(_SINH, x)


def cosh(x: Operand) -> Tensor:
    """The hyperbolic cosine."""
    return unary(_COSH, x)


def tanh(x: Operand) -> Tensor:
    """The hyperbolic tangent."""
    return unary(_TANH, x)


def asinh(x: Operand) -> Tensor:
    """The inverse of sinh."""
    return unary(_ASINH, x)


def acosh(x: Operand) -> Tensor:
    """The inverse of cosh, for x >= 1; the derivative at 1 is infinite."""
    return unary(_ACOSH, x)


def atanh(x: Operand) -> Tensor:
    """The inverse of tanh, for -1 <= x <= 1."""
    return unary(_ATANH, x)
