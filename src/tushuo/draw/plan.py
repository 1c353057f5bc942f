"""Each scope as a small graph of its own, in layers: its items, and what comes in and goes out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from tushuo.draw.layers import Arc, Layering, layered
from tushuo.draw.model import Edge, Graph, Item

PointKind = Literal["item", "entry", "exit"]


@dataclass(frozen=True)
class Point:
    """An item of a scope, or a value (given by its vertex) that enters or leaves the scope."""

    kind: PointKind
    item: Item


@dataclass(frozen=True)
class Link:
    """A value between two points of a scope.

    Attributes:
        start: The number of the point that it comes from.
        end: The number of the point that it goes to.
        value: The vertex that it is the value of.
        slot: As which operand it arrives; 0 at a scope.
    """

    start: int
    end: int
    value: Item
    slot: int


@dataclass(frozen=True)
class Plan:
    """The topology of a scope: it is the same however things are folded."""

    points: list[Point]
    links: list[Link]
    layering: Layering


def planned(graph: Graph) -> dict[Item, Plan]:
    """The plan of every scope."""
    links: dict[Item, dict[tuple[Point, Point, Item, int], None]] = defaultdict(dict)
    for edge in graph.edges:
        for scope, link in _route(graph, edge):
            links[scope][link] = None
    return {scope: _plan(graph, scope, list(links[scope])) for scope in graph.scopes}


def _route(graph: Graph, edge: Edge) -> list[tuple[Item, tuple[Point, Point, Item, int]]]:
    """The parts of an edge: out of scopes, across the one that holds both ends, into scopes."""
    out, into = graph.around(edge.source), graph.around(edge.target)
    meeting = next(scope for scope in out if scope in into)
    value, parts = edge.source, []
    end = Point("exit", value)
    start = Point("item", value)
    for scope in out[: out.index(meeting)]:
        parts.append((scope, (start, end, value, 0)))
        start = Point("item", scope)
    inner = into[: into.index(meeting)][::-1]  # from the outermost to the innermost
    for scope, below in zip([meeting, *inner], [*inner, edge.target], strict=True):
        slot = edge.slot if below == edge.target else 0
        parts.append((scope, (start, Point("item", below), value, slot)))
        start = Point("entry", value)
    return parts


def _plan(graph: Graph, scope: Item, links: list[tuple[Point, Point, Item, int]]) -> Plan:
    points = {Point("item", item): None for item in graph.scopes[scope].items}
    for start, end, _, _ in links:
        points |= {start: None, end: None}
    number = {point: i for i, point in enumerate(points)}
    made = [Link(number[a], number[b], value, slot) for a, b, value, slot in links]
    arity: dict[int, int] = defaultdict(int)
    for link in made:
        arity[link.end] = max(arity[link.end], link.slot)
    arcs: list[Arc] = [(x.start, x.end, (x.slot + 0.5) / (arity[x.end] + 1)) for x in made]
    groups: dict[str, list[int]] = {
        kind: [i for p, i in number.items() if p.kind == kind] for kind in ("entry", "exit")
    }
    inputs = [i for p, i in number.items() if _stays_left(graph, p)]
    layering = layered(len(points), arcs, groups["entry"], groups["exit"], inputs)
    return Plan(list(points), made, layering)


def _stays_left(graph: Graph, point: Point) -> bool:
    vertex = graph.vertices.get(point.item)
    return point.kind == "item" and vertex is not None and vertex.kind == "input"
