"""Learning rates that change with the step.

A schedule is a function of the number of updates made before, from 0. It takes a Python number and
returns a float, or takes a Tensor and returns a Tensor, so that it can be traced with a whole step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tushuo.errors import UsageError
from tushuo.graph import ops
from tushuo.graph.tensor import Tensor
from tushuo.optim.checking import check_range

Schedule = Callable[[Any], Any]
"""From the number of updates made before (a number or a Tensor) to the learning rate."""


def constant(lr: float) -> Schedule:
    """The same learning rate at every step.

    Raises:
        UsageError: ``lr`` is negative.
    """
    check_range("lr", lr, 0)
    return lambda step: _number(step) * 0.0 + lr


def step_decay(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
    """``lr``, multiplied by ``gamma`` after every ``step_size`` steps (PyTorch's ``StepLR``).

    Raises:
        UsageError: A number is out of range.
    """
    check_range("lr", lr, 0)
    check_range("step_size", step_size, 1)
    check_range("gamma", gamma, 0)
    return lambda step: gamma ** _floor(_number(step) / step_size) * lr


def cosine(lr: float, steps: int, eta_min: float = 0.0) -> Schedule:
    """Half a cosine wave from ``lr`` at step 0 down to ``eta_min`` at ``steps``; there it stays.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), eq. 5,
    without restarts.

    Raises:
        UsageError: A number is out of range.
    """
    check_range("lr", lr, 0)
    check_range("steps", steps, 1)
    check_range("eta_min", eta_min, 0)

    def rate(step: Any) -> Any:
        done = _at_most_one(_number(step) / steps)
        return eta_min + (lr - eta_min) * (1 + _cos(math.pi * done)) / 2

    return rate


def warmup(steps: int, then: Schedule, start: float = 0.0) -> Schedule:
    """A straight line up to another schedule, which begins when the line ends.

    Args:
        steps: Length of the line: ``then``'s step 0 is this schedule's step ``steps``.
        then: The schedule to lead to.
        start: The part of ``then``'s first rate that the line starts from, 0 to 1.

    Raises:
        UsageError: A number is out of range.
    """
    check_range("steps", steps, 1)
    check_range("start", start, 0, 1)
    if not callable(then):
        raise UsageError(f"then: expected a schedule, got {then!r}", hint=f"use constant({then!r})")

    def rate(step: Any) -> Any:
        line = start + (1 - start) * _at_most_one(_number(step) / steps)
        return line * then(_at_least_zero(step - steps))

    return rate


def _number(step: Any) -> Any:
    return step.astype("float64") if isinstance(step, Tensor) else float(step)


def _floor(x: Any) -> Any:
    return ops.floor(x) if isinstance(x, Tensor) else math.floor(x)


def _cos(x: Any) -> Any:
    return ops.cos(x) if isinstance(x, Tensor) else math.cos(x)


def _at_most_one(x: Any) -> Any:
    return ops.minimum(x, 1.0) if isinstance(x, Tensor) else min(x, 1.0)


def _at_least_zero(x: Any) -> Any:
    return ops.maximum(x, 0) if isinstance(x, Tensor) else max(x, 0)
