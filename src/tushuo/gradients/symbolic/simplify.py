"""Simplification: one rule a kind of node, from the leaves up, until nothing changes.

Where an expression has a value, the simplified one has the same; it may have one where the first
had none (``x / x`` becomes 1, at 0 too). What would change values is left alone: ``sqrt(x**2)`` is
not x.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from tushuo.gradients.symbolic.expression import (
    ONE,
    ZERO,
    Call,
    Expression,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    walk,
)

_PASSES = 12
_BITS = 512  # of the longest number that a power is worked out to
_AT_ZERO = {
    **dict.fromkeys(("sin", "tan", "sinh", "tanh", "asin", "atan", "abs", "relu"), ZERO),
    **dict.fromkeys(("exp", "cos", "cosh"), ONE),
    "sigmoid": Number(Fraction(1, 2)),
}


def simplify(e: Expression) -> Expression:
    """The expression with numbers worked out, like terms collected and common factors taken out."""
    for _ in range(_PASSES):
        before, e = e, _once(e)
        if e == before:
            break
    return e


def _once(e: Expression) -> Expression:
    done: dict[Expression, Expression] = {}
    for node in walk(e):
        done[node] = _rule(node, [done[a] for a in node.args])
    return done[e]


def _rule(node: Expression, args: Sequence[Expression]) -> Expression:
    match node:
        case Sum():
            return _sum(args)
        case Product():
            return _product(args)
        case Power():
            return _power(*args)
        case Call():
            return _call(node.function, args[0])
    return node


def _sum(args: Iterable[Expression]) -> Expression:
    collected: dict[Expression, Fraction] = {}
    for term in _terms(args):
        coefficient, core = _coefficient(term)
        collected[core] = collected.get(core, Fraction(0)) + coefficient
    terms = [_scaled(c, core) for core, c in sorted(collected.items(), key=_term_order) if c]
    if len(terms) < 2:
        return terms[0] if terms else ZERO
    terms.sort(key=_subtracted)
    plain, factored = Sum(*terms), _factored(terms)
    return factored if factored.size < plain.size else plain


def _terms(args: Iterable[Expression]) -> Iterable[Expression]:
    """The terms of nested sums, and of sums multiplied by a number."""
    for arg in args:
        match arg:
            case Sum():
                yield from arg.args
            case Product(args=(Number(value=c), Sum() as inner)):
                yield from (_scaled(c * _coefficient(t)[0], _coefficient(t)[1]) for t in inner.args)
            case _:
                yield arg


def _coefficient(term: Expression) -> tuple[Fraction, Expression]:
    """The number that a term is multiplied by, and the rest."""
    match term:
        case Number(value=c):
            return c, ONE
        case Product(args=(Number(value=c), rest)):
            return c, rest
        case Product(args=(Number(value=c), *rest)):
            return c, Product(*rest)
    return Fraction(1), term


def _scaled(c: Fraction, core: Expression) -> Expression:
    if core == ONE:
        return Number(c)
    if c == 1:
        return core
    return Product(Number(c), *(core.args if isinstance(core, Product) else (core,)))


def _factored(terms: Sequence[Expression]) -> Expression:
    """The sum as a product with what all terms have in common."""
    split = [_coefficient(t) for t in terms]
    content = _content([c for c, _ in split])
    powers = [dict(map(_base_exponent, _factors(core))) for _, core in split]
    common = {b: x for b in powers[0] if (x := _shared_exponent([p.get(b) for p in powers]))}
    inverted = [_power(b, Number(-x)) for b, x in common.items()]
    rest = Sum(*(_product([Number(c / content), core, *inverted]) for c, core in split))
    return _product([Number(content), *(_power(b, Number(x)) for b, x in common.items()), rest])


def _content(numbers: Sequence[Fraction]) -> Fraction:
    """The largest number that leaves integers without a common divisor."""
    above = math.gcd(*(c.numerator for c in numbers))
    return Fraction(above, math.lcm(*(c.denominator for c in numbers)))


def _shared_exponent(exponents: Sequence[Expression | None]) -> Fraction | None:
    values = [x.value for x in exponents if isinstance(x, Number)]
    if len(values) < len(exponents) or min(values) * max(values) <= 0:
        return None
    return min(values, key=abs)


def _product(args: Iterable[Expression]) -> Expression:
    c, exponents = Fraction(1), dict[Expression, list[Expression]]()
    for factor in (f for arg in args for f in _factors(arg)):
        if isinstance(factor, Number):
            c *= factor.value
        else:
            base, exponent = _base_exponent(factor)
            exponents.setdefault(base, []).append(exponent)
    powers = [_power(b, x[0] if len(x) == 1 else _sum(x)) for b, x in exponents.items()]
    if c == 0 or not powers:
        return Number(c)
    if any(isinstance(p, Number | Product) for p in powers):
        return _product([Number(c), *powers])
    if c == -1 and len(powers) == 1 and isinstance(powers[0], Sum):
        return Sum(*(_product([Number(-1), t]) for t in powers[0].args))
    ordered = sorted(powers, key=_factor_order)
    return ordered[0] if len(ordered) == 1 and c == 1 else _scaled(c, Product(*ordered))


def _factors(e: Expression) -> Sequence[Expression]:
    return e.args if isinstance(e, Product) else (e,)


def _base_exponent(e: Expression) -> tuple[Expression, Expression]:
    return (e.base, e.exponent) if isinstance(e, Power) else (e, ONE)


def _power(base: Expression, exponent: Expression) -> Expression:
    if exponent == ZERO or base == ONE:
        return ONE
    if exponent == ONE:
        return base
    if not isinstance(exponent, Number):
        return Power(base, exponent)
    n = exponent.value
    if isinstance(base, Number):
        return _number_power(base.value, n)
    if n.denominator == 1 and isinstance(base, Power):
        return _power(base.base, _product([base.exponent, exponent]))
    if n.denominator == 1 and isinstance(base, Product):
        return _product([_power(f, exponent) for f in base.args])
    return Power(base, exponent)


def _number_power(base: Fraction, n: Fraction) -> Expression:
    """A power of a number, worked out where it is exact and not too long."""
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if base == 0:
        return ZERO if n > 0 else Power(ZERO, Number(n))
    if n.denominator == 1 and bits * abs(n) <= _BITS:
        return Number(base ** int(n))
    if n.denominator == 2 and base > 0 and bits * abs(n) <= _BITS:
        root = Fraction(math.isqrt(base.numerator), math.isqrt(base.denominator))
        if root * root == base:
            return Number(root ** int(2 * n))
    return Power(Number(base), Number(n))


def _call(name: str, u: Expression) -> Expression:
    if u == ZERO and name in _AT_ZERO:
        return _AT_ZERO[name]
    if name == "log" and u == ONE:
        return ZERO
    if isinstance(u, Call) and {name, u.function} == {"exp", "log"}:
        return u.argument
    return Call(name, u)


def _subtracted(term: Expression) -> bool:
    """Whether a term belongs behind the others: 1 - x reads better than -x + 1."""
    return _coefficient(term)[0] < 0


def _term_order(item: tuple[Expression, Fraction]) -> tuple[bool, Fraction, str]:
    """Numbers last, higher powers first, then by text."""
    core, _ = item
    degree = sum(map(_degree, _factors(core)), Fraction(0))
    return core == ONE, -degree, _label(core)


def _degree(factor: Expression) -> Fraction:
    base, exponent = _base_exponent(factor)
    if isinstance(base, Symbol) and isinstance(exponent, Number):
        return exponent.value
    return Fraction(0)


def _factor_order(e: Expression) -> tuple[bool, bool, str]:
    """Powers of symbols, functions, sums; then by text."""
    base, _ = _base_exponent(e)
    return isinstance(base, Sum), not isinstance(base, Symbol), _label(e)


def _label(e: Expression) -> str:
    """The text of a small expression, the digest of a large one."""
    return str(e) if e.size < 60 else e.key.hex()
