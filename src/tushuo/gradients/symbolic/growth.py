"""How expressions grow when they are differentiated again and again, or composed.

A derivative written out repeats what it is made of: the size of the tree can grow exponentially
while the computational graph, which shares, grows linearly (Baydin, Pearlmutter, Radul and Siskind,
"Automatic differentiation in machine learning: a survey", 2018, section 2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tushuo.gradients.symbolic.derivative import differentiate
from tushuo.gradients.symbolic.expression import (
    Call,
    Expression,
    Power,
    Product,
    Sum,
    Symbol,
    count_nodes,
    symbols,
    walk,
)
from tushuo.gradients.symbolic.parser import parse
from tushuo.gradients.symbolic.simplify import simplify


class Growth(NamedTuple):
    """Numbers of nodes of one derivative.

    Attributes:
        step: The order of the derivative, or the number of compositions.
        expression: Nodes of the expression that was differentiated.
        raw: Nodes of the derivative as the rules give it.
        simplified: The same after simplification.
        shared: Distinct nodes of the unsimplified derivative: what a graph would hold.
    """

    step: int
    expression: int
    raw: int
    simplified: int
    shared: int


def derivative_growth(e: Expression | str, by: str, orders: int = 5) -> list[Growth]:
    """Sizes of the derivatives of order 1 to ``orders``; it ends with the first constant one.

    Raises:
        UsageError: The expression cannot be read, lacks the symbol, or grows too deep.
    """
    e = parse(e) if isinstance(e, str) else e
    raw, rows, short = e, [], e
    for order in range(1, orders + 1):
        raw = differentiate(raw, by, simplified=False)
        short = differentiate(short, by)
        rows.append(Growth(order, e.size, raw.size, short.size, count_nodes(raw, shared=True)))
        if by not in symbols(short):
            break  # a constant: all further derivatives are 0
    return rows


def composition_growth(step: Expression | str, by: str, times: int = 6) -> list[Growth]:
    """Sizes of the derivatives of ``step(step(...))``, composed 1 to ``times`` times.

    The survey's example is the logistic map, ``composition_growth("4*x*(1 - x)", "x")``.

    Raises:
        UsageError: The expression cannot be read, lacks the symbol, or grows too deep.
    """
    step = parse(step) if isinstance(step, str) else step
    rows, e = [], step
    for count in range(1, times + 1):
        raw = differentiate(e, by, simplified=False)
        short = simplify(raw).size
        rows.append(Growth(count, e.size, raw.size, short, count_nodes(raw, shared=True)))
        e = substitute(step, {by: e})
    return rows


def substitute(e: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """The expression with symbols replaced by other expressions, all at once."""
    done: dict[Expression, Expression] = {}
    for node in walk(e):
        args = [done[a] for a in node.args]
        done[node] = _rebuilt(node, args, replacements)
    return done[e]


def _rebuilt(
    node: Expression, args: list[Expression], replacements: Mapping[str, Expression]
) -> Expression:
    match node:
        case Symbol():
            return replacements.get(node.name, node)
        case Sum() | Product():
            return type(node)(*args)
        case Power():
            return Power(*args)
        case Call():
            return Call(node.function, args[0])
    return node
