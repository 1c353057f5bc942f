"""What CS231n's checks have in common: its inputs, its error and its numeric gradient.

The course ("Convolutional Neural Networks for Visual Recognition", Stanford) publishes assignments
whose layers are checked on evenly spaced numbers against printed figures, and on the random numbers
of NumPy's old generator with seed 231 against numeric gradients. The inputs are made anew here;
only the figures are the course's. Some notebooks print a figure only when they run (a first loss,
statistics of a batch); those are from published runs with a correct solution.

Its weights are stored (inputs, outputs), ours (outputs, inputs) as PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from tushuo.graph import vjp

SEED = 231
Array = np.ndarray[Any, Any]


def between(low: float, high: float, *shape: int) -> Array:
    """Evenly spaced numbers from ``low`` to ``high``, both included, in an array."""
    return np.linspace(low, high, prod(shape)).reshape(shape)


def seeded(seed: int = SEED) -> np.random.RandomState:
    """The stream of ``np.random.seed(seed)``."""
    return np.random.RandomState(seed)


def relative_error(x: Any, y: Any) -> float:
    """The course's measure: the largest |x - y| / (|x| + |y|)."""
    a, b = np.asarray(x), np.asarray(y)
    assert a.shape == b.shape, (a.shape, b.shape)
    return float(np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b))))


def numeric_gradient(f: Callable[[Array], Array], x: Array, cotangent: Array) -> Array:
    """Central differences, element by element, with the course's step of 1e-5."""
    slopes, step = np.zeros_like(x), 1e-5
    for place in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[place] = step
        slopes[place] = ((f(x + moved) - f(x - moved)) * cotangent).sum() / (2 * step)
    return slopes


def gradient_errors(
    f: Callable[..., Any], args: Sequence[Array], cotangent: Array, only: Sequence[int] = ()
) -> list[float]:
    """The relative errors of one reverse sweep, for each argument or only some."""
    _, pullback = vjp(f, *args)
    errors = []
    for i, got in enumerate(pullback(cotangent)):
        if not only or i in only:

            def along(x: Array, i: int = i) -> Array:
                return f(*args[:i], x, *args[i + 1 :]).numpy()  # type: ignore[no-any-return]

            errors.append(relative_error(got, numeric_gradient(along, args[i], cotangent)))
    return errors
