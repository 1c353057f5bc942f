"""Expressions: immutable trees of numbers, symbols, sums, products, powers and functions.

A difference is a sum with a product by -1 in it, a quotient a product with a power of -1, so that
rules for five kinds of node are all that calculus needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from hashlib import blake2b
from typing import Union

from tushuo.errors import UsageError

MAX_DEPTH = 100
"""How deep expressions may nest; deeper ones would exhaust Python's stack."""

Operand = Union["Expression", int, float, Fraction]


class Expression:
    """Base of all expressions. Operators build larger ones and simplify nothing.

    Attributes:
        args: The sub-expressions.
        size: Number of nodes of the tree; a sub-expression that occurs twice counts twice.
        depth: Number of nodes from the root to the farthest leaf.
        key: A digest of the structure: equal expressions have equal keys, so that comparing costs
            the same for large ones, and the order of terms is the same in every run.

    Raises:
        UsageError: The expression is nested too deep.
    """

    __slots__ = ("args", "depth", "key", "size")

    args: tuple[Expression, ...]
    depth: int
    key: bytes
    size: int

    def __init__(self, label: str, *args: Expression) -> None:
        self.args = args
        self.size = 1 + sum(a.size for a in args)
        self.depth = 1 + max((a.depth for a in args), default=0)
        text = f"{type(self).__name__}:{label}".encode()
        self.key = blake2b(text + b"".join(a.key for a in args), digest_size=16).digest()
        if self.depth > MAX_DEPTH:
            raise UsageError(
                f"an expression is nested {self.depth} deep, the limit is {MAX_DEPTH}",
                hint="simplify it on the way, or use automatic derivatives (tushuo.grad)",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __add__(self, other: Operand) -> Expression:
        return Sum(self, expression(other))

    def __radd__(self, other: Operand) -> Expression:
        return Sum(expression(other), self)

    def __sub__(self, other: Operand) -> Expression:
        return Sum(self, negative(expression(other)))

    def __rsub__(self, other: Operand) -> Expression:
        return Sum(expression(other), negative(self))

    def __mul__(self, other: Operand) -> Expression:
        return Product(self, expression(other))

    def __rmul__(self, other: Operand) -> Expression:
        return Product(expression(other), self)

    def __truediv__(self, other: Operand) -> Expression:
        return Product(self, Power(expression(other), Number(-1)))

    def __rtruediv__(self, other: Operand) -> Expression:
        return Product(expression(other), Power(self, Number(-1)))

    def __pow__(self, other: Operand) -> Expression:
        return Power(self, expression(other))

    def __rpow__(self, other: Operand) -> Expression:
        return Power(expression(other), self)

    def __neg__(self) -> Expression:
        return negative(self)

    def __str__(self) -> str:
        from tushuo.gradients.symbolic.text import text

        return text(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.size} nodes>" if self.size > 60 else str(self)

    def _repr_latex_(self) -> str:
        from tushuo.gradients.symbolic.latex import latex

        return f"${latex(self)}$"


class Number(Expression):
    """A rational number, exact; a decimal fraction means what it says (0.1 is 1/10)."""

    __slots__ = ("value",)

    def __init__(self, value: int | Fraction) -> None:
        self.value = Fraction(value)
        super().__init__(str(self.value))


class Symbol(Expression):
    """A variable, by name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        if not name.isidentifier() or name.startswith("_"):
            raise UsageError(f"{name!r} is no name for a symbol", hint="use letters and digits")
        self.name = name
        super().__init__(name)


class Sum(Expression):
    """The sum of its ``args``."""

    __slots__ = ()

    def __init__(self, *args: Expression) -> None:
        super().__init__("", *args)


class Product(Expression):
    """The product of its ``args``."""

    __slots__ = ()

    def __init__(self, *args: Expression) -> None:
        super().__init__("", *args)


class Power(Expression):
    """``base ** exponent``."""

    __slots__ = ()

    def __init__(self, base: Expression, exponent: Expression) -> None:
        super().__init__("", base, exponent)

    @property
    def base(self) -> Expression:
        """What is raised."""
        return self.args[0]

    @property
    def exponent(self) -> Expression:
        """The power it is raised to."""
        return self.args[1]


class Call(Expression):
    """A named function of one argument; the names are those of ``functions.FUNCTIONS``."""

    __slots__ = ("function",)

    def __init__(self, function: str, argument: Expression) -> None:
        self.function = function
        super().__init__(function, argument)

    @property
    def argument(self) -> Expression:
        """What the function is applied to."""
        return self.args[0]


ZERO, ONE, MINUS_ONE, HALF = Number(0), Number(1), Number(-1), Number(Fraction(1, 2))


def negative(e: Expression) -> Expression:
    """``-e``."""
    return Product(MINUS_ONE, e)


def expression(value: Operand) -> Expression:
    """A number as an expression; expressions are returned as they are.

    Raises:
        UsageError: It is neither, or not finite.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, int | Fraction):
        return Number(value)
    if isinstance(value, float) and value - value == 0:
        return Number(Fraction(repr(value)))
    raise UsageError(
        f"expected an expression or a finite number, got {type(value).__name__} {value!r:.40}",
        hint="parse text with parse(), make variables with Symbol()",
    )


def walk(e: Expression) -> Iterator[Expression]:
    """Each distinct sub-expression once, the arguments before what they are part of."""
    seen: set[Expression] = set()
    stack = [(e, False)]
    while stack:
        node, finished = stack.pop()
        if finished:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args))


def symbols(e: Expression) -> list[str]:
    """The names of the variables, sorted."""
    return sorted(node.name for node in walk(e) if isinstance(node, Symbol))


def count_nodes(e: Expression, shared: bool = False) -> int:
    """The number of nodes.

    Args:
        e: The expression.
        shared: Whether a sub-expression that occurs several times counts once, as it would in a
            computational graph, and not each time that it is written out.
    """
    return sum(1 for _ in walk(e)) if shared else e.size
