"""The sigmoid from four gates against the sigmoid as one: counted, and timed on arrays."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tushuo.errors import UsageError
from tushuo.gradients.gates import ADD, EXP, MULTIPLY, RECIPROCAL, SIGMOID
from tushuo.gradients.stages import Stages
from tushuo.gradients.table import html, plain
from tushuo.graph import Tensor, asarray, ops, value_and_grad


class SigmoidCost(NamedTuple):
    """What one form of the sigmoid costs.

    Attributes:
        form: "four gates" or "fused".
        gates: Number of gates; each is a node of a graph, and keeps a value for the way back.
        multiplications: Multiplications and divisions of the way back, for one number.
        seconds: Value and gradient of the sum over an array, by tushuo's graph; fastest of several.
    """

    form: str
    gates: int
    multiplications: int
    seconds: float


class SigmoidCosts(list[SigmoidCost]):
    """The forms one under the other; prints as a table."""

    def __str__(self) -> str:
        return plain(SigmoidCost._fields, self._cells())

    def _repr_html_(self) -> str:
        return html(SigmoidCost._fields, self._cells())

    def _cells(self) -> list[list[str]]:
        return [[c.form, str(c.gates), str(c.multiplications), f"{c.seconds:.2e}"] for c in self]


def four_gates(x: float) -> Stages:
    """``1 / (1 + exp(-x))`` gate by gate."""
    s = Stages(x=x)
    s.run("minus", MULTIPLY, "x", -1.0)
    s.run("power", EXP, "minus")
    s.run("below", ADD, "power", 1.0)
    s.run("s", RECIPROCAL, "below")
    return s


def fused(x: float) -> Stages:
    """The same as one gate, whose derivative (1 - s) s needs only its own value."""
    s = Stages(x=x)
    s.run("s", SIGMOID, "x")
    return s


def compare_sigmoids(size: int = 100_000, repeats: int = 7, x: float = 1.0) -> SigmoidCosts:
    """Both forms counted at one number and timed on an array.

    Args:
        size: Elements of the array, float64.
        repeats: Runs of each; the fastest counts.
        x: The number at which gates are counted; the counts do not depend on it.

    Raises:
        UsageError: The size or the number of repeats is below 1.
    """
    if min(size, repeats) < 1:
        raise UsageError(f"compare_sigmoids got size {size} and {repeats} repeats", hint="use >= 1")
    array = asarray(np.linspace(-6, 6, size))
    forms = (("four gates", four_gates, _apart), ("fused", fused, ops.sigmoid))
    rows = SigmoidCosts()
    for form, build, function in forms:
        stages = build(x)
        stages.backward("s")
        seconds = _timed(function, array, repeats)
        rows.append(SigmoidCost(form, len(stages.stages), stages.multiplications, seconds))
    return rows


def _apart(x: Any) -> Tensor:
    return ops.reciprocal(ops.exp(-x) + 1.0)


def _timed(f: Callable[[Any], Tensor], x: Tensor, repeats: int) -> float:
    both = value_and_grad(lambda t: ops.sum(f(t)))
    fastest = float("inf")
    for _ in range(repeats + 1):  # one more, to warm up
        start = time.perf_counter()
        both(x)
        fastest = min(fastest, time.perf_counter() - start)
    return fastest
