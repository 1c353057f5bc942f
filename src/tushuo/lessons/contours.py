"""Paths over a landscape of two variables, as a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tushuo.errors import ShapeError

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDTH, _ROW = 640, 22
_LOW, _HIGH = np.array([38, 70, 115.0]), np.array([246, 248, 250.0])  # valley and heights
_COLOURS = ("#e4572e", "#ffc914", "#76b041", "#b14aed", "#17bebb", "#ff7fa5", "#ffffff")

Box = tuple[float, float, float, float]


def contours(f: Callable[[Any], Any], box: Box, paths: Mapping[str, Any], bands: int = 14) -> Image:
    """Draw paths over a function, which is dark where it is small.

    Each band of equal colour holds values of one part of their logarithms' range, so that the
    floor of a valley shows as well as its slopes.

    Args:
        f: From two arrays of coordinates, shape (2, height, width), to values (height, width) from
            0.
        box: The least and the largest x, the least and the largest y.
        paths: Points by name, each of shape (N, 2), N > 0; they may leave the box.
        bands: How many colours.

    Raises:
        ShapeError: A path has another shape, or the function returns one.
    """
    left, right, low, high = box
    height = round(_WIDTH * (high - low) / (right - left))
    columns, rows = np.linspace(left, right, _WIDTH), np.linspace(high, low, height)
    values = np.asarray(f(np.stack(np.meshgrid(columns, rows))))
    if values.shape != (height, _WIDTH):
        raise ShapeError(f"the function returned {values.shape}, expected {(height, _WIDTH)}")
    draw, picture = _canvas(_coloured(values, bands), _ROW * -(-len(paths) // 4) + 8)
    for i, (name, path) in enumerate(paths.items()):
        points, colour = np.asarray(path, float), _COLOURS[i % len(_COLOURS)]
        if points.ndim != 2 or points.shape[1] != 2 or not len(points):
            raise ShapeError(f"path {name!r} has shape {points.shape}, expected (N, 2), N > 0")
        _draw_path(draw, (points - (left, high)) * (_WIDTH / (right - left)) * (1, -1), colour)
    _draw_legend(draw, height, list(paths))
    return picture


def _canvas(coloured: np.ndarray, legend: int) -> tuple[Any, Image]:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (_WIDTH, len(coloured) + legend))
    picture.paste(Image.fromarray(coloured))
    return ImageDraw.Draw(picture), picture


def _coloured(values: np.ndarray, bands: int) -> np.ndarray:
    """Colours of values by their band, uint8 (height, width, 3)."""
    logs = np.log(np.maximum(values, values.max() * 1e-5))
    share = (logs - logs.min()) / (np.ptp(logs) or 1.0)
    step = np.floor(share * (bands - 1e-6)) / (bands - 1)
    return np.asarray(np.rint(_LOW + step[..., None] * (_HIGH - _LOW)), np.uint8)


def _draw_path(draw: Any, points: np.ndarray, colour: str) -> None:
    inside = [tuple(p) for p in np.clip(points, -1e4, 1e4)]
    draw.line(inside, "#000000", 5, joint="curve")
    draw.line(inside, colour, 3, joint="curve")
    for x, y in inside:
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), colour, "#000000")


def _draw_legend(draw: Any, top: int, names: list[str]) -> None:
    """The names in rows of four; last, since paths may run over the edge."""
    from PIL import ImageFont

    draw.rectangle((0, top, _WIDTH, top + 10 * _ROW), "#1b1f27")
    font = ImageFont.load_default(14)
    for i, name in enumerate(names):
        x, y = 12 + i % 4 * (_WIDTH // 4), top + 5 + i // 4 * _ROW
        draw.rectangle((x, y + 6, x + 18, y + 10), _COLOURS[i % len(_COLOURS)])
        draw.text((x + 24, y), name, "#ffffff", font)
