"""Fully connected layers one after another: the article's first network, on the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tushuo.errors import ShapeError, UsageError
from tushuo.graph.tensor import Tensor
from tushuo.models.network import Network
from tushuo.nn import activation as functions
from tushuo.nn import init
from tushuo.nn.linear import Linear
from tushuo.nn.module import Module

__all__ = ["ACTIVATIONS", "MLP", "find_activation"]

ACTIVATIONS: dict[str, Callable[[Any], Tensor]] = {
    "sigmoid": functions.sigmoid,
    "tanh": functions.tanh,
    "relu": functions.relu,
    "silu": functions.silu,
    "gelu": functions.gelu,
}
"""Activations by name."""


def find_activation(name: str) -> Callable[[Any], Tensor]:
    """The activation of a name.

    Raises:
        UsageError: There is none.
    """
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise UsageError(f"activation: got {name!r:.40}", hint=f"expected one of {known}")
    return ACTIVATIONS[name]


class MLP(Module):
    """Linear layers with an activation after each but the last, whose output are logits.

    Args:
        sizes: Neurons of each layer, from the input to the output, as ``[784, 30, 10]``.
        activation: A name among ``ACTIVATIONS``.
        rng: Generator or seed of the initial values, those of ``Linear``.
        dtype: Data type of the parameters.

    Raises:
        ShapeError: There are not at least two sizes, each a whole number from 1.
        UsageError: There is no such activation.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "sigmoid",
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        if len(sizes) < 2 or not all(isinstance(n, int) and n > 0 for n in sizes):
            raise ShapeError(f"MLP: sizes: got {sizes!r:.80}, expected two or more from 1")
        rng = init.generator(rng)
        self.sizes = tuple(sizes)
        self.activation = activation
        self._activate = find_activation(activation)
        self.layers = [Linear(k, n, rng=rng, dtype=dtype) for k, n in pairwise(sizes)]

    @classmethod
    def from_network(
        cls, network: Network, activation: str = "sigmoid", dtype: Any = np.float64
    ) -> MLP:
        """The same function, before the last sigmoid, with the parameters that a network has."""
        mlp = cls(network.sizes, activation, rng=0, dtype=dtype)
        for layer, w, b in zip(mlp.layers, network.weights, network.biases, strict=True):
            layer.weight, layer.bias = Tensor(w.astype(dtype)), Tensor(b[:, 0].astype(dtype))
        return mlp

    def forward(self, x: Any) -> Tensor:
        """Inputs (..., sizes[0]) to logits (..., sizes[-1])."""
        *hidden, last = self.layers
        for layer in hidden:
            x = self._activate(layer(x))
        logits: Tensor = last(x)
        return logits

    def extra_repr(self) -> str:
        """The activation."""
        return f"activation={self.activation!r}"
