"""Topological order, without recursion: a chain of 100,000 nodes is fine."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from tushuo.graph.node import Node


class Route(NamedTuple):
    """Where derivatives of some outputs by some nodes go.

    Attributes:
        goals: The nodes that derivatives are taken by.
        order: The nodes that the outputs depend on, each after its inputs.
        needed: Those of them that depend on a goal, and the goals.
    """

    goals: set[Node]
    order: list[Node]
    needed: set[Node]


def route(outputs: Iterable[Node], goals: set[Node], beyond: bool = False) -> Route:
    """The route between outputs and goals.

    Args:
        outputs: Nodes to start from.
        goals: Nodes that derivatives are taken by.
        beyond: Whether a goal may depend on another one, so that the search goes on behind it.
    """
    order = topological(outputs, stop=() if beyond else goals)
    return Route(goals, order, dependent(order, goals))


def topological(roots: Iterable[Node], stop: Collection[Node] = ()) -> list[Node]:
    """All nodes that the roots depend on, each after its inputs.

    Args:
        roots: Nodes to start from.
        stop: Nodes whose own inputs are not followed.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(root, False) for root in roots]
    while stack:
        node, finished = stack.pop()
        if finished:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node not in stop:
                for x in node.inputs:
                    if x.node is not None and x.node not in seen:
                        stack.append((x.node, False))
    return order


def dependent(order: Iterable[Node], targets: Collection[Node]) -> set[Node]:
    """The nodes of a topological order through which a derivative by a target can flow."""
    found: set[Node] = set()
    for node in order:
        if node in targets:
            found.add(node)
        elif node.op.differentiable:
            for x in node.inputs:
                if x.node in found:
                    found.add(node)
                    break
    return found
