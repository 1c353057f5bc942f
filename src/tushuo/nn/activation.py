"""Activations: functions, and layers of them for Sequential."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from tushuo.errors import UsageError
from tushuo.graph import ops
from tushuo.graph.ops import relu, sigmoid, softmax, tanh
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn.module import Module

__all__ = [
    "GELU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "gelu",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
]


def relu6(x: Any) -> Tensor:
    """``min(max(x, 0), 6)``; the slope is 1 from 0 to 6, both included.

    Krizhevsky, "Convolutional deep belief networks on CIFAR-10" (2010).
    """
    return ops.clip(x, 0, 6)


def silu(x: Any) -> Tensor:
    """``x sigmoid(x)``, also called swish.

    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units" (2018), equation 9; Ramachandran,
    Zoph and Le, "Searching for activation functions" (2017).
    """
    t = asarray(x)
    return t * sigmoid(t)


def gelu(x: Any, approximate: str = "none") -> Tensor:
    """``x Φ(x)``, with the distribution function Φ of the standard normal distribution.

    Hendrycks and Gimpel, "Gaussian error linear units" (2016), section 2.

    Args:
        x: Values of any shape.
        approximate: "none" for the exact function, "tanh" for the paper's approximation.

    Raises:
        UsageError: ``approximate`` is something else.
    """
    t = asarray(x)
    if approximate == "none":
        return t * 0.5 * (1 + ops.erf(t * sqrt(0.5)))
    if approximate == "tanh":
        inner = sqrt(2 / pi) * (t + 0.044715 * (t * t * t))
        return t * 0.5 * (1 + tanh(inner))
    raise UsageError(f"gelu: approximate is {approximate!r}", hint="use 'none' or 'tanh'")


class Sigmoid(Module):
    """``1 / (1 + exp(-x))`` of each element."""

    def forward(self, x: Any) -> Tensor:
        """Any shape to the same shape."""
        return sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent of each element."""

    def forward(self, x: Any) -> Tensor:
        """Any shape to the same shape."""
        return tanh(x)


class ReLU(Module):
    """``max(x, 0)`` of each element; the slope at 0 is 0."""

    def forward(self, x: Any) -> Tensor:
        """Any shape to the same shape."""
        return relu(x)


class ReLU6(Module):
    """:func:`relu6` of each element."""

    def forward(self, x: Any) -> Tensor:
        """Any shape to the same shape."""
        return relu6(x)


class SiLU(Module):
    """:func:`silu` of each element."""

    def forward(self, x: Any) -> Tensor:
        """Any shape to the same shape."""
        return silu(x)


class GELU(Module):
    """:func:`gelu` of each element, exact or by tanh."""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise UsageError(f"GELU: approximate is {approximate!r}", hint="use 'none' or 'tanh'")
        self.approximate = approximate

    def forward(self, x: Any) -> Tensor:
        """Any shape to the same shape."""
        return gelu(x, self.approximate)

    def extra_repr(self) -> str:
        """Which of the two."""
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """Positive numbers that sum to 1 along an axis."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Tensor:
        """Any shape to the same shape."""
        return softmax(x, self.axis)

    def extra_repr(self) -> str:
        """The axis."""
        return f"axis={self.axis}"
