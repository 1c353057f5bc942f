"""What a drawing is of: vertices, edges, and scopes that can be folded. No geometry here.

An item is a vertex (``v3``) or a scope (``s1``). Scope ``s0`` holds everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tushuo.draw.summary import Summary

Item = str
Kind = Literal["input", "parameter", "constant", "gate", "output"]
ROOT = "s0"


@dataclass(frozen=True)
class Vertex:
    """A value and what made it.

    Attributes:
        id: ``v`` and a number; gates are numbered in the order of the forward pass.
        kind: What it is.
        label: The operation, or nothing.
        name: The name of the variable, or nothing.
        detail: Parameters of the operation, or nothing.
        source: File and line that made it, or nothing.
        scope: The scope that it is in.
        value: The value.
        gradient: The derivative of the result by it, None where there is none.
        local: For each operand of a scalar gate the derivative of the gate by it, or nothing.
    """

    id: Item
    kind: Kind
    label: str
    name: str
    detail: str
    source: str
    scope: Item
    value: Summary
    gradient: Summary | None
    local: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edge:
    """A value on its way to an operand.

    Attributes:
        source: The vertex that the value is of.
        target: The vertex that takes it.
        slot: As which operand.
        share: What the target adds to the gradient of the value.
    """

    source: Item
    target: Item
    slot: int
    share: Summary | None


@dataclass(frozen=True)
class Scope:
    """A part of a graph that can be folded: a layer, a time step, a function.

    Attributes:
        id: ``s`` and a number.
        title: The name.
        detail: The class of a layer, or the number of repetitions.
        parent: The scope around it; its own id for the outermost.
        items: The vertices and scopes directly inside.
    """

    id: Item
    title: str
    detail: str
    parent: Item
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Graph:
    """All that there is to draw.

    Attributes:
        title: The name of the function.
        vertices: By id.
        edges: From values to operands.
        scopes: By id.
        entering: For a vertex and a scope that uses it, the sum of the shares from inside.
        problem: Why there are no gradients, or nothing.
    """

    title: str
    vertices: dict[Item, Vertex]
    edges: list[Edge]
    scopes: dict[Item, Scope]
    entering: dict[tuple[Item, Item], Summary]
    problem: str = ""

    def around(self, item: Item) -> list[Item]:
        """The scopes that hold an item, from the innermost to the outermost."""
        scope = self.vertices[item].scope if item in self.vertices else self.scopes[item].parent
        found = [scope]
        while scope != ROOT:
            scope = self.scopes[scope].parent
            found.append(scope)
        return found

    def contents(self, scope: Item) -> Iterator[Vertex]:
        """The vertices of a scope and of all scopes in it."""
        for item in self.scopes[scope].items:
            if item in self.vertices:
                yield self.vertices[item]
            else:
                yield from self.contents(item)

    def visible(self, item: Item, opened: frozenset[Item]) -> Item:
        """The item itself, or the outermost folded scope that hides it."""
        for scope in self.around(item):
            if scope not in opened:
                item = scope
        return item
