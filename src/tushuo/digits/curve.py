"""The learning curve as a picture: share of right answers over the epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

__all__ = ["draw_curve"]

_SIZE = 1920, 1200  # drawn twice as large, so that lines are smooth
_LEFT, _TOP, _RIGHT, _BOTTOM = 220, 80, 1860, 1020
_PAPER, _GRID, _TEXT = "#ffffff", "#dddddd", "#333333"
_COLOURS = ("#9aa5b1", "#c0392b", "#2471a3")
_TITLES = {"valid": "validation images", "test": "test images"}


def draw_curve(scores: Mapping[str, Sequence[float]]) -> Image.Image:
    """Curves of shares, 0 to 1, one value an epoch.

    Args:
        scores: The values by name, all equally many and at least one.

    Returns:
        An RGB picture, 960 x 600.
    """
    image = Image.new("RGB", _SIZE, _PAPER)
    draw = ImageDraw.Draw(image)
    axes = _Axes.around(scores)
    _grid(draw, axes)
    for values, colour in zip(scores.values(), _COLOURS, strict=False):
        points = [axes.at(epoch, value) for epoch, value in enumerate(values)]
        draw.line(points, colour, width=6, joint="curve")
        for x, y in points:
            draw.ellipse((x - 9, y - 9, x + 9, y + 9), colour)
    _legend(draw, scores)
    return image.reduce(2)


@dataclass(frozen=True)
class _Axes:
    """From epochs and shares to pixels."""

    epochs: int
    low: float
    step: float

    @classmethod
    def around(cls, scores: Mapping[str, Sequence[float]]) -> _Axes:
        """Axes from a round number below all values to 1, with at most eight lines."""
        least = min(min(values) for values in scores.values())
        step = next(s for s in (0.002, 0.005, 0.01, 0.02, 0.05, 0.2) if (1 - least) / s < 8)
        low = max(0.0, 1 - step * math.ceil((1 - least) / step + 0.2))
        return cls(max(len(values) for values in scores.values()), low, step)

    def at(self, epoch: float, value: float) -> tuple[float, float]:
        """The place of a value."""
        x = _LEFT + (_RIGHT - _LEFT) * (epoch + 0.5) / self.epochs
        return x, _BOTTOM - (_BOTTOM - _TOP) * (value - self.low) / (1 - self.low)


def _grid(draw: ImageDraw.ImageDraw, axes: _Axes) -> None:
    """Lines with percentages at the left, numbers of epochs below."""
    digits = 1 if axes.step < 0.01 else 0
    for i in range(round((1 - axes.low) / axes.step) + 1):
        value = axes.low + i * axes.step
        y = axes.at(0, value)[1]
        draw.line((_LEFT, y, _RIGHT, y), _GRID, width=2)
        _write(draw, (_LEFT - 24, y), f"{100 * value:.{digits}f} %", "rm")
    for epoch in range(0, axes.epochs, max(1, -(-axes.epochs // 15))):
        _write(draw, (axes.at(epoch, 0)[0], _BOTTOM + 40), str(epoch), "mm")
    draw.line((_LEFT, _BOTTOM, _RIGHT, _BOTTOM), _TEXT, width=4)
    _write(draw, ((_LEFT + _RIGHT) / 2, _BOTTOM + 116), "epoch", "mm")


def _legend(draw: ImageDraw.ImageDraw, scores: Mapping[str, Sequence[float]]) -> None:
    """Name, colour and last value of each curve, at the lower right."""
    for line, (name, colour) in enumerate(zip(scores, _COLOURS, strict=False)):
        y = _BOTTOM - 60 * (len(scores) - line)
        draw.line((_RIGHT - 660, y, _RIGHT - 580, y), colour, width=8)
        text = f"{_TITLES.get(name, name)}: {100 * scores[name][-1]:.2f} %"
        _write(draw, (_RIGHT - 556, y), text, "lm")


def _write(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, anchor: str) -> None:
    draw.text(place, text, _TEXT, ImageFont.load_default(40), anchor)
