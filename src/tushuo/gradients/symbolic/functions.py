"""The functions that expressions may call: value, derivative, LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tushuo.errors import UsageError
from tushuo.gradients.symbolic.expression import HALF, ONE, Call, Expression, Power


class Function(NamedTuple):
    """One function of one argument; its value is that of the operation ``tushuo.<name>``.

    Attributes:
        latex: How LaTeX writes its name.
        derivative: From the argument u to the derivative at u; None where there is none.
        why: What is in the way of a derivative.
    """

    latex: str
    derivative: Callable[[Expression], Expression] | None
    why: str = ""


def sqrt(u: Expression) -> Expression:
    """The square root, which is a power."""
    return Power(u, HALF)


def _sigmoid(u: Expression) -> Expression:
    s = Call("sigmoid", u)
    return s * (1 - s)


FUNCTIONS = {
    "exp": Function(r"\exp", lambda u: Call("exp", u)),
    "log": Function(r"\ln", lambda u: 1 / u),
    "sin": Function(r"\sin", lambda u: Call("cos", u)),
    "cos": Function(r"\cos", lambda u: -Call("sin", u)),
    "tan": Function(r"\tan", lambda u: 1 + Call("tan", u) ** 2),
    "sinh": Function(r"\sinh", lambda u: Call("cosh", u)),
    "cosh": Function(r"\cosh", lambda u: Call("sinh", u)),
    "tanh": Function(r"\tanh", lambda u: 1 - Call("tanh", u) ** 2),
    "asin": Function(r"\arcsin", lambda u: 1 / sqrt(ONE - u**2)),
    "acos": Function(r"\arccos", lambda u: -1 / sqrt(ONE - u**2)),
    "atan": Function(r"\arctan", lambda u: 1 / (1 + u**2)),
    "sigmoid": Function(r"\sigma", _sigmoid),
    "softplus": Function(r"\operatorname{softplus}", lambda u: Call("sigmoid", u)),
    "abs": Function(r"\operatorname{abs}", None, "it has a kink at 0"),
    "relu": Function(r"\operatorname{relu}", None, "it has a kink at 0"),
    "sign": Function(r"\operatorname{sign}", None, "it jumps at 0"),
    "floor": Function(r"\operatorname{floor}", None, "it jumps at every integer"),
    "ceil": Function(r"\operatorname{ceil}", None, "it jumps at every integer"),
    "round": Function(r"\operatorname{round}", None, "it jumps between the integers"),
}


def call(name: str, argument: Expression) -> Expression:
    """A function of the list applied to an argument; ``sqrt`` becomes a power.

    Raises:
        UsageError: The function is unknown.
    """
    if name == "sqrt":
        return sqrt(argument)
    if name not in FUNCTIONS:
        raise UsageError(
            f"unknown function {name!r} in an expression",
            hint=f"use one of {', '.join(sorted([*FUNCTIONS, 'sqrt']))}",
        )
    return Call(name, argument)
