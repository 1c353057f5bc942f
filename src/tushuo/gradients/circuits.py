"""The circuits of the article with their numbers, each in three forms that must agree.

``staged`` is the program that one writes by hand: forward line by line, and back in reverse order.
``gates`` builds the circuit from scalar gates, and ``graph`` is the same function for tushuo's
graph, whose gradient nobody has to write. In the hand-written programs ``d_u`` stands for the
derivative of the output by u.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tushuo.errors import GradientError
from tushuo.gradients.gates import ADD, EXP, MULTIPLY, RECIPROCAL, SIGMOID
from tushuo.gradients.stages import Stages
from tushuo.graph import Tensor, ops, value_and_grad

Gradients = dict[str, float]


@dataclass(frozen=True)
class Circuit:
    """A function of several numbers, with its numbers.

    Attributes:
        name: The name, for tables.
        expression: The formula, as the symbolic way reads it.
        inputs: The article's inputs.
        staged: The hand-written program: value and gradients.
        gates: The circuit from gates, run forward; its output is the last stage.
        graph: The function of Tensors.
    """

    name: str
    expression: str
    inputs: dict[str, float]
    staged: Callable[..., tuple[float, Gradients]]
    gates: Callable[..., Stages]
    graph: Callable[..., Tensor]

    def by_hand(self, **inputs: float) -> tuple[float, Gradients]:
        """Value and gradients of the hand-written program; the article's inputs by default."""
        return self.staged(**{**self.inputs, **inputs})

    def by_gates(self, **inputs: float) -> tuple[float, Gradients]:
        """Value and gradients of the circuit of gates."""
        stages = self.gates(**{**self.inputs, **inputs})
        output = stages.stages[-1].name
        return stages.values[output], stages.backward(output)

    def by_graph(self, **inputs: float) -> tuple[float, Gradients]:
        """Value and gradients by tushuo's graph, in reverse mode."""
        chosen = {name: float(x) for name, x in {**self.inputs, **inputs}.items()}
        value, found = value_and_grad(lambda tree: self.graph(**tree))(chosen)
        return value.item(), {name: g.item() for name, g in found.items()}

    def check(self, tolerance: float = 1e-12, **inputs: float) -> tuple[float, Gradients]:
        """Value and gradients, after comparing the three forms.

        Raises:
            GradientError: Two forms differ; the message names the form, the derivative and both
                numbers.
        """
        expected, gradients = self.by_hand(**inputs)
        for form, run in (("gates", self.by_gates), ("graph", self.by_graph)):
            value, found = run(**inputs)
            pairs = {"value": (value, expected)}
            pairs |= {f"d_{name}": (found[name], g) for name, g in gradients.items()}
            for what, (got, want) in pairs.items():
                if not math.isclose(got, want, rel_tol=tolerance, abs_tol=tolerance):
                    raise GradientError(
                        f"{self.name}: {what} is {got!r} by {form}, {want!r} by hand",
                        hint="check that line of the program",
                    )
        return expected, gradients


def product_of_sums(a: float, b: float) -> tuple[float, Gradients]:
    """``e = (a + b) * (b + 1)``: b reaches e on two ways."""
    c = a + b
    d = b + 1
    e = c * d

    d_c = d
    d_d = c
    d_a = d_c
    d_b = d_c  # by way of c
    d_b += d_d  # by way of d
    return e, {"a": d_a, "b": d_b}


def product_of_sums_gates(a: float, b: float) -> Stages:
    """The same from gates."""
    s = Stages(a=a, b=b)
    s.run("c", ADD, "a", "b")
    s.run("d", ADD, "b", 1.0)
    s.run("e", MULTIPLY, "c", "d")
    return s


def scaled_sum(x: float, y: float, z: float) -> tuple[float, Gradients]:
    """``f = (x + y) * z``."""
    q = x + y
    f = q * z

    d_q = z
    d_z = q
    d_x = d_y = d_q
    return f, {"x": d_x, "y": d_y, "z": d_z}


def scaled_sum_gates(x: float, y: float, z: float) -> Stages:
    """The same from gates."""
    s = Stages(x=x, y=y, z=z)
    s.run("q", ADD, "x", "y")
    s.run("f", MULTIPLY, "q", "z")
    return s


