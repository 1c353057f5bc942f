"""From nodes and gradients to the vertices, edges and scopes of a drawing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from tushuo.draw.arguments import Arguments
from tushuo.draw.model import ROOT, Edge, Graph, Item, Kind, Vertex
from tushuo.draw.moments import Moments
from tushuo.draw.summary import Summary, summary
from tushuo.draw.sweep import Gradients
from tushuo.graph import Tensor
from tushuo.graph.backend import to_numpy
from tushuo.graph.node import Node
from tushuo.graph.op import Op

_DETAIL = 28  # characters of an operation's parameters


@dataclass(frozen=True)
class _Use:
    """A value as an operand, and what it gets back in the backward pass."""

    item: Item
    target: Item
    slot: int
    share: Tensor | None


class Writer:
    """Writes the graph of one run.

    Args:
        title: The name of the function.
        arguments: What it was given.
        moments: Its nodes in their order and places.
        gradients: Those of the run.
    """

    def __init__(
        self, title: str, arguments: Arguments, moments: Moments, gradients: Gradients
    ) -> None:
        self._title, self._moments, self._gradients = title, moments, gradients
        self._names: dict[Any, str] = dict(moments.names)
        self._names |= {_key(x): x.name for x in arguments.variables if x.name}
        self._parameters = {_key(x) for x in arguments.parameters}
        self._vertices: dict[Item, Vertex] = {}
        self._items: dict[Any, Item] = {}
        self._uses: list[_Use] = []

    def graph(self, outputs: Mapping[str, Tensor]) -> Graph:
        """The graph of the outputs, which are given by their paths in the result."""
        for node in self._moments.order:
            self._note_names(node)
        for node in self._moments.order:
            if node.inputs:
                self._gate(node)
        for path, y in outputs.items():
            self._output(path, y)
        self._sink_leaves()
        edges = [Edge(u.item, u.target, u.slot, _summary(u.share)) for u in self._uses]
        scopes = self._moments.scopes
        scopes[ROOT] = replace(scopes[ROOT], title=self._title)
        for item, vertex in self._vertices.items():
            scopes[vertex.scope].items.append(item)
        for scope in list(scopes.values())[1:]:
            scopes[scope.parent].items.append(scope.id)
        graph = Graph(self._title, self._vertices, edges, scopes, {}, self._gradients.problem)
        return replace(graph, entering=self._entering(graph))

    def _note_names(self, node: Node) -> None:
        for x in node.inputs:
            if x.name:
                self._names[_key(x)] = x.name

    def _gate(self, node: Node) -> None:
        item = f"v{len(self._vertices)}"
        place, found = self._moments.place[node], self._gradients
        local = (_text(found.local.get((node, i))) for i in range(len(node.inputs)))
        self._items[node] = item
        self._vertices[item] = Vertex(
            item,
            "gate",
            node.op.name,
            self._names.get(node, ""),
            _parameters(node.op),
            f"{Path(node.source.file).name}:{node.source.line}",
            place,
            summary(to_numpy(node.data)),
            _summary(found.total.get(node)),
            tuple(local),
        )
        for slot, x in enumerate(node.inputs):
            self._use(x, item, slot, found.share.get((node, slot)))

    def _output(self, path: str, y: Tensor) -> None:
        item = f"v{len(self._vertices)}"
        total = None if y.node is None else self._gradients.total.get(y.node)
        value = summary(y.numpy())
        self._vertices[item] = Vertex(
            item, "output", "", path or _output_name(self._title), "", "", ROOT, value, None
        )
        self._use(y, item, 0, None if total is None else _ones(total))

    def _use(self, x: Tensor, target: Item, slot: int, share: Tensor | None) -> None:
        key = _key(x)
        if x.node is None and x.ndim == 0 and key not in self._names:
            key = (target, slot)  # a number in a formula is drawn where it stands
        if key not in self._items:
            self._items[key] = self._leaf(x)
        self._uses.append(_Use(self._items[key], target, slot, share))

    def _leaf(self, x: Tensor) -> Item:
        item, key = f"v{len(self._vertices)}", _key(x)
        kind: Kind = "constant" if x.node is None else "input"
        total = None if x.node is None else self._gradients.total.get(x.node)
        if key in self._parameters:
            kind = "parameter"
        name = self._names.get(key, "")
        if kind == "parameter":
            name = ".".join(name.split(".")[-2:])
        elif key in self._names:
            kind = "input"
        self._vertices[item] = Vertex(
            item, kind, "", name, "", "", ROOT, summary(x.numpy()), _summary(total)
        )
        return item

    def _sink_leaves(self) -> None:
        """Parameters and constants move into the innermost scope that holds all their uses."""
        targets: dict[Item, list[Item]] = defaultdict(list)
        for use in self._uses:
            targets[use.item].append(use.target)
        for item, vertex in self._vertices.items():
            if vertex.kind in ("parameter", "constant"):
                scope = self._common([self._vertices[t].scope for t in targets[item]])
                self._vertices[item] = replace(vertex, scope=scope)

    def _common(self, places: list[Item]) -> Item:
        """The innermost scope around all the given ones."""
        paths = [self._path(place) for place in set(places)]
        common = ROOT
        for level in zip(*paths, strict=False):
            if len(set(level)) > 1:
                break
            common = level[0]
        return common

    def _path(self, scope: Item) -> list[Item]:
        path = [scope]
        while path[-1] != ROOT:
            path.append(self._moments.scopes[path[-1]].parent)
        return path[::-1]

    def _entering(self, graph: Graph) -> dict[tuple[Item, Item], Summary]:
        """What each scope adds to the gradient of a value from outside: the sum of the shares."""
        sums: dict[tuple[Item, Item], Tensor] = {}
        for use in self._uses:
            if use.share is None:
                continue
            outside = graph.around(use.item)
            for scope in graph.around(use.target):
                if scope in outside:
                    break
                key = use.item, scope
                sums[key] = sums[key] + use.share if key in sums else use.share
        return {key: summary(x.numpy()) for key, x in sums.items()}


def _key(x: Tensor) -> Any:
    """What stands for a Tensor: its node, or the array of a constant."""
    return id(x.data) if x.node is None else x.node


def _output_name(title: str) -> str:
    return title if title.isidentifier() else "result"


def _ones(total: Tensor) -> Tensor:
    from tushuo.graph.ops.creation import ones_like

    return ones_like(total)


def _summary(x: Tensor | None) -> Summary | None:
    return None if x is None else summary(x.numpy())


def _text(x: Tensor | None) -> str:
    return "" if x is None else summary(x.numpy()).text


def _parameters(op: Op) -> str:
    """The parameters of an operation that are not at their defaults, in short."""
    if not is_dataclass(op):
        return ""
    parts = []
    for field in fields(op):
        value = getattr(op, field.name)
        if field.name == "key" and isinstance(value, tuple):
            parts.append(f"[{', '.join(map(_index, value))}]")
        elif value != field.default and field.repr and field.name not in ("shape", "dtype"):
            parts.append(f"{field.name}={value!r}")
    text = ", ".join(parts)
    return text if len(text) <= _DETAIL else f"{text[: _DETAIL - 3]}..."


def _index(key: Any) -> str:
    """A part of an index as it is written."""
    if hasattr(key, "stop"):
        parts = ["" if x is None else str(x) for x in (key.start, key.stop, key.step)]
        return ":".join(parts if parts[2] else parts[:2])
    return "..." if key is Ellipsis else str(key)
