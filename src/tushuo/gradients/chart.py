"""A chart of lines over logarithmic axes, as SVG or PNG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from tushuo.errors import UsageError

WIDTH, HEIGHT = 720, 460
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 60, 60
COLOURS = ("#0b62a4", "#c8102e", "#2e7d32", "#7b3fa0", "#b25e00")  # told apart on white
INK, GRID = "#222222", "#dddddd"


@dataclass(frozen=True)
class Chart:
    """Lines over one axis, both axes logarithmic.

    Attributes:
        title: Above the chart.
        across: What the horizontal axis shows, with its unit.
        up: What the vertical axis shows, with its unit.
        x: Positions, shape (N,), positive.
        lines: Values by name, each of shape (N,), positive.
    """

    title: str
    across: str
    up: str
    x: np.ndarray
    lines: dict[str, np.ndarray]

    def svg(self) -> str:
        """The chart as an SVG document."""
        parts = [_svg(shape) for shape in self._shapes()]
        size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
        title = f"<title>{escape(self.title)}</title>"
        return "\n".join(
            [head, title, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"]
        )

    def _repr_svg_(self) -> str:
        return self.svg()

    def save(self, path: str | Path, overwrite: bool = False) -> Path:
        """Write the chart as SVG or PNG, by the suffix of the path.

        Raises:
            UsageError: The suffix is another, or the file exists and ``overwrite`` is not set.
        """
        path = Path(path)
        if path.suffix.lower() not in (".svg", ".png"):
            raise UsageError(f"cannot write a chart to {path.name!r}", hint="use .svg or .png")
        if path.exists() and not overwrite:
            raise UsageError(f"{path} exists already", hint="pass overwrite=True to replace it")
        if path.suffix.lower() == ".svg":
            path.write_text(self.svg(), encoding="utf-8")
        else:
            _picture(self._shapes()).save(path)
        return path

    def _shapes(self) -> list[Shape]:
        """Everything that is to be drawn, in pixels."""
        across, up = _Axis.over([self.x]), _Axis.over(list(self.lines.values()))

        def place(x: float, y: float) -> tuple[float, float]:
            right = LEFT + across.share(x) * (WIDTH - LEFT - RIGHT)
            return right, HEIGHT - BOTTOM - up.share(y) * (HEIGHT - TOP - BOTTOM)

        shapes: list[Shape] = []
        for power in across.ticks():
            right, bottom = place(10.0**power, 10.0**up.low)
            shapes.append(Line([(right, TOP), (right, bottom)], GRID, 1))
            shapes.append(Label((right, bottom + 18), _power(power), "middle"))
        for power in up.ticks():
            left, level = place(10.0**across.low, 10.0**power)
            shapes.append(Line([(left, level), (WIDTH - RIGHT, level)], GRID, 1))
            shapes.append(Label((left - 8, level + 4), _power(power), "end"))
        for i, values in enumerate(self.lines.values()):
            colour = COLOURS[i % len(COLOURS)]
            points = [place(a, b) for a, b in zip(self.x, values, strict=True)]
            shapes.append(Line(points, colour, max(4.5 - i, 1.5)))  # so that none hides another
        return [*shapes, *self._titles(), *self._legend()]

    def _legend(self) -> Iterator[Shape]:
        """The names of the lines in a row above them."""
        left, level = LEFT + 100.0, TOP - 16.0
        for i, name in enumerate(self.lines):
            colour = COLOURS[i % len(COLOURS)]
            yield Line([(left, level), (left + 20, level)], colour, 3)
            yield Label((left + 26, level + 4), name, "start", colour)
            left += 54 + 7.5 * len(name)

    def _titles(self) -> list[Shape]:
        middle = (LEFT + WIDTH - RIGHT) / 2
        return [
            Label((middle, 22), self.title, "middle"),
            Label((middle, HEIGHT - 14), self.across, "middle"),
            Label((LEFT - 68, TOP - 12), self.up, "start"),
        ]


@dataclass(frozen=True)
class Line:
    """Points joined by straight lines."""

    points: Sequence[tuple[float, float]]
    colour: str
    width: float


@dataclass(frozen=True)
class Label:
    """Text that starts at, ends at or is centred on a point, at its baseline."""

    at: tuple[float, float]
    text: str
    anchor: str
    colour: str = INK


Shape = Line | Label


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis from one power of ten to another."""

    low: int
    high: int

    @staticmethod
    def over(values: Sequence[np.ndarray]) -> _Axis:
        joined = np.concatenate([np.asarray(v, float).ravel() for v in values])
        if not joined.size or not np.all(np.isfinite(joined)) or joined.min() <= 0:
            raise UsageError("a logarithmic axis needs positive, finite numbers, at least one")
        low, high = math.floor(math.log10(joined.min())), math.ceil(math.log10(joined.max()))
        return _Axis(low, max(high, low + 1))

    def share(self, value: float) -> float:
        """How far along the axis a value stands, from 0 to 1."""
        return (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> Iterator[int]:
        """Powers of ten, at most nine of them."""
        yield from range(self.low, self.high + 1, math.ceil((self.high - self.low) / 8))


def _power(n: int) -> str:
    return f"{10**n}" if 0 <= n <= 4 else f"1e{n}"


def _svg(shape: Shape) -> str:
    if isinstance(shape, Label):
        x, y = shape.at
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{shape.anchor}" fill="{shape.colour}"'
        return f'<text {place} font-size="13">{escape(shape.text)}</text>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    stroke = f'stroke="{shape.colour}" stroke-width="{shape.width}" stroke-linejoin="round"'
    return f'<polyline points="{points}" fill="none" {stroke}/>'


def _picture(shapes: Sequence[Shape]) -> Any:
    """The shapes as a picture of twice the size, so that it is sharp on any screen."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (2 * WIDTH, 2 * HEIGHT), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(26)
    anchors = {"start": "ls", "middle": "ms", "end": "rs"}
    for shape in shapes:
        if isinstance(shape, Label):
            x, y = shape.at
            anchor = anchors[shape.anchor]
            draw.text((2 * x, 2 * y), shape.text, shape.colour, font, anchor=anchor)
        else:
            points = [(2 * x, 2 * y) for x, y in shape.points]
            draw.line(points, shape.colour, round(2 * shape.width), joint="curve")
    return image