def neuron(w0: float, w1: float, w2: float, x0: float, x1: float) -> tuple[float, Gradients]:
    """``f = sigmoid(w0 x0 + w1 x1 + w2)``: a neuron with two inputs and the bias w2."""
    total = w0 * x0 + w1 * x1 + w2
    f = 1 / (1 + math.exp(-total))

    d_total = (1 - f) * f  # from the value that is known already
    weights = {"w0": x0 * d_total, "w1": x1 * d_total, "w2": d_total}
    return f, {**weights, "x0": w0 * d_total, "x1": w1 * d_total}


def neuron_gates(w0: float, w1: float, w2: float, x0: float, x1: float) -> Stages:
    """The same from small gates: the sigmoid is four of them."""
    s = Stages(w0=w0, w1=w1, w2=w2, x0=x0, x1=x1)
    s.run("p", MULTIPLY, "w0", "x0")
    s.run("q", MULTIPLY, "w1", "x1")
    s.run("r", ADD, "p", "q")
    s.run("total", ADD, "r", "w2")
    s.run("minus", MULTIPLY, "total", -1.0)
    s.run("power", EXP, "minus")
    s.run("below", ADD, "power", 1.0)
    s.run("f", RECIPROCAL, "below")
    return s


def staging_exercise(x: float, y: float) -> tuple[float, Gradients]:
    """``f = (x + sigmoid(y)) / (sigmoid(x) + (x + y)^2)``, in eight stages forward and back."""
    sig_y = 1 / (1 + math.exp(-y))  # 1
    top = x + sig_y  # 2
    sig_x = 1 / (1 + math.exp(-x))  # 3
    both = x + y  # 4
    square = both * both  # 5
    below = sig_x + square  # 6
    inverse = 1 / below  # 7
    f = top * inverse  # 8

    d_top = inverse  # 8
    d_inverse = top  # 8
    d_below = -d_inverse / below**2  # 7
    d_sig_x = d_below  # 6
    d_square = d_below  # 6
    d_both = 2 * both * d_square  # 5
    d_x = d_both  # 4: the first contribution is assigned
    d_y = d_both  # 4
    d_x += (1 - sig_x) * sig_x * d_sig_x  # 3: the second way from x to f is added
    d_x += d_top  # 2: and the third
    d_sig_y = d_top  # 2
    d_y += (1 - sig_y) * sig_y * d_sig_y  # 1
    return f, {"x": d_x, "y": d_y}


def staging_exercise_gates(x: float, y: float) -> Stages:
    """The same from gates; the square is a product of a value with itself."""
    s = Stages(x=x, y=y)
    s.run("sig_y", SIGMOID, "y")
    s.run("top", ADD, "x", "sig_y")
    s.run("sig_x", SIGMOID, "x")
    s.run("both", ADD, "x", "y")
    s.run("square", MULTIPLY, "both", "both")
    s.run("below", ADD, "sig_x", "square")
    s.run("inverse", RECIPROCAL, "below")
    s.run("f", MULTIPLY, "top", "inverse")
    return s


def _neuron_graph(w0: Tensor, w1: Tensor, w2: Tensor, x0: Tensor, x1: Tensor) -> Tensor:
    return ops.sigmoid(w0 * x0 + w1 * x1 + w2)


def _exercise_graph(x: Tensor, y: Tensor) -> Tensor:
    return (x + ops.sigmoid(y)) / (ops.sigmoid(x) + ops.square(x + y))


PRODUCT_OF_SUMS = Circuit(
    "product of sums",
    "(a + b) * (b + 1)",
    {"a": 2.0, "b": 1.0},
    product_of_sums,
    product_of_sums_gates,
    lambda a, b: (a + b) * (b + 1),
)
SCALED_SUM = Circuit(
    "scaled sum",
    "(x + y) * z",
    {"x": -2.0, "y": 5.0, "z": -4.0},
    scaled_sum,
    scaled_sum_gates,
    lambda x, y, z: (x + y) * z,
)
NEURON = Circuit(
    "sigmoid neuron",
    "sigmoid(w0*x0 + w1*x1 + w2)",
    {"w0": 2.0, "w1": -3.0, "w2": -3.0, "x0": -1.0, "x1": -2.0},
    neuron,
    neuron_gates,
    _neuron_graph,
)
STAGING_EXERCISE = Circuit(
    "staging exercise",
    "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)",
    {"x": 3.0, "y": -4.0},
    staging_exercise,
    staging_exercise_gates,
    _exercise_graph,
)
CIRCUITS = (PRODUCT_OF_SUMS, SCALED_SUM, NEURON, STAGING_EXERCISE)
