"""All ways to a derivative side by side: value, error, number of evaluations and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from tushuo.errors import TushuoError, UsageError
from tushuo.gradients.analytic import hand_written
from tushuo.gradients.automatic import Traced, forward_mode, reverse_mode
from tushuo.gradients.calling import Array, Counted, Function, number, point
from tushuo.gradients.numeric import METHODS
from tushuo.gradients.symbolic import Expression, differentiate, evaluate, function_of
from tushuo.gradients.symbolic import parse as read_expression
from tushuo.gradients.symbolic import symbols as symbols_of
from tushuo.gradients.table import html, plain
from tushuo.graph import asarray

REPEATS = 3  # of each measurement; the fastest counts


@dataclass(frozen=True)
class Row:
    """One way to the derivative.

    Attributes:
        way: Its name.
        value: The gradient, None where the way does not apply.
        error: The largest difference from the reference.
        evaluations: How often the function (by hand and symbolic: the derivative) was evaluated.
        seconds: The time of the fastest run, in seconds.
        note: Why it does not apply; "reference" for the one that errors are taken from.
    """

    way: str
    value: Array | None = None
    error: float = float("nan")
    evaluations: int = 0
    seconds: float = float("nan")
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare_gradients` found; prints as a table, in a notebook too.

    Attributes:
        rows: One for each way.
        reference: The gradient that errors are taken from, of the argument's shape.
    """

    rows: list[Row]
    reference: Array = field(repr=False)

    def __getitem__(self, way: str) -> Row:
        for row in self.rows:
            if row.way == way:
                return row
        raise UsageError(f"unknown way {way!r}", hint=f"use {', '.join(r.way for r in self.rows)}")

    def __str__(self) -> str:
        return plain(_HEAD, [_cells(row) for row in self.rows])

    def _repr_html_(self) -> str:
        return html(_HEAD, [_cells(row) for row in self.rows])


def compare_gradients(
    f: Function | None,
    x: Any,
    analytic: Function | None = None,
    expression: Expression | str | None = None,
    symbols: Sequence[str] | None = None,
) -> Comparison:
    """The gradient of ``f`` at ``x`` by every way that applies.

    Args:
        f: A function of one array that returns one number, made of tushuo's functions (or of
            NumPy's: then the automatic ways do not apply). None for that of ``expression``.
        x: Where; an array or a number. The work is done in float64.
        analytic: The hand-written gradient: from an array like ``x`` to one like it.
        expression: ``f`` as an expression or its text, with one symbol for each element of ``x``.
        symbols: The symbols in the order of the elements of ``x``; sorted by default.

    Returns:
        The table. Errors are differences from the analytic gradient if there is one, else from the
        symbolic, else from reverse mode, else from Richardson's.

    Raises:
        DTypeError: ``x`` does not hold real numbers.
        ShapeError: The analytic gradient has another shape than ``x``.
        GradientError: ``f`` does not return one number.
        UsageError: The expression cannot be read, has other symbols, or another value than ``f``.
    """
    at = point("compare_gradients", x)
    formula = None if expression is None else _Formula(expression, symbols, at)
    with np.errstate(all="ignore"):  # singular points show as inf and nan in the table
        return _compared(_function(f, formula, at), at, analytic, formula)


class _Formula:
    """An expression whose symbols are the elements of an array."""

    def __init__(self, given: Expression | str, symbols: Sequence[str] | None, at: Array) -> None:
        self.at = at
        self.e = read_expression(given, symbols) if isinstance(given, str) else given
        self.names = symbols_of(self.e) if symbols is None else list(symbols)
        if len(self.names) != at.size:
            raise UsageError(
                f"the expression has {len(self.names)} symbols ({', '.join(self.names)}), "
                f"the argument has {at.size} elements, of shape {at.shape}",
                hint="they must be one to one; name the symbols with symbols=[...]",
            )

    def __call__(self, x: Any) -> Any:
        """The expression as a function of one array."""
        flat = asarray(x).reshape(-1)
        return function_of(self.e, self.names)(*(flat[i] for i in range(self.at.size)))

    def gradient(self) -> tuple[Array, int]:
        """The derivative by each symbol, and how many were evaluated."""
        values = dict(zip(self.names, self.at.ravel().tolist(), strict=True))
        occurring = set(symbols_of(self.e))
        found = [
            number(evaluate(differentiate(self.e, name), values)) if name in occurring else 0.0
            for name in self.names
        ]
        return np.array(found, np.float64).reshape(self.at.shape), len(found)


