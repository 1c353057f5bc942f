"""Expressions as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from tushuo.gradients.symbolic.expression import (
    HALF,
    Call,
    Expression,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
)
from tushuo.gradients.symbolic.functions import FUNCTIONS
from tushuo.gradients.symbolic.text import fraction, inverse, printable, split_sign

_GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
        *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi"),
        *("Psi", "Omega"),
    )
)
_INDEXED = re.compile(r"([A-Za-z]+?)_?(\d+)")


def latex(e: Expression) -> str:
    """The expression in LaTeX, without dollar signs.

    Raises:
        UsageError: It is too large to be printed.
    """
    printable(e)
    return _written(e)


def _written(e: Expression) -> str:
    match e:
        case Number():
            return _number(e.value)
        case Symbol():
            return _symbol(e.name)
        case Call(function="exp"):
            return f"e^{{{_written(e.argument)}}}"
        case Call(function="abs"):
            return rf"\left|{_written(e.argument)}\right|"
        case Call():
            return FUNCTIONS[e.function].latex + _bracketed(_written(e.argument))
        case Sum():
            return _sum(e)
        case Power():
            return _power(e)
        case _:
            minus, rest = split_sign(e)
            factors = rest.args if isinstance(rest, Product) else (rest,)
            return ("-" if minus else "") + _product(factors)


def _number(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def _symbol(name: str) -> str:
    if indexed := _INDEXED.fullmatch(name):
        return f"{_symbol(indexed[1])}_{{{indexed[2]}}}"
    if name in _GREEK:
        return f"\\{name}"
    return name if len(name) == 1 else rf"\mathrm{{{name}}}".replace("_", r"\_")


def _sum(e: Expression) -> str:
    parts = []
    for term in e.args:
        minus, rest = split_sign(term)
        written = _written(rest)
        if isinstance(rest, Sum) or written.startswith("-"):
            written = _bracketed(written)
        parts.append((" - " if minus else " + ") + written)
    joined = "".join(parts)
    return ("-" if joined.startswith(" - ") else "") + joined[3:] if joined else "0"


def _power(e: Power) -> str:
    if e.exponent == HALF:
        return rf"\sqrt{{{_written(e.base)}}}"
    if inverse(e) is not None:
        return _product((e,))
    exponent = f"^{{{_written(e.exponent)}}}"
    base = e.base
    if isinstance(base, Call) and base.function not in ("exp", "abs"):
        return FUNCTIONS[base.function].latex + exponent + _bracketed(_written(base.argument))
    written = _written(base)
    bare = isinstance(base, Symbol) or written.isdigit()
    return (written if bare else _bracketed(written)) + exponent


def _product(factors: Sequence[Expression]) -> str:
    above, below = fraction(factors)
    if not below:
        return _factors(above)
    return rf"\frac{{{_factors(above)}}}{{{_factors(below)}}}"


def _factors(factors: Sequence[Expression]) -> str:
    if len(factors) <= 1:
        return _written(factors[0]) if factors else "1"
    out = ""
    for factor in factors:
        written = _written(factor)
        if isinstance(factor, Sum | Product) or written.startswith("-"):
            written = _bracketed(written)
        out += _joint(out, written) + written
    return out


def _joint(before: str, after: str) -> str:
    """What stands between two factors, so that neither digits nor letters run together."""
    if before and after[0].isdigit():
        return r" \cdot "
    if after.startswith(r"\mathrm") or before.startswith(r"\mathrm"):
        return r" \, " if before else ""
    return " " if before else ""


def _bracketed(inner: str) -> str:
    return rf"\left({inner}\right)"
