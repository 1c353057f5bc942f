"""Gates: the smallest operations on numbers, each with its value and its local gradient.

A gate knows nothing of the circuit around it. Given its inputs it computes its output, and the
derivative of that output by each input, the local gradient. Backwards it multiplies these by the
gradient that arrives at its output, and that is the whole chain rule (CS231n, "Backpropagation,
Intuitions").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from tushuo.errors import ShapeError

Numbers = tuple[float, ...]


class Gate:
    """One operation on numbers.

    Attributes:
        inputs: How many numbers it takes.
        symbol: How staged programs write it; ``{0}`` and ``{1}`` are the inputs.
        costs: Multiplications and divisions of the local gradient, once the output is known.
    """

    inputs: ClassVar[int] = 1
    symbol: ClassVar[str]
    costs: ClassVar[int] = 0

    @property
    def name(self) -> str:
        """The name in errors and drawings."""
        return type(self).__name__

    def forward(self, *x: float) -> float:
        """The output.

        Raises:
            ShapeError: It takes another number of inputs.
        """
        if len(x) != self.inputs:
            raise ShapeError(
                f"{self.name} takes {self.inputs} input{'s' if self.inputs > 1 else ''}, "
                f"got {len(x)}",
                hint="join gates for more",
            )
        return self.value(*x)

    def value(self, *x: float) -> float:
        """The output, for the right number of inputs."""
        raise NotImplementedError

    def local(self, out: float, *x: float) -> Numbers:
        """The derivatives of the output by each input; ``out`` is the output itself."""
        raise NotImplementedError

    def backward(self, gradient: float, out: float, *x: float) -> Numbers:
        """What each input gets from the gradient that arrives at the output."""
        return tuple(gradient * slope for slope in self.local(out, *x))


class Add(Gate):
    """``x + y`` hands the gradient on to both, unchanged."""

    inputs, symbol = 2, "{0} + {1}"

    def value(self, *x: float) -> float:
        """The sum."""
        return x[0] + x[1]

    def local(self, out: float, *x: float) -> Numbers:
        """1 and 1."""
        return 1.0, 1.0


class Multiply(Gate):
    """``x * y`` swaps: each input gets the gradient times the other input."""

    inputs, symbol = 2, "{0} * {1}"

    def value(self, *x: float) -> float:
        """The product."""
        return x[0] * x[1]

    def local(self, out: float, *x: float) -> Numbers:
        """The other input."""
        return x[1], x[0]


class Max(Gate):
    """``max(x, y)`` routes: the larger input gets all; equal ones get half each, as in tushuo."""

    inputs, symbol = 2, "max({0}, {1})"

    def value(self, *x: float) -> float:
        """The larger; NaN if one is NaN."""
        return x[0] + x[1] if math.isnan(x[0] + x[1]) else max(x)

    def local(self, out: float, *x: float) -> Numbers:
        """1 for the larger and 0 for the smaller."""
        if x[0] == x[1]:
            return 0.5, 0.5
        return float(x[0] > x[1]), float(x[1] > x[0])


class Exp(Gate):
    """``exp(x)``, its own derivative."""

    symbol = "exp({0})"

    def value(self, *x: float) -> float:
        """The exponential, infinite where it is beyond float64."""
        return math.exp(x[0]) if x[0] < 709 else math.inf

    def local(self, out: float, *x: float) -> Numbers:
        """The output."""
        return (out,)


class Reciprocal(Gate):
    """``1 / x``."""

    symbol, costs = "1 / {0}", 1

    def value(self, *x: float) -> float:
        """The quotient, infinite at 0."""
        return 1 / x[0] if x[0] else math.copysign(math.inf, x[0])

    def local(self, out: float, *x: float) -> Numbers:
        """-1 / x^2, which is minus the output squared."""
        return (-out * out,)


class Sigmoid(Gate):
    """``1 / (1 + exp(-x))`` as one gate."""

    symbol, costs = "sigmoid({0})", 1

    def value(self, *x: float) -> float:
        """The sigmoid, without overflow."""
        shrunk = math.exp(-abs(x[0]))
        return (1.0 if x[0] >= 0 else shrunk) / (1 + shrunk)

    def local(self, out: float, *x: float) -> Numbers:
        """(1 - s) s, from the output s alone."""
        return ((1 - out) * out,)


ADD, MULTIPLY, MAX, EXP, RECIPROCAL, SIGMOID = (
    Add(),
    Multiply(),
    Max(),
    Exp(),
    Reciprocal(),
    Sigmoid(),
)
GATES: Sequence[Gate] = (ADD, MULTIPLY, MAX, EXP, RECIPROCAL, SIGMOID)
