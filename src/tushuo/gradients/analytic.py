"""The first way: a derivative worked out by hand, and written down as a function."""

from __future__ import annotations

from typing import Any

from tushuo.gradients.calling import Array, Function, like, point


def hand_written(derivative: Function, x: Any) -> Array:
    """The gradient that a hand-written function gives.

    Args:
        derivative: From ``x``, a float64 array, to the gradient, of the same shape.
        x: Where; an array or a number.

    Raises:
        ShapeError: The gradient has another shape than ``x``; most slips of the hand show here.
        DTypeError: ``x`` or the gradient does not hold real numbers.
    """
    at = point("the analytic gradient", x)
    return like("the analytic gradient", derivative(at.copy()), at)
