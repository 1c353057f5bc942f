"""Expressions as text, in the notation that the parser reads."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tushuo.errors import UsageError
from tushuo.gradients.symbolic.expression import (
    HALF,
    MINUS_ONE,
    ONE,
    Call,
    Expression,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
)

MAX_PRINTED = 20_000
"""Nodes of the largest expression that is printed; what is shared in memory is written in full."""

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
"""How tightly the outermost operator binds."""


def text(e: Expression) -> str:
    """The expression in Python's notation.

    Raises:
        UsageError: It has more than ``MAX_PRINTED`` nodes.
    """
    printable(e)
    return _written(e)[0]


def printable(e: Expression) -> None:
    """Require an expression of a size that can be printed."""
    if e.size > MAX_PRINTED:
        raise UsageError(
            f"the expression has {e.size} nodes written out, {MAX_PRINTED} can be printed",
            hint="simplify it, or print a part of it",
        )


def split_sign(term: Expression) -> tuple[bool, Expression]:
    """Whether a term is subtracted, and the term without its sign."""
    if isinstance(term, Number) and term.value < 0:
        return True, Number(-term.value)
    if isinstance(term, Product) and term.args and isinstance(term.args[0], Number):
        value = term.args[0].value
        if value < 0 and len(term.args) > 1:
            rest = term.args[1:]
            factors = rest if value == -1 else (Number(-value), *rest)
            return True, factors[0] if len(factors) == 1 else Product(*factors)
    return False, term


def fraction(factors: Sequence[Expression]) -> tuple[list[Expression], list[Expression]]:
    """The factors of numerator and denominator of a product."""
    above: list[Expression] = []
    below: list[Expression] = []
    for factor in factors:
        if isinstance(factor, Number) and factor.value.denominator != 1:
            below.append(Number(factor.value.denominator))
            factor = Number(factor.value.numerator)
            if factor == ONE:
                continue
        if (inverted := inverse(factor)) is not None:
            below.append(inverted)
        else:
            above.append(factor)
    return above, below


def inverse(e: Expression) -> Expression | None:
    """What ``e`` is one over, for a power with a negative number for exponent."""
    if not (isinstance(e, Power) and isinstance(e.exponent, Number) and e.exponent.value < 0):
        return None
    return e.base if e.exponent == MINUS_ONE else Power(e.base, Number(-e.exponent.value))


def _written(e: Expression) -> tuple[str, int]:
    """The text, and how tightly its outermost operator binds."""
    match e:
        case Number():
            return _number(e.value)
        case Symbol():
            return e.name, ATOM
        case Call():
            return f"{e.function}({_written(e.argument)[0]})", ATOM
        case Sum():
            return _sum(e), SUM
        case Power() if e.exponent == HALF:
            return f"sqrt({_written(e.base)[0]})", ATOM
        case Power() if inverse(e) is not None:
            return _product((e,))
        case Power():
            return f"{_within(e.base, ATOM)}**{_within(e.exponent, POWER)}", POWER
        case _:
            return _signed(e)


def _number(value: Fraction) -> tuple[str, int]:
    binds = UNARY if value < 0 else ATOM
    return str(value), binds if value.denominator == 1 else PRODUCT


def _sum(e: Expression) -> str:
    parts = []
    for term in e.args:
        minus, rest = split_sign(term)
        sign = " - " if minus else " + "
        parts.append(sign + _within(rest, PRODUCT))
    joined = "".join(parts)
    return ("-" if joined.startswith(" - ") else "") + joined[3:] if joined else "0"


def _signed(e: Expression) -> tuple[str, int]:
    minus, rest = split_sign(e)
    if not minus:
        return _product(e.args)
    return f"-{_within(rest, PRODUCT)}", UNARY


def _product(factors: Sequence[Expression]) -> tuple[str, int]:
    above, below = fraction(factors)
    top = "*".join(_within(f, POWER) for f in above) or "1"
    if not below:
        return top, PRODUCT
    if len(below) == 1:
        return f"{top}/{_within(below[0], POWER)}", PRODUCT
    return f"{top}/({'*'.join(_within(f, POWER) for f in below)})", PRODUCT


def _within(e: Expression, binds: int) -> str:
    """The text, in brackets where its outermost operator binds less tightly."""
    written, own = _written(e)
    return written if own >= binds else f"({written})"
