"""The figures as a picture: for each workload a bar an engine, as long as it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from bench.engines import OWN
from bench.report import number

_WIDTH, _LEFT, _RIGHT = 860, 210, 150
_ROW, _HEAD, _TOP = 19, 34, 46
_OURS, _THEIRS, _GRID = "#0b62a4", "#b9c3cc", "#e3e3e3"


def picture(trees: Mapping[str, Any], machine: Mapping[str, Any]) -> str:
    """An SVG document. Bars are times beside the fastest of ours, on a logarithmic scale."""
    drawn = {name: tree for name, tree in trees.items() if "ratio" in tree}
    scale = _Scale(drawn)
    rows: list[str] = []
    y = _TOP
    for name, tree in drawn.items():
        rows += _workload(name, tree, y, scale)
        y += _HEAD + _ROW * len(tree["engines"])
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 12}"'
    font = ' font-family="sans-serif" font-size="12">'
    where = f"{machine['processor']}, threads: {machine['threads']}"
    title = _text(12, 20, f"Time beside tushuo, logarithmic ({where})", bold=True)
    ground = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([head + font, ground, title, *rows, "</svg>\n"])


class _Scale:
    """From times beside ours to lengths."""

    def __init__(self, trees: Mapping[str, Any]) -> None:
        ratios = [e["seconds"] / _base(t) for t in trees.values() for e in t["engines"].values()]
        self.low = 0.7 * min([1.0, *ratios])
        self.high = max([2.0, *ratios])

    def place(self, ratio: float) -> float:
        share = math.log(ratio / self.low) / math.log(self.high / self.low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _base(tree: Mapping[str, Any]) -> float:
    return float(tree["engines"][tree["ours"]]["seconds"])


def _workload(name: str, tree: Mapping[str, Any], y: int, scale: _Scale) -> Iterator[str]:
    yield _text(12, y + 20, f"{name}  {tree['title']}: {tree['unit']}", bold=True)
    y += _HEAD
    one = scale.place(1)
    bottom = y + _ROW * len(tree["engines"]) - 4
    yield f'<path d="M{one:.1f} {y - 4}V{bottom}" stroke="{_GRID}" stroke-width="1.5"/>'
    for title, entry in sorted(tree["engines"].items(), key=lambda item: item[1]["seconds"]):
        ratio = entry["seconds"] / _base(tree)
        end, colour = scale.place(ratio), _OURS if entry["family"] == OWN else _THEIRS
        size = f'width="{max(1.0, end - _LEFT):.1f}" height="{_ROW - 6}"'
        yield _text(_LEFT - 8, y + 10, title, anchor="end")
        yield f'<rect x="{_LEFT}" y="{y - 1}" {size} fill="{colour}"/>'
        yield _text(end + 6, y + 10, f"{number(entry['median'])}  ({ratio:.2f}x)")
        y += _ROW


def _text(x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="#222222"{weight}>{escape(text)}</text>'
