"""How the error of a numeric derivative depends on its step: cut short, or lost to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tushuo.errors import UsageError
from tushuo.gradients.calling import Array, Function, like, point
from tushuo.gradients.chart import Chart
from tushuo.gradients.numeric import METHODS

DIFFERENCES = ("one-sided", "central", "complex step")


@dataclass(frozen=True)
class StepSizes:
    """Errors by step.

    Attributes:
        steps: The steps, shape (S,).
        errors: For each way the largest error over the elements, shape (S,).
    """

    steps: Array
    errors: dict[str, Array]

    def best(self, way: str) -> tuple[float, float]:
        """The step with the smallest error, and that error."""
        least = int(np.argmin(self.errors[way]))
        return float(self.steps[least]), float(self.errors[way][least])

    def chart(self) -> Chart:
        """The curves, with both axes logarithmic; an exact result is drawn at 1e-17."""
        lines = {way: np.maximum(e, 1e-17) for way, e in self.errors.items()}
        return Chart("Error of a numeric derivative", "step h", "error", self.steps, lines)


def step_size_errors(
    f: Function,
    x: Any,
    exact: Any,
    steps: Sequence[float] | None = None,
    ways: Sequence[str] = DIFFERENCES,
) -> StepSizes:
    """The errors of numeric derivatives at many steps.

    Args:
        f: A function of one array that returns one number.
        x: Where.
        exact: The gradient there, of ``x``'s shape.
        steps: The steps, positive; 1 to 1e-16 by default, two a power of ten.
        ways: Which of ``numeric.METHODS``.

    Raises:
        UsageError: A way is unknown, there is no step, or one is not positive.
        ShapeError: ``exact`` has another shape than ``x``.
    """
    if unknown := [way for way in ways if way not in METHODS]:
        raise UsageError(f"unknown way {unknown[0]!r}", hint=f"use {', '.join(METHODS)}")
    at = point("step_size_errors", x)
    known = like("the exact gradient", exact, at)
    taken = np.logspace(0, -16, 33) if steps is None else point("the steps", steps)
    errors = {way: [_error(f, at, known, way, float(h)) for h in taken] for way in ways}
    return StepSizes(taken, {way: np.array(e) for way, e in errors.items()})


def _error(f: Function, at: Array, exact: Array, way: str, step: float) -> float:
    """The largest error; a step that vanishes beside x finds no slope at all."""
    lost = bool(np.any(at + step == at - step)) and way != "complex step"
    options = {"check": False} if way == "complex step" else {}
    found = np.zeros_like(at) if lost else METHODS[way](f, at, step=step, **options)
    return float(np.abs(found - exact).max())
