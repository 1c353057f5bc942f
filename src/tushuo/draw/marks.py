"""What pictures are made of: boxes, text and lines, each with a role that has a colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Literal, TypeAlias

Anchor = Literal["start", "middle", "end"]
XY: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle with rounded corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    role: str


@dataclass(frozen=True)
class Text:
    """A line of text; ``y`` is its baseline."""

    x: float
    y: float
    text: str
    size: float
    role: str
    anchor: Anchor = "start"


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: tuple[XY, ...]
    role: str


@dataclass(frozen=True)
class Wire:
    """Level stretches ``(x0, x1, y)`` joined by curves, with an arrow at the end or without."""

    stretches: tuple[tuple[float, float, float], ...]
    arrow: bool


Mark: TypeAlias = Box | Text | Line | Wire


def text_width(text: str, size: float) -> float:
    """The room for a text in whole pixels, with some to spare for wider fonts."""
    return float(ceil(1.12 * size / 100 * sum(map(_advance, text))))


@cache
def _advance(character: str) -> float:
    """The width of a character at size 100; one of East Asia fills a square."""
    if ord(character) > 0x2E7F:
        return 100.0
    from PIL import ImageFont

    return float(ImageFont.load_default(100).getlength(character))


def shifted(marks: Sequence[Mark], dx: float, dy: float) -> list[Mark]:
    """The marks, moved."""
    return [_moved(mark, dx, dy) for mark in marks]


def _moved(mark: Mark, dx: float, dy: float) -> Mark:
    if isinstance(mark, Box):
        return Box(mark.x + dx, mark.y + dy, mark.width, mark.height, mark.radius, mark.role)
    if isinstance(mark, Text):
        return Text(mark.x + dx, mark.y + dy, mark.text, mark.size, mark.role, mark.anchor)
    if isinstance(mark, Line):
        return Line(tuple((x + dx, y + dy) for x, y in mark.points), mark.role)
    return Wire(tuple((a + dx, b + dx, y + dy) for a, b, y in mark.stretches), mark.arrow)
