"""The fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.graph import ops
from tushuo.graph.tensor import Tensor
from tushuo.nn import checks, init
from tushuo.nn.module import Module


def linear(x: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``.

    Args:
        x: Shape (..., I).
        weight: Shape (O, I).
        bias: Shape (O,), or None.

    Returns:
        Shape (..., O).
    """
    product = ops.inner(x, weight)
    return product if bias is None else product + bias


class Linear(Module):
    """An affine map of the last axis, ``x @ weight.T + bias``.

    Args:
        in_features: Length I of the last axis of inputs.
        out_features: Length O of the last axis of outputs.
        bias: Whether a bias is added.
        rng: Generator or seed of the initial values, uniform within ±1/sqrt(I).
        dtype: Data type of the parameters.

    Attributes:
        weight: Shape (O, I).
        bias: Shape (O,), or None.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        checks.positive("Linear", in_features=in_features, out_features=out_features)
        rng = init.generator(rng)
        self.in_features = in_features
        self.out_features = out_features
        self.weight = init.scaled_uniform(
            (out_features, in_features), in_features, rng=rng, dtype=dtype
        )
        self.bias = (
            init.scaled_uniform((out_features,), in_features, rng=rng, dtype=dtype)
            if bias
            else None
        )

    def forward(self, x: Any) -> Tensor:
        """(..., I) to (..., O).

        Raises:
            ShapeError: The last axis of ``x`` has another length.
        """
        name = f"Linear({self.in_features}, {self.out_features})"
        return linear(checks.features(name, x, self.in_features), self.weight, self.bias)

    def extra_repr(self) -> str:
        """Sizes, and whether there is a bias."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )
