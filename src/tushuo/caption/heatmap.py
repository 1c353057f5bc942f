"""Attention maps as large as the photograph, smooth, and laid over it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tushuo.data import Preprocessing
from tushuo.errors import ShapeError

__all__ = ["heatmap", "spotlight"]

Floats = npt.NDArray[np.float32]

_BLUR = 0.4  # of a place of the map: enough to hide the grid, little enough to keep its detail
_DARK = 0.38  # brightness of what the model did not look at


def heatmap(
    attention: npt.ArrayLike, size: tuple[int, int], preprocessing: Preprocessing | None = None
) -> Floats:
    """An attention map, drawn out smoothly to the size of a photograph.

    Args:
        attention: One word's map, (h, w), not negative.
        size: Width and height of the photograph in pixels.
        preprocessing: Which part of the photograph the map covers; by default all of it.

    Returns:
        float32 (height, width) from 0 to 1, 1 where the attention is greatest. Outside the part
        that the network saw it is 0.

    Raises:
        ShapeError: The map is not a matrix.
    """
    grid = np.asarray(attention, dtype=np.float32)
    if grid.ndim != 2 or not grid.size:
        raise ShapeError(f"expected an attention map (h, w), got shape {grid.shape}")
    left, top, right, bottom = (preprocessing or Preprocessing()).region(*size)
    covered = (max(1, round(right - left)), max(1, round(bottom - top)))
    canvas = Image.new("F", size)
    canvas.paste(_smooth(grid, covered), (round(left), round(top)))
    values: Floats = np.asarray(canvas)
    most = values.max()
    return values / most if most > 0 else values


def spotlight(photograph: Image.Image, light: npt.NDArray[Any]) -> Image.Image:
    """The photograph, dark and grey where `light` (height, width) is 0, as it is where it is 1."""
    rgb = photograph.convert("RGB")
    dark = rgb.convert("L").point(lambda value: value * _DARK).convert("RGB")
    mask = Image.fromarray(np.rint(255 * np.clip(light, 0, 1)).astype(np.uint8))
    return Image.composite(rgb, dark, mask)


def _smooth(grid: Floats, size: tuple[int, int]) -> Image.Image:
    # a map is darkest at its least, so that even an almost flat one shows where it rises
    rises = grid - grid.min() if grid.size > 1 and np.ptp(grid) > 0 else grid
    large = Image.fromarray(rises).resize(size, Image.Resampling.BICUBIC)
    radius = _BLUR * min(size[0] / grid.shape[1], size[1] / grid.shape[0])
    values = np.asarray(large, dtype=np.float32)
    most = float(values.max()) or 1.0
    eight_bit = Image.fromarray(np.clip(255 * values / most, 0, 255).astype(np.uint8))
    blurred = eight_bit.filter(ImageFilter.GaussianBlur(radius))  # Pillow blurs no floats
    return Image.fromarray(np.asarray(blurred, dtype=np.float32))
