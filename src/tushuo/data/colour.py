"""Any Pillow image as upright 8-bit RGB: orientation, deep or float values, transparency."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from PIL import Image

__all__ = ["orientation", "to_rgb"]

_ORIENTATION = 0x0112  # the EXIF tag; its values 2 to 8 ask for a turn or a mirror
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def to_rgb(image: Image.Image) -> Image.Image:
    """The same picture upright, of mode "RGB", without metadata; transparency is laid on white.

    Args:
        image: An image of any mode. 16-bit and wider integers are scaled so that 65535 (or the
            largest value, if that is more) is white; floating-point values are taken to run from 0
            to 1, or from 0 to 255 if any exceeds 1.

    Returns:
        A new image; `image` keeps its pixels.

    Raises:
        OSError: The file behind the image is damaged (see `load_image`, which explains it).
    """
    image.load()
    turn = _TURNS.get(orientation(image))
    rgb = _flatten(_to_8_bits(image))
    if turn is not None:
        rgb = rgb.transpose(turn)
    rgb.info.clear()  # what is upright now must not be turned again by a reader of its EXIF
    return rgb


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1, which is upright, where there is none or it is damaged."""
    with suppress(Exception):  # a decoder of metadata may raise anything; the picture may be good
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scale the modes whose conversion Pillow would clip: I, I;16 and F."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    values = np.nan_to_num(np.asarray(image).astype(np.float32))  # in place from here on
    values *= 255 / _white(image.mode, float(values.max(initial=0)))
    np.clip(np.rint(values, out=values), 0, 255, out=values)
    return Image.fromarray(values.astype(np.uint8), "L")


def _white(mode: str, largest: float) -> float:
    """The value that means white, in an image whose largest value is given."""
    if mode == "F":
        return 1 if largest <= 1 else 255
    return max(65535, largest)


def _flatten(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")
