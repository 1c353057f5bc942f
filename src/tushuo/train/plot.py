"""Curves over two axes, linear or logarithmic, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from tushuo.errors import ShapeError, UsageError

__all__ = ["Plot", "plot"]

_WIDTH, _HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 20, 58, 52
_COLOURS = ("#0b62a4", "#c8102e", "#2e7d32", "#7b3fa0", "#b25e00", "#00838f", "#555555")


def plot(
    x: Any,
    lines: Mapping[str, Any],
    title: str = "",
    across: str = "",
    up: str = "",
    *,
    log: str = "",
    dots: bool = False,
) -> Plot:
    """A chart of curves, which a notebook shows.

    Args:
        x: Positions along the horizontal axis, shape (N,).
        lines: Values by the name of the curve, each of shape (N,); values that are not finite,
            and on a logarithmic axis those that are not positive, are left out.
        title: Above the chart.
        across: What the horizontal axis shows, with its unit.
        up: What the vertical axis shows, with its unit.
        log: The logarithmic axes: "", "x", "y" or "xy".
        dots: Whether the values are marked by dots rather than joined.

    Raises:
        ShapeError: A curve does not have as many values as there are positions.
        UsageError: There is nothing to draw, or ``log`` is something else.
    """
    if log not in ("", "x", "y", "xy"):
        raise UsageError(f"log is {log!r}", hint="use '', 'x', 'y' or 'xy'")
    at = np.asarray(x, float)
    values = {name: np.asarray(v, float) for name, v in lines.items()}
    for name, v in values.items():
        if v.shape != at.shape or v.ndim != 1:
            raise ShapeError(f"curve {name!r} has shape {v.shape}, the positions {at.shape}")
    kept = [_kept(at, v, log) for v in values.values()]
    if not any(len(points) for points in kept):
        raise UsageError("there is nothing to draw", hint="pass at least one finite value")
    joined = np.concatenate(kept)
    axes = tuple(_Axis.over(joined[:, i], name in log) for i, name in enumerate("xy"))
    return Plot(dict(zip(values, kept, strict=True)), axes, (title, across, up), dots)


@dataclass(frozen=True)
class Plot:
    """A chart; notebooks show it, :meth:`svg` is its source."""

    lines: dict[str, np.ndarray]  # each (N, 2)
    axes: tuple[_Axis, ...]
    words: tuple[str, str, str]
    dots: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return _WIDTH, _HEIGHT

    def svg(self) -> str:
        """The chart as an SVG document."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        size = f' width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="12">'
        ground = '<rect width="100%" height="100%" fill="white"/>'
        return "\n".join([head + size, ground, *self._grid(), *self._curves(), "</svg>\n"])

    def _repr_svg_(self) -> str:
        return self.svg()

    def __str__(self) -> str:
        return f"<Plot {self.words[0]!r}: {', '.join(self.lines)}>"

    def _grid(self) -> Iterator[str]:
        across, up = self.axes
        for value in across.ticks():
            x = _across(across.share(value))
            yield _line([(x, _TOP), (x, _HEIGHT - _BOTTOM)], "#dddddd", 1)
            yield _text((x, _HEIGHT - _BOTTOM + 17), _shown(value), "middle")
        for value in up.ticks():
            y = _up(up.share(value))
            yield _line([(_LEFT, y), (_WIDTH - _RIGHT, y)], "#dddddd", 1)
            yield _text((_LEFT - 7, y + 4), _shown(value), "end")
        title, below, beside = self.words
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        yield _text((middle, 19), title, "middle", weight="bold")
        yield _text((middle, _HEIGHT - 12), below, "middle")
        yield _text((8, _TOP - 14), beside, "start")

    def _curves(self) -> Iterator[str]:
        left = _LEFT + 8.0 * len(self.words[2])
        for i, (name, values) in enumerate(self.lines.items()):
            colour = _COLOURS[i % len(_COLOURS)]
            points = [self._place(x, y) for x, y in values]
            if self.dots:
                yield from (_dot(p, colour) for p in points)
            else:
                yield _line(points, colour, 2.2)
            yield _line([(left, _TOP - 18), (left + 18, _TOP - 18)], colour, 4)
            yield _text((left + 23, _TOP - 14), name, "start", colour)
            left += 42 + 7.2 * len(name)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return _across(self.axes[0].share(x)), _up(self.axes[1].share(y))


@dataclass(frozen=True)
class _Axis:
    """From values to shares of an axis; of their logarithms if it is logarithmic."""

    low: float
    high: float
    log: bool

    @staticmethod
    def over(values: np.ndarray, log: bool) -> _Axis:
        scaled = np.log10(values) if log else values
        low, high = float(scaled.min()), float(scaled.max())
        pad = (high - low) * 0.03 or 0.5
        return _Axis(low - pad, high + pad, log)

    def share(self, value: float) -> float:
        return ((math.log10(value) if self.log else value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values, four to nine of them where the axis is linear."""
        if self.log and self.high - self.low > 1.5:
            step = math.ceil((self.high - self.low) / 9)
            powers = range(math.ceil(self.low), math.floor(self.high) + 1, step)
            return [10.0**p for p in powers]
        ends = (10**self.low, 10**self.high) if self.log else (self.low, self.high)
        raw = (ends[1] - ends[0]) / 8
        unit = 10 ** math.floor(math.log10(raw))
        step_ = next(m * unit for m in (1, 2, 5, 10) if m * unit >= raw)
        return [i * step_ for i in range(math.ceil(ends[0] / step_), int(ends[1] // step_) + 1)]


def _kept(x: np.ndarray, y: np.ndarray, log: str) -> np.ndarray:
    """The points that can be drawn, shape (K, 2)."""
    keep = np.isfinite(x) & np.isfinite(y)
    keep &= (x > 0) if "x" in log else True
    keep &= (y > 0) if "y" in log else True
    points = np.stack([x, y], axis=1)
    return points[np.flatnonzero(keep)]


def _across(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _up(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _shown(value: float) -> str:
    return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def _line(points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    stroke = f'stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"'
    return f'<polyline points="{places}" fill="none" {stroke}/>'


def _dot(point: tuple[float, float], colour: str) -> str:
    return f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="2.4" fill="{colour}"/>'


def _text(
    at: tuple[float, float], text: str, anchor: str, colour: str = "#222222", weight: str = "normal"
) -> str:
    style = f'text-anchor="{anchor}" fill="{colour}" font-weight="{weight}"'
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" {style}>{escape(text)}</text>'
