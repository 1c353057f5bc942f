"""Functions that networks put between their layers, elementwise."""

from __future__ import annotations

import numpy as np

from tushuo.graph.backend import Array, Namespace
from tushuo.graph.ops.compare import where
from tushuo.graph.ops.function import Function
from tushuo.graph.ops.promotion import Operand, unary
from tushuo.graph.tensor import Tensor


def _logistic(xp: Namespace, x: Array) -> Array:
    with np.errstate(over="ignore"):  # exp(-x) = inf gives the right 0
        if xp is not np or x.ndim == 0:
            return 1 / (1 + xp.exp(-x))
        y = np.negative(x)
        np.exp(y, out=y)
        y += 1
        return np.reciprocal(y, out=y)


class Sigmoid(Function, value=_logistic, slope=lambda t, x, out: t * (out * (1 - out))):
    """``1 / (1 + e ** -x)``."""


class Relu(
    Function, value=lambda xp, x: xp.maximum(x, 0), slope=lambda t, x, out: where(out > 0, t, 0)
):
    """``max(x, 0)``."""


class Softplus(
    Function,
    value=lambda xp, x: xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x))),
    slope=lambda t, x, out: t * sigmoid(x),
):
    """``log(1 + e ** x)``."""


_SIGMOID, _RELU, _SOFTPLUS = Sigmoid(), Relu(), Softplus()


def sigmoid(x: Operand) -> Tensor:
    """The logistic function ``1 / (1 + e ** -x)``, without overflow."""
    return unary(_SIGMOID, x)


def relu(x: Operand) -> Tensor:
    """``max(x, 0)``; the derivative at 0 is 0."""
    return unary(_RELU, x)


def softplus(x: Operand) -> Tensor:
    """``log(1 + e ** x)``, without overflow: a smooth ``relu``."""
    return unary(_SOFTPLUS, x)
