"""Arrays as pictures in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tushuo.errors import ShapeError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

_GAP, _LABEL = 8, 20


def images(
    arrays: Sequence[Any], titles: Sequence[str] = (), *, columns: int = 10, size: int = 84
) -> Image:
    """Arrays side by side as pictures, which a notebook shows.

    Args:
        arrays: Grey (H, W) or coloured (H, W, 3). uint8 is shown as it is; grey numbers of
            another type are stretched from their least (black) to their largest (white), and
            coloured ones go from 0 to 1.
        titles: A word below each picture, or none.
        columns: Pictures in a row.
        size: Pixels of the longer side of a picture.

    Raises:
        ShapeError: An array has another shape, or there is not one title for each picture.
        UsageError: There is no picture.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not len(arrays):
        raise UsageError("images() got no picture", hint="pass at least one array")
    if titles and len(titles) != len(arrays):
        raise ShapeError(f"{len(arrays)} pictures have {len(titles)} titles")
    columns, high = min(columns, len(arrays)), size + (_LABEL if titles else 0)
    rows = -(-len(arrays) // columns)
    cell = size + _GAP, high + _GAP
    sheet = Image.new("RGB", (columns * cell[0] + _GAP, rows * cell[1] + _GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for i, each in enumerate(arrays):
        left, top = _GAP + i % columns * cell[0], _GAP + i // columns * cell[1]
        picture = _picture(each, size)
        inset = (size - picture.width) // 2, (size - picture.height) // 2
        sheet.paste(picture, (left + inset[0], top + inset[1]))
        if titles:
            draw.text((left + size / 2, top + size + 4), titles[i], "#222222", font, "mt")
    return sheet


def _picture(array: Any, size: int) -> Image:
    from PIL import Image

    values = np.asarray(array.numpy() if hasattr(array, "numpy") else array)
    if values.ndim != 2 and (values.ndim != 3 or values.shape[2] != 3):
        raise ShapeError(f"a picture is (H, W) or (H, W, 3), got {values.shape}")
    if values.dtype != np.uint8:
        values = _bytes(values.astype(np.float64))
    height, width = values.shape[:2]
    scale = size / max(height, width)
    way = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    fitted = max(1, round(width * scale)), max(1, round(height * scale))
    return Image.fromarray(values).convert("RGB").resize(fitted, way)


def _bytes(values: np.ndarray) -> np.ndarray:
    if values.ndim == 2:
        spread = float(np.ptp(values)) or 1.0
        values = (values - values.min()) / spread
    shades = 255 * np.clip(np.nan_to_num(values), 0, 1)
    return np.asarray(shades.round(), np.uint8)
