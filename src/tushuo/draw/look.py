"""How a vertex or a folded scope looks: a card with its size and its marks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tushuo.draw.marks import Box, Line, Mark, Text, shifted, text_width
from tushuo.draw.model import Graph, Scope, Vertex
from tushuo.draw.summary import Summary
from tushuo.draw.symbols import caption, icon, symbol

PITCH = 36.0
"""The height that an edge with its two labels needs, in pixels."""
LABEL = 12.0
"""Size of the text on edges."""

_BARS, _BAR_HEIGHT = 48.0, 13.0
_PAD = 12.0


@dataclass(frozen=True)
class Card:
    """A picture of one item, its corner at (0, 0), in pixels.

    Attributes:
        width: How wide it is.
        height: How high it is, if the edges into it need no more.
        ground: The boxes behind, which are stretched where it is higher.
        marks: The rest, which stays in the middle.
    """

    width: float
    height: float
    ground: list[Box]
    marks: list[Mark]

    def stretched(self, height: float) -> list[Mark]:
        """All marks of the card at a height."""
        more = height - self.height
        ground = [replace(box, height=box.height + more) for box in self.ground]
        return [*ground, *shifted(self.marks, 0, more / 2)]


def vertex_card(vertex: Vertex, operands: int) -> Card:
    """The card of a vertex with so many operands."""
    if vertex.kind == "gate" and not vertex.value.shape:
        return _gate(vertex, operands)
    if vertex.kind == "output":
        return _pill(vertex, [])
    if vertex.kind != "gate" and not vertex.value.bars:
        rows = [Text(0, 0, vertex.value.text, LABEL, "value")]
        if vertex.gradient is not None:
            rows.append(Text(0, 0, vertex.gradient.text, LABEL, "gradient"))
        return _pill(vertex, rows)
    return _sheet(vertex)


def scope_card(graph: Graph, scope: Scope) -> Card:
    """The card of a folded scope."""
    gates = sum(v.kind == "gate" for v in graph.contents(scope.id))
    lines = [(scope.title, 13.0, "strong")]
    if scope.detail:
        lines.append((scope.detail, 11.0, "muted"))
    lines.append((f"{gates} operations" if gates != 1 else "1 operation", 11.0, "muted"))
    width = max(text_width(text, size) for text, size, _ in lines) + 2 * _PAD + 10
    height = 17.0 * len(lines) + 18
    marks: list[Mark] = [
        Text(width / 2, 24 + 17 * i, text, size, role, "middle")
        for i, (text, size, role) in enumerate(lines)
    ]
    x, y = width - 11, 11.0
    marks += [Line(((x - 4, y), (x + 4, y)), "sign"), Line(((x, y - 4), (x, y + 4)), "sign")]
    ground = [Box(dx, dx, width, height, 9, "scope") for dx in (4, 0)]
    return Card(width, height, ground, marks)


def _gate(vertex: Vertex, operands: int) -> Card:
    """A scalar gate: its symbol, its name, and its local gradients where the edges arrive."""
    picture, label = icon(vertex.label), symbol(vertex.label)
    size = 20.0 if len(label) <= 2 else 14.0
    below = [(caption(vertex.label), 10.5, "muted"), (vertex.name, LABEL, "name")]
    below = [line for line in below if line[0]]
    widths = [34.0 if picture else text_width(label, size)]
    widths += [text_width(text, size) for text, size, _ in below]
    column = max((text_width(x, 11) for x in vertex.local if x), default=0.0)
    left = _PAD + (column + 8 if column else 0)
    width = max(48.0, left + max(widths) + _PAD)
    height = max(44.0 + 15 * len(below), PITCH * operands)
    cx, cy = (left + width - _PAD) / 2, height / 2 - 7.5 * len(below)
    marks: list[Mark] = []
    if picture:
        marks += [Line(tuple((cx + x, cy + y) for x, y in line), "icon") for line in picture]
    else:
        marks.append(Text(cx, cy + size * 0.35, label, size, "strong", "middle"))
    for i, (text, small, role) in enumerate(below):
        marks.append(Text(cx, cy + 25 + 15 * i, text, small, role, "middle"))
    for i, text in enumerate(vertex.local):
        if text:
            y = height / 2 + (i - (operands - 1) / 2) * PITCH
            marks.append(Text(8, y + 4, text, 11, "local"))
    return Card(width, height, [Box(0, 0, width, height, 10, "gate")], marks)


def _pill(vertex: Vertex, rows: list[Text]) -> Card:
    """A name, with value and gradient beneath."""
    lines = [Text(0, 0, vertex.name, 14, "strong")] if vertex.name else []
    lines += rows
    width = max(44.0, max(text_width(x.text, x.size) for x in lines) + 2 * _PAD + 4)
    height = 17.0 * len(lines) + 13
    marks: list[Mark] = [
        Text(width / 2, 20 + 17 * i, line.text, line.size, line.role, "middle")
        for i, line in enumerate(lines)
    ]
    ground = Box(0, 0, width, height, min(height / 2, 20.0), vertex.kind)
    return Card(width, height, [ground], marks)


def _sheet(vertex: Vertex) -> Card:
    """A card that sums up an array."""
    head = vertex.label if vertex.kind == "gate" else vertex.name or "constant"
    name = vertex.name if vertex.kind == "gate" else ""
    rows = [(vertex.value, "value")] if vertex.value.text else []
    if vertex.gradient is not None:
        rows.append((vertex.gradient, "gradient"))
    texts = max((text_width(x.text, 11) for x, _ in rows), default=0.0)
    bars = any(x.bars for x, _ in rows)
    lines = [vertex.value.kind] + ([vertex.detail] if vertex.detail else [])
    inner = max(
        text_width(head, 13) + (14 + text_width(name, LABEL) if name else 0),
        max(text_width(line, 10.5) for line in lines),
        texts + (_BARS + 10 if bars else 0),
    )
    width = inner + 2 * _PAD
    height = 34.0 + 14 * len(lines) + 18 * len(rows)
    marks: list[Mark] = [Text(_PAD, 21, head, 13, "strong")]
    if name:
        marks.append(Text(width - _PAD, 21, name, LABEL, "name", "end"))
    for i, line in enumerate(lines):
        marks.append(Text(_PAD, 37 + 14 * i, line, 10.5, "muted"))
    for i, (x, role) in enumerate(rows):
        y = 28 + 14 * len(lines) + 18 * i
        marks.append(Text(_PAD, y + 12, x.text, 11, role))
        marks += _sparkline(x, width - _PAD - _BARS, y + 13, role)
    return Card(width, height, [Box(0, 0, width, height, 9, vertex.kind)], marks)


def _sparkline(x: Summary, left: float, base: float, role: str) -> list[Mark]:
    """A histogram as small bars."""
    if not x.bars:
        return []
    step = _BARS / len(x.bars)
    return [
        Box(left + i * step, base - h * _BAR_HEIGHT, step - 1, h * _BAR_HEIGHT, 0, f"{role}-bar")
        for i, h in enumerate(x.bars)
        if h
    ]
