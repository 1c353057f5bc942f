"""What the page tells at each step: what a gate computes, and what it sends back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tushuo.draw.model import Edge, Graph, Item, Scope, Vertex

Part = tuple[str, str]
"""A class of the style sheet, and a text."""
Lines = list[list[Part]]

_MOST = 8  # operands that are told of


def story(graph: Graph) -> dict[Item, dict[str, Any]]:
    """For each item its scope, its place in the forward pass (-1 for none) and its two texts."""
    into: dict[Item, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        into[edge.target].append(edge)
    about: dict[Item, dict[str, Any]] = {}
    for item, vertex in graph.vertices.items():
        edges = sorted(into[item], key=lambda e: e.slot)[:_MOST]
        about[item] = {
            "title": name(vertex),
            "scope": vertex.scope,
            "time": int(item[1:]) if vertex.kind == "gate" else -1,
            "forward": _forward(graph, vertex, edges),
            "backward": _backward(graph, vertex, edges),
        }
    for item, scope in graph.scopes.items():
        about[item] = _about_scope(graph, scope)
    return about


def welcome(graph: Graph) -> Lines:
    """What stands there before the first step."""
    first = "The inputs are known. Step forward to compute one gate after the other"
    if graph.problem:
        return [[("", f"{first}.")], [("gradient-text", f"No gradients: {graph.problem}")]]
    if all(vertex.gradient is None for vertex in graph.vertices.values()):
        return [[("", f"{first}.")]]
    legend: list[Part] = [
        ("value-text", "Green: values. "),
        ("gradient-text", "Red: derivatives of the result. "),
        ("", "Of arrays the mean is shown. At the left of a gate stand its local derivatives."),
    ]
    return [[("", f"{first}, then backward.")], legend]


def name(vertex: Vertex) -> str:
    """What a vertex is called in a sentence."""
    return vertex.name or vertex.label or vertex.value.text


def _forward(graph: Graph, vertex: Vertex, edges: Sequence[Edge]) -> Lines:
    head: list[Part] = [("", f"{vertex.label} of ")]
    for i, edge in enumerate(edges):
        source = graph.vertices[edge.source]
        head.append(("", ", " if i else ""))
        if not source.value.text:
            head.append(("", name(source)))
            continue
        if name(source) != source.value.text:
            head.append(("", f"{name(source)} = "))
        head.append(("value-text", source.value.text))
    if vertex.value.text:
        called = f" is {vertex.name} = " if vertex.name else " is "
        head += [("", called), ("value-text", vertex.value.text)]
    kind = f"{vertex.value.kind}  " if vertex.value.shape else ""
    return [head, [("place", f"{kind}{vertex.detail}  {vertex.source}".strip())]]


def _backward(graph: Graph, vertex: Vertex, edges: Sequence[Edge]) -> Lines:
    if vertex.gradient is None:
        return [[("", f"No derivative flows back through {name(vertex)}.")]]
    head: list[Part] = [
        ("", "The result changes by "),
        ("gradient-text", vertex.gradient.text),
        ("", f" per unit of {name(vertex)}."),
    ]
    lines = [head]
    for edge in edges:
        if edge.share is None:
            continue
        line: list[Part] = [("", f"To {name(graph.vertices[edge.source])}: ")]
        local = vertex.local[edge.slot] if edge.slot < len(vertex.local) else ""
        if local:
            line.append(("", f"{vertex.gradient.text} x local {local} = "))
        lines.append([*line, ("gradient-text", edge.share.text)])
    return lines


def _about_scope(graph: Graph, scope: Scope) -> dict[str, Any]:
    gates = [int(v.id[1:]) for v in graph.contents(scope.id) if v.kind == "gate"]
    text = f"{scope.title} {scope.detail}".strip()
    line: Lines = [[("", f"{text}: {len(gates)} operations. Click it to see them.")]]
    return {
        "title": scope.title,
        "scope": scope.parent,
        "time": min(gates, default=-1),
        "forward": line,
        "backward": line,
    }
