"""The signs of operations."""

from __future__ import annotations

import math

from tushuo.draw.marks import XY

_TEXT = {
    "Exp": "exp",
    "Log": "log",
    "Reciprocal": "1/x",
    "Square": "x^2",
    "Pow": "x^y",
    "Maximum": "max",
    "Minimum": "min",
    "Negative": "-x",
}
_WIDE = 14.0  # half the width of a curve, in pixels


def symbol(op: str) -> str:
    """What stands for an operation in text."""
    return _TEXT.get(op, op)


def caption(op: str) -> str:
    """The word that a curve needs beside it, nothing for the signs that everybody knows."""
    return op.lower() if op in ("Sigmoid", "Tanh", "Relu") else ""


def icon(op: str) -> list[tuple[XY, ...]]:
    """The lines of a sign around (0, 0), none where the operation has only a word."""
    return [tuple(line) for line in _ICONS.get(op, [])]


def _curve(steepness: float) -> list[XY]:
    xs = [_WIDE * i / 12 for i in range(-12, 13)]
    return [(round(x, 2), round(-9 * math.tanh(steepness * x / _WIDE), 2)) for x in xs]


_ICONS: dict[str, list[list[XY]]] = {
    "Add": [[(-8, 0), (8, 0)], [(0, -8), (0, 8)]],
    "Subtract": [[(-8, 0), (8, 0)]],
    "Multiply": [[(-6, -6), (6, 6)], [(-6, 6), (6, -6)]],
    "Divide": [[(-8, 0), (8, 0)], [(0, -6.5), (0, -5)], [(0, 5), (0, 6.5)]],
    "Sigmoid": [_curve(2.6)],
    "Tanh": [_curve(3.4), [(0, -11), (0, 11)]],
    "Relu": [[(-_WIDE, 7), (0, 7), (_WIDE - 2, -8)]],
}
