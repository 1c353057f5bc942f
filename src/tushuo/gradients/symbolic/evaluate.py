"""The value of an expression, by the same operations that the graph is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from tushuo.errors import UsageError
from tushuo.gradients.symbolic.expression import (
    HALF,
    MINUS_ONE,
    Call,
    Expression,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    symbols,
    walk,
)
from tushuo.graph import Tensor, asarray, ops


def evaluate(e: Expression, values: Mapping[str, Any]) -> Tensor:
    """The value where symbols have given values.

    Args:
        e: The expression.
        values: For each symbol a Tensor, array or number; arrays are broadcast. Variables of a
            graph are remembered as ever, so that automatic derivatives can be taken.

    Returns:
        The value: NaN or infinite where the expression has none.

    Raises:
        UsageError: A symbol has no value, or a number in the expression is beyond float64.
    """
    if missing := [name for name in symbols(e) if name not in values]:
        raise UsageError(f"no value for symbol {missing[0]!r}", hint="pass values={'name': number}")
    found: dict[Expression, Any] = {}
    with np.errstate(all="ignore"):
        for node in walk(e):
            args = [found[a] for a in node.args]
            value = _value(node, args, values)
            constant = args and all(isinstance(a, float) for a in args)
            found[node] = float(value) if constant else value  # numbers take the others' data type
    return asarray(found[e])


def function_of(e: Expression, names: Sequence[str] | None = None) -> Callable[..., Tensor]:
    """The expression as a function of its symbols, in the order of ``names`` (sorted)."""
    order = symbols(e) if names is None else list(names)

    def function(*args: Any) -> Tensor:
        return evaluate(e, dict(zip(order, args, strict=True)))

    return function


def _value(node: Expression, args: Sequence[Any], values: Mapping[str, Any]) -> Any:
    match node:
        case Number():
            return _float(node)
        case Symbol():
            given = values[node.name]
            return float(given) if isinstance(given, int | float) else asarray(given)
        case Sum():
            return reduce(ops.add, args)
        case Product():
            return reduce(ops.multiply, args)
        case Power():
            return _power(node, *args)
        case Call():
            return getattr(ops, node.function)(args[0])
    raise UsageError(f"a {type(node).__name__} cannot be evaluated")


def _power(node: Power, base: Any, exponent: Any) -> Tensor:
    if node.exponent == HALF:
        return ops.sqrt(base)
    if node.exponent == MINUS_ONE:
        return ops.divide(1.0, base)
    return ops.pow(base, 2 if exponent == 2.0 and isinstance(exponent, float) else exponent)


def _float(number: Number) -> float:
    try:
        return float(number.value)
    except OverflowError:
        raise UsageError("a number in the expression is beyond the range of float64") from None