def _compared(
    f: Function, at: Array, analytic: Function | None, formula: _Formula | None
) -> Comparison:
    found = [_measured("analytic", lambda: _by_hand(analytic, at))] if analytic else []
    found += [_measured(way, partial(_numeric, f, at, way)) for way in METHODS]
    if formula is not None:
        found.append(_measured("symbolic", formula.gradient))
    found.append(_measured("forward mode", lambda: _automatic(forward_mode, f, at)))
    found.append(_measured("reverse mode", lambda: _automatic(reverse_mode, f, at)))
    return _against_reference(found)


def _function(f: Function | None, formula: _Formula | None, at: Array) -> Function:
    """``f``, or the formula; both must have one value where both are given."""
    if f is None:
        if formula is None:
            raise UsageError("compare_gradients has nothing to compare", hint="give f")
        return formula
    value = Counted(f)(at)
    if formula is not None and not np.isclose(other := number(formula(at)), value, equal_nan=True):
        raise UsageError(
            f"the expression has the value {other:.9g} where f has {value:.9g}",
            hint="they must be the same function; is the order of symbols=[...] right?",
        )
    return f


def _by_hand(analytic: Function, at: Array) -> tuple[Array, int]:
    return hand_written(analytic, at), 1


def _numeric(f: Function, at: Array, way: str) -> tuple[Array, int]:
    counted = Counted(f)
    return METHODS[way](counted, at), counted.calls


def _automatic(mode: Callable[[Function, Any], Array], f: Function, at: Array) -> tuple[Array, int]:
    traced = Traced(f)
    return mode(traced, at), traced.calls


def _measured(way: str, run: Callable[[], tuple[Array, int]]) -> Row:
    """A way's row; one that does not apply says why. The hand-written one must apply."""
    fastest = float("inf")
    try:
        for _ in range(REPEATS):
            start = time.perf_counter()
            value, evaluations = run()
            fastest = min(fastest, time.perf_counter() - start)
    except (TushuoError, TypeError) as error:
        if way == "analytic":
            raise
        return Row(way, note=f"does not apply: {_reason(error)}")
    return Row(way, value, evaluations=evaluations, seconds=fastest)


def _reason(error: Exception) -> str:
    if isinstance(error, TushuoError):
        return error.problem
    return f"f takes no Tensors, it is not made of tushuo's functions ({error})"


def _against_reference(rows: list[Row]) -> Comparison:
    by_way = {row.way: row for row in rows if row.value is not None}
    preferred = ("analytic", "symbolic", "reverse mode", "Richardson")
    name = next(way for way in preferred if way in by_way)
    reference = by_way[name].value
    assert reference is not None
    return Comparison([_with_error(row, name, reference) for row in rows], reference)


def _with_error(row: Row, name: str, reference: Array) -> Row:
    if row.value is None:
        return row
    error = float(np.abs(row.value - reference).max())
    note = "reference" if row.way == name else ""
    return Row(row.way, row.value, error, row.evaluations, row.seconds, note)


_HEAD = ("way", "gradient", "error", "evaluations", "time", "")


def _cells(row: Row) -> list[str]:
    if row.value is None:
        return [row.way, "", "", "", "", row.note]
    shown = np.array2string(row.value.ravel(), precision=8, threshold=4, edgeitems=2, separator=" ")
    value = f"{row.value[()]:.10g}" if not row.value.ndim else " ".join(shown.split())
    cells = [
        row.way,
        value,
        f"{row.error:.1e}",
        str(row.evaluations),
        f"{row.seconds * 1e6:.0f} us",
    ]
    return [*cells, row.note]
