"""A small convolutional network for small grey pictures, after LeNet-5."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.errors import ShapeError
from tushuo.graph import ops
from tushuo.graph.tensor import Tensor, asarray
from tushuo.models.mlp import find_activation
from tushuo.nn import checks, init
from tushuo.nn.conv import Conv2d
from tushuo.nn.dropout import Dropout
from tushuo.nn.linear import Linear
from tushuo.nn.module import Module
from tushuo.nn.pooling import Flatten, MaxPool2d

__all__ = ["LeNet"]

_KERNEL = 5


class LeNet(Module):
    """Twice a 5 x 5 convolution, activation and pooling by two, then two fully connected layers.

    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition"
    (1998), figure 2, in today's form: max pooling, ReLU, dropout before the last layer.

    Args:
        size: Height and width of the pictures.
        channels: Channels of the two convolutions.
        hidden: Size of the fully connected layer.
        classes: Number of logits.
        activation: A name, as of ``MLP``.
        dropout: Share of the fully connected layer that is dropped in training.
        rng: Generator or seed of the initial values.
        dtype: Data type of the parameters.

    Raises:
        ShapeError: A number is below 1, or the pictures are smaller than 16 pixels.
        UsageError: There is no such activation, or ``dropout`` is no probability.
    """

    def __init__(
        self,
        size: int = 28,
        channels: tuple[int, int] = (16, 32),
        hidden: int = 128,
        classes: int = 10,
        activation: str = "relu",
        dropout: float = 0.5,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        first, second = channels
        checks.positive("LeNet", channels=min(channels), hidden=hidden, classes=classes)
        side = _pooled(_pooled(size))
        if side < 1:
            raise ShapeError(f"LeNet: size: got {size}, expected at least 16")
        rng = init.generator(rng)
        self.size, self.activation = size, activation
        self._activate = find_activation(activation)
        self.pool, self.flatten = MaxPool2d(2), Flatten()
        self.conv1 = Conv2d(1, first, _KERNEL, rng=rng, dtype=dtype)
        self.conv2 = Conv2d(first, second, _KERNEL, rng=rng, dtype=dtype)
        self.hidden = Linear(second * side**2, hidden, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.output = Linear(hidden, classes, rng=rng, dtype=dtype)

    def forward(self, x: Any, rng: init.Rng = None) -> Tensor:
        """Logits of pictures.

        Args:
            x: Shape (N, size * size), or (N, 1, size, size).
            rng: For the dropout in training.

        Returns:
            Shape (N, classes).

        Raises:
            ShapeError: The pictures have another size.
        """
        x = self._pictures(x)
        for conv in (self.conv1, self.conv2):
            x = self.pool(self._activate(conv(x)))
        x = self._activate(self.hidden(self.flatten(x)))
        logits: Tensor = self.output(self.dropout(x, rng=rng))
        return logits

    def _pictures(self, x: Any) -> Tensor:
        x, side = asarray(x), self.size
        if tuple(x.shape[1:]) not in ((side**2,), (1, side, side)):
            raise ShapeError(
                f"LeNet: got shape {tuple(x.shape)}, expected (N, {side**2}) or "
                f"(N, 1, {side}, {side})"
            )
        return ops.reshape(x, (-1, 1, side, side))

    def extra_repr(self) -> str:
        """The size of the pictures, and the activation."""
        return f"size={self.size}, activation={self.activation!r}"


def _pooled(side: int) -> int:
    """The side after a convolution and pooling."""
    return (side - _KERNEL + 1) // 2
