"""Small pictures in a terminal: two pixels a character, as its upper and lower half."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["thumbnail"]

_WIDTH, _HEIGHT = 24, 16  # pixels; a character is about twice as high as wide


def thumbnail(path: Path) -> Text:
    """A photograph, at most 24 characters wide and 8 high; nothing if it cannot be read."""
    import numpy as np
    from rich.text import Text

    from tushuo.data import load_image
    from tushuo.errors import TushuoError

    picture = Text()
    try:
        image = load_image(path, at_least=(2 * _WIDTH, 2 * _HEIGHT))
    except (TushuoError, MemoryError):
        return picture
    image.thumbnail((_WIDTH, _HEIGHT))
    pixels = np.asarray(image)  # (H, W, 3)
    for y in range(0, len(pixels) - 1, 2):
        for upper, lower in zip(pixels[y], pixels[y + 1], strict=True):
            picture.append("▀", f"#{upper.tobytes().hex()} on #{lower.tobytes().hex()}")
        picture.append("\n")
    picture.rstrip()
    return picture
