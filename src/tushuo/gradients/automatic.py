"""The fourth way: automatic derivatives, forward and reverse, through the computational graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.gradients.calling import Array, Counted, Function, number, point
from tushuo.graph import Tensor, asarray, grad, jvp


class Traced:
    """A function that counts how often it is run; the graph needs its Tensors as they are."""

    def __init__(self, f: Function) -> None:
        self.f, self.calls = f.f if isinstance(f, Counted) else f, 0

    def __call__(self, x: Any) -> Any:
        """The value, whatever it is."""
        self.calls += 1
        return self.f(x)


def forward_mode(f: Function, x: Any) -> Array:
    """One sweep for each element of ``x``, along it: n evaluations, exact to rounding.

    Args:
        f: A function of one Tensor that returns one number, made of tushuo's functions.
        x: Where; an array or a number. The work is done in float64.

    Returns:
        The gradient, an array of ``x``'s shape.

    Raises:
        GradientError: ``f`` does not return one number.
        DTypeError: ``x`` does not hold real numbers.
    """
    at = point("forward_mode", x)
    tangents = np.eye(at.size).reshape(at.size, *at.shape)
    derivatives = [number(jvp(f, (asarray(at),), (t,))[1]) for t in tangents]
    return np.array(derivatives, np.float64).reshape(at.shape)


def reverse_mode(f: Function, x: Any) -> Array:
    """One evaluation and one sweep back for all elements of ``x``; as :func:`forward_mode`."""
    result = grad(f)(asarray(point("reverse_mode", x)))
    assert isinstance(result, Tensor)
    return result.numpy().copy()
