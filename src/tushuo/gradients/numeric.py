"""The second way: numeric derivatives, from values of the function alone.

Each takes a function of one array that returns one number, made of tushuo's functions or of
NumPy's, and an array or number ``x``; each works in float64 and returns an array of ``x``'s shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from tushuo.errors import GradientError, GraphError, UsageError
from tushuo.gradients.calling import Array, Counted, Function, point

EPS = float(np.finfo(np.float64).eps)
Numeric = Callable[..., Array]


def one_sided(f: Function, x: Any, step: float | None = None) -> Array:
    """``(f(x + h) - f(x)) / h``, the limit of the definition cut short: n + 1 evaluations.

    The error is about h (cut short) plus eps / h (rounding); the default step, sqrt(eps) times
    the size of x, balances them (Nocedal and Wright, "Numerical Optimization", 2006, section 8.1).

    Raises:
        DTypeError: ``x`` does not hold real numbers.
        GradientError: ``f`` does not return one number.
        UsageError: The step is not positive.
    """
    f, at = _counted(f), point("one_sided", x)
    start = f(at)
    return _filled(at, ((f(a) - start) / h for a, _, h in _steps(at, step, EPS ** (1 / 2))))


def central(f: Function, x: Any, step: float | None = None) -> Array:
    """``(f(x + h) - f(x - h)) / 2h``: an error of order h^2, for 2n evaluations.

    The default step is eps^(1/3) times the size of x. Raises as :func:`one_sided`.
    """
    f, at = _counted(f), point("central", x)
    steps = _steps(at, step, EPS ** (1 / 3))
    return _filled(at, ((f(after) - f(before)) / (2 * h) for after, before, h in steps))


def richardson(f: Function, x: Any, step: float | None = None, levels: int = 5) -> Array:
    """Central differences at steps h, h/2, h/4, ..., extrapolated to step zero.

    The error of a central difference is a series in h^2; each level cancels one more of its terms
    (Richardson, 1911; Ridders, 1982). That allows a large first step, so that rounding matters
    little: 0.1 by default. 2n evaluations a level. Raises as :func:`one_sided`.
    """
    if levels < 1:
        raise UsageError(f"richardson has {levels} levels", hint="use 1 or more")
    h = 0.1 if step is None else _positive(step)
    row = [central(f, x, h / 2**level) for level in range(levels)]
    for order in range(1, levels):
        factor = 4**order
        row = [(factor * b - a) / (factor - 1) for a, b in pairwise(row)]
    return row[0]


def complex_step(f: Function, x: Any, step: float = 1e-20, check: bool = True) -> Array:
    """``Im f(x + ih) / h``: no difference, so no rounding, so as exact as f itself.

    For functions that can be continued to complex numbers (Squire and Trapp, "Using complex
    variables to estimate derivatives of real functions", SIAM Review 1998). n evaluations, and 2
    for the check.

    Args:
        f: The function; it is handed complex128.
        x: Where.
        step: h, so small that h^2 is nothing.
        check: Whether to compare with a central difference along one direction: functions that
            lose the imaginary part on the way (abs, max, conjugates) give wrong numbers otherwise.

    Raises:
        GradientError: ``f`` loses the imaginary part or cannot take complex numbers.
        DTypeError: ``x`` does not hold real numbers.
        UsageError: The step is not positive.
    """
    f, at, h = _counted(f), point("complex_step", x), _positive(step)
    result = _filled(at, (_imaginary(f, a) / h for a in _moved(at.astype(complex), 1j * h)))
    if check:
        _check_analytic(f, at, result)
    return result


METHODS: dict[str, Numeric] = {
    "one-sided": one_sided,
    "central": central,
    "Richardson": richardson,
    "complex step": complex_step,
}


def _counted(f: Function) -> Counted:
    return f if isinstance(f, Counted) else Counted(f)


def _positive(step: float) -> float:
    if not 0 < step < float("inf"):
        raise UsageError(f"the step of a numeric derivative is {step}", hint="use a positive one")
    return step


def _filled(at: Array, derivatives: Iterator[Any]) -> Array:
    return np.fromiter(derivatives, np.float64, at.size).reshape(at.shape)


def _moved(at: Array, by: complex) -> Iterator[Array]:
    """Copies of the array, each with one element moved."""
    for i in range(at.size):
        moved = at.copy()
        moved.flat[i] += by
        yield moved


def _steps(at: Array, step: float | None, scale: float) -> Iterator[tuple[Array, Array, float]]:
    """For each element the array after and before its step, and the step as rounding left it."""
    for i, value in enumerate(at.flat):
        h = scale * max(1.0, abs(value)) if step is None else _positive(step)
        after, before = at.copy(), at.copy()
        after.flat[i] += h
        before.flat[i] -= h
        taken = float(after.flat[i] - before.flat[i]) / 2
        if not taken:
            raise UsageError(f"a step of {h} is lost beside {value}", hint="use a larger one")
        yield after, before, taken


def _imaginary(f: Counted, at: Array) -> float:
    try:
        value = f(at)
    except (TypeError, GraphError) as error:
        raise GradientError(f"complex_step: f cannot take complex numbers: {error}") from error
    if not np.iscomplexobj(value):
        raise GradientError(
            f"complex_step: f made {np.asarray(value).dtype} of complex128",
            hint="abs, real parts and casts lose the imaginary part; use central",
        )
    return float(value.imag)


def _check_analytic(f: Counted, at: Array, gradient: Array) -> None:
    """Compare with a central difference along a fixed direction that favours no element."""
    direction = np.cos(np.arange(1.0, at.size + 1)).reshape(at.shape)
    h = EPS ** (1 / 3) * max(1.0, float(np.abs(at).max()))
    after, before = f(at + h * direction), f(at - h * direction)
    expected, got = float(after - before) / (2 * h), float(np.vdot(gradient, direction))
    rounding = EPS * abs(float(after)) / h
    if not abs(got - expected) <= 1e-4 * max(1e-2, abs(expected), abs(got)) + 100 * rounding:
        raise GradientError(
            f"complex_step gives {got:.9g} along a direction where differences give "
            f"{expected:.9g}: f loses the imaginary part on the way, or is not smooth here",
            hint="abs, max and comparisons do so; use central",
        )
