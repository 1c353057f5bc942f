"""A graph in Graphviz's language."""

from __future__ import annotations

from tushuo.draw.model import Graph, Item
from tushuo.draw.outline import Arrow, Entry, arrows, entries, lines
from tushuo.draw.svg import clean
from tushuo.draw.theme import Paint, paints

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": " "}
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def dot(graph: Graph, opened: frozenset[Item]) -> str:
    """A directed graph whose open scopes are clusters."""
    roles = paints(dark=False)
    parts = [
        f"digraph {_quoted(graph.title)} {{",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=12];',
        "  edge [fontname=Helvetica, fontsize=11];",
        *(_entry(graph, entry, roles) for entry in entries(graph, opened)),
        *(_arrow(arrow, roles) for arrow in arrows(graph, opened)),
        "}",
    ]
    return "\n".join(parts) + "\n"


def _entry(graph: Graph, entry: Entry, roles: dict[str, Paint]) -> str:
    space = "  " * entry.depth
    if entry.kind == "close":
        return f"{space}}}"
    if entry.kind == "open":
        scope = graph.scopes[entry.item]
        title = " ".join(filter(None, (scope.title, scope.detail)))
        return f"{space}subgraph cluster_{entry.item} {{ label={_quoted(title)};"
    role = graph.vertices[entry.item].kind if entry.kind == "vertex" else "scope"
    paint = roles[role]
    text = "\\n".join(_escaped(line) for line in lines(graph, entry.item))
    return (
        f'{space}{entry.item} [label="{text}", fillcolor="{paint.fill}", color="{paint.stroke}"];'
    )


def _arrow(arrow: Arrow, roles: dict[str, Paint]) -> str:
    rows = [(arrow.value, "value"), (arrow.gradient, "gradient")]
    label = "<br/>".join(
        f'<font color="{roles[role].fill}">{_html(text)}</font>' for text, role in rows if text
    )
    return f"  {arrow.source} -> {arrow.target} [label=<{label}>];"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in clean(text))


def _html(text: str) -> str:
    return "".join(_HTML.get(c, c) for c in clean(text))
