"""What a gradient costs as a network grows: one back-propagation, or n forward passes.

A forward pass multiplies once for each weight, and the pass back about twice: O(n) in all. A
numeric gradient repeats the forward pass for each of the n parameters: O(n^2).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tushuo.errors import UsageError
from tushuo.gradients.chart import Chart
from tushuo.gradients.table import html, plain
from tushuo.graph import Tensor, asarray, ops, value_and_grad, variable
from tushuo.graph.order import topological

INPUTS = 8
WIDTHS = (2, 4, 8, 16, 32, 64, 128, 256)


class Cost(NamedTuple):
    """The cost of the gradient of one network.

    Attributes:
        parameters: n, the number of weights and biases.
        forward: Seconds of one forward pass, the mean of those that the numeric gradient ran.
        backprop: Seconds of value and gradient by reverse mode.
        numeric: Seconds of the one-sided numeric gradient, n + 1 forward passes.
        passes: How many of these were run; for large networks the rest is the mean times the count.
        error: The largest difference between both gradients, over the parameters that were run.
        forward_products: Multiplications in the matrix products of one forward pass.
        backprop_products: The same of one forward and one backward pass.
    """

    parameters: int
    forward: float
    backprop: float
    numeric: float
    passes: int
    error: float
    forward_products: int
    backprop_products: int

    @property
    def numeric_products(self) -> int:
        """Multiplications in the matrix products of n + 1 forward passes."""
        return self.forward_products * (self.parameters + 1)

    @property
    def ratio(self) -> float:
        """How many times longer the numeric gradient takes."""
        return self.numeric / self.backprop


class Costs(list[Cost]):
    """Costs of networks, the smallest first; prints as a table."""

    def __str__(self) -> str:
        return plain(_HEAD, [_cells(c) for c in self])

    def _repr_html_(self) -> str:
        return html(_HEAD, [_cells(c) for c in self])

    def chart(self) -> Chart:
        """Seconds of both over the number of parameters, both axes logarithmic."""
        n = np.array([c.parameters for c in self], float)
        numeric = np.array([c.numeric for c in self])
        backprop = np.array([c.backprop for c in self])
        lines = {"n + 1 forward passes": numeric, "one back-propagation": backprop}
        return Chart("The cost of a gradient", "parameters", "seconds", n, lines)

    def powers(self) -> tuple[float, float]:
        """The powers of n that the multiplications of both grow with, fitted.

        Seconds follow where networks are so large that their products take most of the time.
        """
        n = np.log([c.parameters for c in self])
        backprop = np.polyfit(n, np.log([c.backprop_products for c in self]), 1)
        numeric = np.polyfit(n, np.log([c.numeric_products for c in self]), 1)
        return float(backprop[0]), float(numeric[0])


def gradient_cost(
    widths: Sequence[int] = WIDTHS, examples: int = 16, passes: int = 200, seed: int = 0
) -> Costs:
    """Both costs, measured for networks with two hidden layers of growing width.

    Args:
        widths: Neurons of each hidden layer, increasing.
        examples: Examples of a batch.
        passes: The most forward passes that a numeric gradient is run for.
        seed: Where the random weights start.

    Returns:
        A cost for each width.

    Raises:
        UsageError: There is no width, or a number is below 1.
    """
    if not widths or min(*widths, examples, passes) < 1:
        raise UsageError(
            f"gradient_cost got widths {list(widths)}, {examples} examples, {passes} passes",
            hint="all must be 1 or more",
        )
    rng = np.random.default_rng(seed)
    return Costs(_cost(width, examples, passes, rng) for width in widths)


class _Network:
    """A network of two hidden layers whose parameters are one vector, and its loss on a batch."""

    def __init__(self, width: int, examples: int, rng: np.random.Generator) -> None:
        self.sizes = ((INPUTS, width), (width, width), (width, 1))
        self.x = asarray(rng.standard_normal((examples, INPUTS)))
        self.y = asarray(rng.standard_normal((examples, 1)))
        self.parameters = rng.standard_normal(sum((n + 1) * m for n, m in self.sizes)) * 0.3

    def loss(self, parameters: Any) -> Tensor:
        """Half the mean squared error, from a vector of all parameters."""
        a, start, p = self.x, 0, asarray(parameters)
        for n, m in self.sizes:
            weights = p[start : start + n * m].reshape(n, m)
            a = ops.tanh(a @ weights + p[start + n * m : start + n * m + m])
            start += (n + 1) * m
        return ops.mean(ops.square(a - self.y)) * 0.5


def _cost(width: int, examples: int, passes: int, rng: np.random.Generator) -> Cost:
    network = _Network(width, examples, rng)
    n = network.parameters.size
    (_, gradient), backprop = _fastest(lambda: value_and_grad(network.loss)(network.parameters))
    run = min(passes, n)
    start = time.perf_counter()
    slopes = _one_sided(network, rng.permutation(n)[:run])
    forward = (time.perf_counter() - start) / (run + 1)
    error = max(abs(slope - float(gradient.numpy()[i])) for i, slope in slopes.items())
    products = _products(network.loss(variable(network.parameters)))
    return Cost(n, forward, backprop, forward * (n + 1), run + 1, error, *products)


def _products(loss: Tensor) -> tuple[int, int]:
    """Multiplications of the matrix products in a graph: forward, and forward and backward.

    A product of (N, I) and (I, O) takes N I O, and so does the gradient of each factor.
    """
    assert loss.node is not None
    forward = backward = 0
    for node in topological([loss.node]):
        if node.op.name == "MatMul":
            n, i, o = *node.inputs[0].shape, node.inputs[1].shape[1]
            forward += n * i * o
            backward += n * i * o * sum(x.node is not None for x in node.inputs)
    return forward, forward + backward


def _one_sided(network: _Network, chosen: np.ndarray) -> dict[int, float]:
    """One-sided differences by the chosen parameters."""
    step, base, slopes = 1e-7, network.loss(network.parameters).item(), {}
    for i in map(int, chosen):
        moved = network.parameters.copy()
        moved[i] += step
        slopes[i] = (network.loss(moved).item() - base) / step
    return slopes


def _fastest(run: Callable[[], Any], repeats: int = 5) -> tuple[Any, float]:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


_HEAD = (
    "parameters",
    "forward s",
    "backprop s",
    "numeric s",
    "ratio",
    "passes run",
    "error",
    "multiplications",
)


def _cells(c: Cost) -> list[str]:
    times = [f"{t:.1e}" for t in (c.forward, c.backprop, c.numeric)]
    products = f"{c.backprop_products:.1e} / {c.numeric_products:.1e}"
    return [str(c.parameters), *times, f"{c.ratio:.0f}", str(c.passes), f"{c.error:.1e}", products]
