"""Weights as 8-bit whole numbers, each row with a scale of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["SCALE", "dequantized", "quantized"]

SCALE = "_scale"
"""What the name of an array's scales ends with, as in the files of `compressed-tensors`."""

_LARGEST = 127


def quantized(weights: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round each row to multiples of a 127th of its largest magnitude.

    Rows belong to outputs (of a linear layer, or a channel of a convolution), whose magnitudes can
    differ much: with one scale for all, the small ones would become zero. Symmetric quantisation by
    channel, as in Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference"
    (2018), sections 2.2 and 3.1.

    Args:
        weights: Finite numbers, (N, ...).

    Returns:
        Whole numbers from -127 to 127, int8 (N, ...), and the scales, float32 (N,). A weight is off
        by half a scale at most.
    """
    rows = weights.reshape(len(weights), -1).astype(np.float64)
    largest = np.abs(rows).max(axis=1, initial=0.0)
    scale = np.where(largest > 0, largest / _LARGEST, 1.0).astype(np.float32)
    scale = np.maximum(scale, np.finfo(np.float32).smallest_normal)
    whole = np.clip(np.rint(rows / scale[:, None]), -_LARGEST, _LARGEST)
    return whole.astype(np.int8).reshape(weights.shape), scale


def dequantized(
    whole: npt.NDArray[np.int8], scale: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The weights, float32 (N, ...), of whole numbers (N, ...) and the scales of rows (N,)."""
    with np.errstate(over="ignore", invalid="ignore"):  # a hostile scale is told by the caller
        return whole.astype(np.float32) * scale.reshape(-1, *[1] * (whole.ndim - 1))
