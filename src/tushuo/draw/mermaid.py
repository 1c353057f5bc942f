"""A graph in Mermaid's language, which Markdown pages show as a picture."""

from __future__ import annotations

from tushuo.draw.model import Graph, Item
from tushuo.draw.outline import Arrow, Entry, arrows, entries, lines
from tushuo.draw.svg import clean
from tushuo.draw.theme import paints

_SHAPES = {"gate": "[{}]", "input": "([{}])", "output": "([{}])", "parameter": "[{}]"}
_SHAPES |= {"constant": "([{}])", "scope": "[[{}]]"}


def mermaid(graph: Graph, opened: frozenset[Item]) -> str:
    """A flowchart from left to right whose open scopes are subgraphs."""
    roles = paints(dark=False)
    parts = [
        "flowchart LR",
        *(_entry(graph, entry) for entry in entries(graph, opened)),
        *(_arrow(arrow) for arrow in arrows(graph, opened)),
        *(
            f"  classDef {role} fill:{roles[role].fill},stroke:{roles[role].stroke},color:#1d232b"
            for role in _SHAPES
        ),
    ]
    return "\n".join(parts) + "\n"


def _entry(graph: Graph, entry: Entry) -> str:
    space = "  " * entry.depth
    if entry.kind == "close":
        return f"{space}end"
    if entry.kind == "open":
        scope = graph.scopes[entry.item]
        title = " ".join(filter(None, (scope.title, scope.detail)))
        return f"{space}subgraph {entry.item} [{_quoted(title)}]"
    role = graph.vertices[entry.item].kind if entry.kind == "vertex" else "scope"
    text = f'"{"<br/>".join(map(_escaped, lines(graph, entry.item)))}"'
    return f"{space}{entry.item}{_SHAPES[role].format(text)}:::{role}"


def _arrow(arrow: Arrow) -> str:
    # numbers stand as they are: Mermaid loses the end of a code that follows a colour
    texts = [
        f"<span style='color:{colour}'>{text}</span>"
        for text, colour in ((arrow.value, "#0b7a3b"), (arrow.gradient, "#c4231d"))
        if text
    ]
    return f'  {arrow.source} -->|"{"<br/>".join(texts)}"| {arrow.target}'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """All but letters, digits and a few signs as character codes, which stand for themselves."""
    plain = " .,/=()[]|"
    return "".join(c if c.isalnum() or c in plain else f"#{ord(c)};" for c in clean(text))
