"""What layers ask of their arguments, with errors that name the layer."""

from __future__ import annotations

from typing import Any

from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.graph.backend import namespace
from tushuo.graph.op import Shape
from tushuo.graph.tensor import Tensor, asarray


def features(layer: str, x: Any, size: int) -> Tensor:
    """Inputs whose last axis has a given length.

    Raises:
        ShapeError: It has another length.
    """
    t = asarray(x)
    if not t.ndim or t.shape[-1] != size:
        raise ShapeError(f"{layer} needs inputs (..., {size}), got {t.shape}")
    return t


def images(layer: str, x: Any, channels: int | None = None) -> Tensor:
    """Inputs (N, C, H, W).

    Raises:
        ShapeError: They have other axes, or another number of channels.
    """
    t = asarray(x)
    if t.ndim != 4 or channels not in (None, t.shape[1]):
        hint = f"add the batch axis: x[None] is {(1, *t.shape)}" if t.ndim == 3 else ""
        wanted = "C" if channels is None else channels
        raise ShapeError(f"{layer} needs inputs (N, {wanted}, H, W), got {t.shape}", hint=hint)
    return t


def boolean(layer: str, mask: Any, shape: Shape, axes: str) -> Tensor:
    """A mask of a given shape.

    Args:
        layer: Name for the error.
        mask: Booleans.
        shape: What it must be.
        axes: The names of the axes, as "(N, T)".

    Raises:
        ShapeError: It has another shape.
        DTypeError: It is not boolean.
    """
    t = asarray(mask)
    if not namespace(t.data).isdtype(t.dtype, "bool"):
        raise DTypeError(f"{layer} needs a boolean mask, got {t.dtype}", hint="pass mask != 0")
    if t.shape != shape:
        raise ShapeError(f"{layer} needs a mask {axes} = {shape}, got {t.shape}")
    return t


def positive(layer: str, **sizes: int) -> None:
    """Sizes of a layer, which must be whole numbers from 1.

    Raises:
        UsageError: One is not; the message names it.
    """
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise UsageError(f"{layer}: {name} must be an integer >= 1, got {size!r}")
