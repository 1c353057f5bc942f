"""Derivatives of expressions by the rules of calculus, a rule a kind of node."""

from __future__ import annotations

from tushuo.errors import GradientError, UsageError
from tushuo.gradients.symbolic.expression import (
    ZERO,
    Call,
    Expression,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    expression,
    symbols,
    walk,
)
from tushuo.gradients.symbolic.functions import FUNCTIONS
from tushuo.gradients.symbolic.parser import parse
from tushuo.gradients.symbolic.simplify import simplify

Derivatives = dict[Expression, Expression]


def differentiate(
    e: Expression | str, by: Symbol | str, order: int = 1, simplified: bool = True
) -> Expression:
    """The derivative of an expression.

    Args:
        e: The expression, or its text.
        by: The variable.
        order: How many times to differentiate, at least 1.
        simplified: Whether to simplify after each time; without it, the rules are written down
            as they stand, products by 1 and sums with 0 among them.

    Raises:
        GradientError: A function in it has no derivative; the message names it.
        UsageError: The text cannot be read, the variable does not occur, or the order is below 1.
    """
    e, name = parse(e) if isinstance(e, str) else expression(e), str(by)
    if name not in symbols(e):
        known = ", ".join(symbols(e)) or "no symbol"
        raise UsageError(f"unknown symbol {name!r}", hint=f"the expression has {known}")
    if order < 1:
        raise UsageError(f"the order of a derivative is {order}", hint="use 1 or more")
    for _ in range(order):
        e = _derived(e, name)
        e = simplify(e) if simplified else e
    return e


def _derived(e: Expression, name: str) -> Expression:
    """One derivative; each distinct sub-expression is differentiated once."""
    found: Derivatives = {}
    for node in walk(e):
        if isinstance(node, Symbol) and node.name == name:
            found[node] = Number(1)
        elif any(a in found for a in node.args):  # the others do not depend on the variable
            found[node] = _rule(node, found)
    return found.get(e, ZERO)


def _rule(e: Expression, d: Derivatives) -> Expression:
    match e:
        case Sum():
            return Sum(*(d.get(a, ZERO) for a in e.args))
        case Product():
            return Sum(*(_product_term(e, i, d) for i, a in enumerate(e.args) if a in d))
        case Power():
            return _power_rule(e.base, e.exponent, d)
        case Call():
            return _derivative_at(e) * d[e.argument]
    raise GradientError(f"{type(e).__name__} has no rule for its derivative")


def _product_term(e: Product, i: int, d: Derivatives) -> Expression:
    return Product(*(d[a] if i == j else a for j, a in enumerate(e.args)))


def _power_rule(u: Expression, v: Expression, d: Derivatives) -> Expression:
    """``u**v``: that of powers, of exponentials, or of both."""
    if v == ZERO:
        return ZERO  # where the rule gives 0 * u**-1
    if v not in d:
        lowered = Number(v.value - 1) if isinstance(v, Number) else v - 1
        return v * u**lowered * d[u]
    grown = u**v * Call("log", u) * d[v]
    return grown if u not in d else grown + v * u ** (v - 1) * d[u]


def _derivative_at(e: Call) -> Expression:
    function = FUNCTIONS[e.function]
    if function.derivative is None:
        raise GradientError(
            f"{e.function} is not differentiable: {function.why}",
            hint="use automatic derivatives (tushuo.grad), which document what they take there",
        )
    return function.derivative(e.argument)
