"""A picture of a handwritten digit, made like those of MNIST.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998),
section III-A: the digit is scaled to fit a 20 x 20 box with its proportions kept, and placed so
that its centre of mass is the centre of the 28 x 28 image.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tushuo.data.mnist.digits import SIDE
from tushuo.errors import ImageError

__all__ = ["normalize_digit"]

Pixels: TypeAlias = npt.NDArray[Any]

_BOX = 20
_LARGEST = 400  # pixels: a larger picture tells no more about a digit
_FAINTEST = 24  # grey levels between ink and paper, below which a picture is blank
_THINNEST = 0.08  # width of a stroke, as a part of the digit's longer side; MNIST's are about 0.12


def normalize_digit(image: Image.Image) -> npt.NDArray[np.uint8]:
    """One digit as MNIST would have it.

    Ink may be dark on light or light on dark: paper is what is at the edge. Strokes that would
    fade when made small are thickened first.

    Args:
        image: Any size and mode, with one digit.

    Returns:
        uint8 (28, 28): 0 is paper, 255 is ink.

    Raises:
        ImageError: The picture is blank.
    """
    ink = _cut(_ink(_small(image)))
    small = _fit(_thick_enough(ink))
    return _centred(small)


def _small(image: Image.Image) -> Pixels:
    """Grey levels, float32 (H, W), of the picture on a sheet that goes on around it."""
    grey = image.convert("L")
    scale = min(1.0, _LARGEST / max(grey.size))
    size = [max(1, round(side * scale)) for side in grey.size]
    grey = grey.resize((size[0], size[1]), Image.Resampling.BOX, reducing_gap=3.0)
    return np.asarray(grey, np.float32)


def _ink(grey: Pixels) -> Pixels:
    """How much ink there is, from 0 to 1."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(edge))
    away = grey - paper
    sign = 1.0 if away.max() > -away.min() else -1.0
    ink = np.maximum(sign * away, 0)
    if ink.max() < _FAINTEST:
        raise ImageError("the picture is blank", hint="a digit must stand out from its background")
    return _stretched(ink)


def _stretched(ink: Pixels) -> Pixels:
    """Shadows and noise on the paper to 0, the middle of strokes to 1."""
    level = _threshold(ink)
    full = float(np.median(ink[ink > level]))
    low = level / 2
    stretched: Pixels = np.clip((ink - low) / max(full - low, 1e-6), 0, 1)
    return stretched


def _threshold(ink: Pixels) -> float:
    """The level that parts ink from paper best (Otsu, 1979): most variance between the two."""
    counts, edges = np.histogram(ink, 256)
    middles = (edges[:-1] + edges[1:]) / 2
    below, mass = np.cumsum(counts), np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mass[-1] * below / below[-1] - mass) ** 2 / (below * above)
    return float(edges[1 + int(np.nanargmax(between))])


def _cut(ink: Pixels) -> Pixels:
    """The smallest rectangle with all strokes."""
    rows, columns = np.nonzero(ink > 0.5)
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _thick_enough(ink: Pixels) -> Pixels:
    """The digit with strokes of about MNIST's width at least."""
    wanted = _THINNEST * max(ink.shape)
    missing = round((wanted * 1.4 - _stroke_width(ink)) / 2)
    if _stroke_width(ink) >= wanted or missing < 1:
        return ink
    around = np.pad(ink, missing)
    wider = Image.fromarray((around * 255).astype(np.uint8))
    for _ in range(missing):
        wider = wider.filter(ImageFilter.MaxFilter(3))
    return np.asarray(wider, np.float32) / 255


def _stroke_width(ink: Pixels) -> float:
    """Twice the area of the strokes by the length of their outline, in pixels.

    The steps of a slanting outline are a quarter longer than the outline, on the average.
    """
    solid = np.pad(ink > 0.5, 1)
    outline = sum(int(np.count_nonzero(np.diff(solid, axis=axis))) for axis in (0, 1))
    return 2.5 * int(np.count_nonzero(solid)) / outline


def _fit(ink: Pixels) -> Pixels:
    """The digit with its longer side 20 pixels."""
    scale = _BOX / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    image = Image.fromarray(ink)  # mode "F"
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)).clip(0, 1)


def _centred(ink: Pixels) -> npt.NDArray[np.uint8]:
    """The digit in a 28 x 28 image, with its centre of mass in the middle, to the pixel."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (_start(ink.sum(axis=1 - axis), length) for axis, length in enumerate(ink.shape))
    height, width = ink.shape
    image[top : top + height, left : left + width] = np.rint(255 * ink)
    return image


def _start(mass: Pixels, length: int) -> int:
    """Where a side of the digit starts in the image."""
    centre = float((mass * (np.arange(length) + 0.5)).sum() / mass.sum())
    return int(np.clip(round(SIDE / 2 - centre), 0, SIDE - length))
