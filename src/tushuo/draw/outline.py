"""What the text formats write: the visible items in their open scopes, and labelled edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from tushuo.draw.model import ROOT, Graph, Item, Vertex
from tushuo.draw.symbols import symbol

_SIGNS = {"Add": "+", "Subtract": "\N{MINUS SIGN}", "Multiply": "\N{MULTIPLICATION SIGN}"}
_SIGNS |= {"Divide": "\N{DIVISION SIGN}", "Sigmoid": "\N{GREEK SMALL LETTER SIGMA}"}


class Arrow(NamedTuple):
    """An edge between visible items; the texts are empty where it stands for several values."""

    source: Item
    target: Item
    value: str
    gradient: str


class Entry(NamedTuple):
    """An item or a border of an open scope, in order, at a depth."""

    depth: int
    item: Item
    kind: str  # "vertex", "scope" (folded), "open" or "close"


def entries(graph: Graph, opened: frozenset[Item]) -> Iterator[Entry]:
    """The visible items, scope by scope."""
    yield from _inside(graph, opened, ROOT, 1)


def _inside(graph: Graph, opened: frozenset[Item], scope: Item, depth: int) -> Iterator[Entry]:
    for item in graph.scopes[scope].items:
        if item in graph.vertices:
            yield Entry(depth, item, "vertex")
        elif item not in opened:
            yield Entry(depth, item, "scope")
        else:
            yield Entry(depth, item, "open")
            yield from _inside(graph, opened, item, depth + 1)
            yield Entry(depth, item, "close")


def arrows(graph: Graph, opened: frozenset[Item]) -> list[Arrow]:
    """The edges between visible items; those between the same two, one folded, are one."""
    grouped: dict[tuple[Item, Item, int], list[Arrow]] = defaultdict(list)
    for edge in graph.edges:
        source, target = (graph.visible(i, opened) for i in (edge.source, edge.target))
        if source == target:
            continue
        value = graph.vertices[edge.source].value.short
        share = edge.share
        if target in graph.scopes:
            share = graph.entering.get((edge.source, target))
        slot = 0 if target in graph.scopes else edge.slot
        arrow = Arrow(source, target, value, "" if share is None else share.short)
        grouped[source, target, slot].append(arrow)
    return [_joined(group) for group in grouped.values()]


def _joined(group: list[Arrow]) -> Arrow:
    distinct = set(group)
    return group[0] if len(distinct) == 1 else Arrow(*group[0][:2], f"{len(distinct)} values", "")


def lines(graph: Graph, item: Item) -> list[str]:
    """The lines of text of a vertex or of a folded scope."""
    if item in graph.scopes:
        scope = graph.scopes[item]
        gates = sum(v.kind == "gate" for v in graph.contents(item))
        return [*filter(None, (scope.title, scope.detail)), f"{gates} operations"]
    return _vertex_lines(graph.vertices[item])


def _vertex_lines(vertex: Vertex) -> list[str]:
    head = _SIGNS.get(vertex.label, symbol(vertex.label))
    found = [*filter(None, (head, vertex.name, vertex.detail))]
    if vertex.value.shape:
        found.append(vertex.value.kind)
    if vertex.kind != "output":
        texts = [vertex.value.text, "" if vertex.gradient is None else vertex.gradient.text]
        if vertex.kind != "gate" or vertex.value.shape:
            found += filter(None, [" | ".join(filter(None, texts))])
    local = [text for text in vertex.local if text]
    if local:
        found.append(f"local {', '.join(local)}")
    return found
