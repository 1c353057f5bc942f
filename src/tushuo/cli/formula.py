"""An expression that a user typed as a function of tushuo's operations, as it is written."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.graph import Tensor

__all__ = ["Formula"]

_SIGNS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


class Formula:
    """A function of the names in an expression, one operation for each sign in it.

    The reader of :mod:`tushuo.gradients.symbolic` says first whether the text is safe. Its result
    would do, but it is put in order for derivatives, and a drawing shows what was written.

    Args:
        text: The expression in Python's notation.

    Attributes:
        names: The names in it, in the order in which they stand there.

    Raises:
        UsageError: The text is no expression of numbers, names, signs and known functions.
    """

    def __init__(self, text: str) -> None:
        from tushuo.gradients.symbolic import FUNCTIONS, parse

        parse(text)
        self.__name__ = text.strip()
        self._tree = ast.parse(self.__name__, mode="eval").body
        nodes = [node for node in ast.walk(self._tree) if isinstance(node, ast.Name)]
        nodes.sort(key=lambda node: (node.lineno, node.col_offset))
        self.names = [
            x for x in dict.fromkeys(n.id for n in nodes) if x not in (*FUNCTIONS, "sqrt")
        ]
        if not self.names:
            raise UsageError(
                f"there is no name in {text!r:.60}", hint="a drawing needs one, as in a * 2"
            )

    def __call__(self, **values: Tensor) -> Tensor:
        """The value."""
        result: Tensor = self._value(self._tree, values)
        return result

    def _value(self, node: ast.expr, values: dict[str, Tensor]) -> Any:
        from tushuo.graph import ops

        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return values[name]
            case ast.UnaryOp(op=sign, operand=operand):
                return _SIGNS[type(sign)](self._value(operand, values))
            case ast.BinOp(op=sign, left=left, right=right):
                return _SIGNS[type(sign)](self._value(left, values), self._value(right, values))
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                return getattr(ops, name)(self._value(argument, values))
        raise UsageError(f"an expression cannot have a part of kind {type(node).__name__}")
