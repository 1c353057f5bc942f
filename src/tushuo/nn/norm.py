"""Normalisation: of channels over the batch, and of features within each example."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from tushuo.errors import ShapeError, UsageError
from tushuo.graph import ops
from tushuo.graph.abstract import is_known, refusal
from tushuo.graph.backend import Array, namespace
from tushuo.graph.op import Shape
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import checks, init
from tushuo.nn.module import Buffer, Module


def layer_norm(
    x: Any,
    axes: int | Sequence[int] = -1,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """``(x - mean) / sqrt(var + eps) * weight + bias``, with mean and variance over ``axes``.

    Ba, Kiros and Hinton, "Layer normalization" (2016), section 3.
    """
    y, _, _ = standardised(asarray(x), axes, eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def standardised(x: Tensor, axes: int | Sequence[int], eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Values with mean 0 and variance 1 over ``axes``, and the mean and variance before."""
    mean = ops.mean(x, axes, keepdims=True)
    centred = x - mean
    var = ops.mean(ops.square(centred), axes, keepdims=True)
    return centred * ops.rsqrt(var + eps), mean, var


class LayerNorm(Module):
    """Normalises the last axes of each example, then scales and shifts.

    Args:
        normalized_shape: Lengths of the last axes, or one number for the last axis.
        eps: Added to the variance.
        elementwise_affine: Whether there are a weight and a bias.
        bias: Whether there is a bias.
        dtype: Data type of the parameters.

    Attributes:
        weight: Of ``normalized_shape``, initially ones; or None.
        bias: Of ``normalized_shape``, initially zeros; or None.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape: Shape = tuple(shape)
        self.eps = eps
        self.weight = init.ones(self.normalized_shape, dtype=dtype) if elementwise_affine else None
        has_bias = elementwise_affine and bias
        self.bias = init.zeros(self.normalized_shape, dtype=dtype) if has_bias else None

    def forward(self, x: Any) -> Tensor:
        """(..., *normalized_shape) to the same shape.

        Raises:
            ShapeError: The last axes have other lengths.
        """
        t, shape = asarray(x), self.normalized_shape
        if t.shape[max(t.ndim - len(shape), 0) :] != shape:
            wanted = ", ".join(map(str, ("...", *shape)))
            raise ShapeError(f"LayerNorm({shape}) needs inputs ({wanted}), got {t.shape}")
        return layer_norm(t, range(-len(shape), 0), self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The shape and eps."""
        return f"{self.normalized_shape}, eps={self.eps}"


class BatchNorm2d(Module):
    """Normalises each channel over the batch and the pixels, then scales and shifts.

    Ioffe and Szegedy, "Batch normalization" (2015), algorithms 1 and 2. Training uses mean and
    biased variance of the batch and notes running averages of the mean and the unbiased variance,
    ``running = (1 - momentum) * running + momentum * batch``; inference uses the running ones.

    Args:
        num_features: Channels C.
        eps: Added to the variance.
        momentum: Share of the batch in the running statistics.
        affine: Whether there are a weight and a bias.
        dtype: Data type of the parameters and statistics.

    Attributes:
        weight: Shape (C,), initially ones; or None.
        bias: Shape (C,), initially zeros; or None.
        running_mean: Buffer of shape (C,), initially zeros.
        running_var: Buffer of shape (C,), initially ones.

    Raises:
        UsageError: ``num_features`` or ``momentum`` is out of its range.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        checks.positive("BatchNorm2d", num_features=num_features)
        if not 0 <= momentum <= 1:
            raise UsageError(f"BatchNorm2d: momentum must be in [0, 1], got {momentum!r}")
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = init.ones((num_features,), dtype=dtype) if affine else None
        self.bias = init.zeros((num_features,), dtype=dtype) if affine else None
        self.running_mean = Buffer(np.zeros(num_features, dtype))
        self.running_var = Buffer(np.ones(num_features, dtype))

    def forward(self, x: Any) -> Tensor:
        """(N, C, H, W) to the same shape.

        Raises:
            ShapeError: Another number of channels; or in training a single value a channel, which
                has no variance.
        """
        t = checks.images(f"BatchNorm2d({self.num_features})", x, self.num_features)
        return self._by_batch(t) if self.training else self._by_running(t)

    def _by_batch(self, x: Tensor) -> Tensor:
        count = prod(x.shape) // self.num_features
        if count < 2:
            raise ShapeError(
                f"BatchNorm2d({self.num_features}) needs more than one value a channel in "
                f"training, got {x.shape}",
                hint="use a larger batch, or model.eval()",
            )
        y, mean, var = standardised(x, (0, 2, 3), self.eps)
        self._note(self.running_mean, mean.data)
        self._note(self.running_var, var.data * (count / (count - 1)))
        y = y if self.weight is None else y * _per_channel(self.weight)
        return y if self.bias is None else y + _per_channel(self.bias)

    def _by_running(self, x: Tensor) -> Tensor:
        scale, shift = self.scale_and_shift()
        return x * _per_channel(scale) + _per_channel(shift)

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """What inference does: ``scale * x + shift``, each of shape (C,)."""
        scale = ops.rsqrt(asarray(self.running_var.data) + self.eps)
        scale = scale if self.weight is None else scale * self.weight
        shift = -asarray(self.running_mean.data) * scale
        shift = shift if self.bias is None else shift + self.bias
        return scale, shift

    def _note(self, buffer: Buffer, batch: Array) -> None:
        if not is_known(batch):
            raise refusal(
                "the mean and variance of a batch, to note them in BatchNorm2d,",
                hint="call model.eval() first, or leave a step that trains it uncompiled",
            )
        xp, old = namespace(batch), buffer.data
        new = xp.astype(xp.reshape(batch, (self.num_features,)), old.dtype)
        buffer.data = (1 - self.momentum) * old + self.momentum * new

    def extra_repr(self) -> str:
        """Channels, eps and momentum."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


def _per_channel(x: Tensor) -> Tensor:
    """(C,) to (C, 1, 1), so that it broadcasts over pixels."""
    return ops.reshape(x, (-1, 1, 1))
