"""From text to an expression, by a list of what is allowed: nothing in the text is ever run."""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction

from tushuo.errors import UsageError
from tushuo.gradients.symbolic.expression import Expression, Number, Symbol
from tushuo.gradients.symbolic.functions import FUNCTIONS, call

MAX_LENGTH = 4000
"""The longest text that is read, in characters."""

_BINARY: dict[type[ast.operator], Callable[[Expression, Expression], Expression]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_LARGEST = 10**300
_ALLOWED = "numbers, names, + - * / ** and functions of one argument"


def parse(text: str, symbols: Sequence[str] | None = None) -> Expression:
    """Read an expression, as ``(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)``.

    Args:
        text: The expression in Python's notation: numbers, names, ``+ - * / **``, brackets and the
            functions of ``FUNCTIONS`` (and ``sqrt``).
        symbols: The names that may occur; any name by default.

    Raises:
        UsageError: The text is no such expression; the message names what was found instead.
    """
    if not isinstance(text, str):
        raise UsageError(f"an expression must be text, got {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise UsageError(f"an expression has {len(text)} characters, the limit is {MAX_LENGTH}")
    try:
        return _Reader(text.strip(), symbols).read(_syntax(text.strip()))
    except RecursionError:
        raise UsageError(f"cannot read the expression {text!r:.60}: nested too deep") from None


def _syntax(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = f" at character {error.offset}" if error.offset else ""
        raise UsageError(f"cannot read the expression {text!r:.60}: {error.msg}{place}") from None
    except (ValueError, MemoryError) as error:
        raise UsageError(f"cannot read the expression {text!r:.60}: {error}") from None


class _Reader:
    """Builds an expression from the syntax tree, node by node; refuses all but a few kinds."""

    def __init__(self, text: str, symbols: Sequence[str] | None) -> None:
        self.text, self.symbols = text, symbols

    def read(self, node: ast.expr) -> Expression:
        """The expression that a syntax node stands for."""
        match node:
            case ast.Constant(value=value):
                return self.number(node, value)
            case ast.Name(id=name):
                return self.symbol(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.read(operand)
                return Number(-inner.value) if isinstance(inner, Number) else -inner
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](self.read(left), self.read(right))
            case ast.BinOp(op=ast.BitXor()):
                raise self.refused(node, "has ^", "write ** for powers")
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
                return call(name, self.read(argument))
            case ast.Call(func=ast.Name(id=name)):
                raise self.refused(node, f"calls {name} with other than one argument", "pass one")
        raise self.refused(
            node, f"cannot have a part of kind {type(node).__name__}", f"use {_ALLOWED}"
        )

    def number(self, node: ast.expr, value: object) -> Expression:
        """A literal as an exact rational."""
        if isinstance(value, int) and not isinstance(value, bool) and value < _LARGEST:
            return Number(value)
        if isinstance(value, float) and value - value == 0:
            return Number(Fraction(repr(value)))
        kind = type(value).__name__
        if kind in ("int", "float"):
            raise self.refused(node, "has a number beyond float64", "use numbers below 1e300")
        raise self.refused(node, f"has the {kind} {value!r:.30}", f"use {_ALLOWED}")

    def symbol(self, name: str) -> Expression:
        """A name that may occur."""
        if name in FUNCTIONS or name == "sqrt":
            raise UsageError(f"{name} is a function", hint=f"write {name}(...) with its argument")
        if self.symbols is not None and name not in self.symbols:
            known = ", ".join(self.symbols)
            raise UsageError(f"unknown symbol {name!r} in an expression", hint=f"use {known}")
        return Symbol(name)

    def refused(self, node: ast.expr, what: str, hint: str) -> UsageError:
        """The error for a part that is not allowed, with that part of the text."""
        part = ast.get_source_segment(self.text, node) or self.text
        return UsageError(f"an expression {what}: {part!r:.60}", hint=hint)
