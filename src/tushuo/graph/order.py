"""Topological order, without recursion: a chain of 100,000 nodes is fine."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tushuo.graph.node import Node


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
                stack.extend((x.node, False) for x in node.inputs if x.node is not None)
    return order


def dependent(order: Iterable[Node], targets: Collection[Node]) -> set[Node]:
    """The nodes of a topological order through which a derivative by a target can flow."""
    found: set[Node] = set()
    for node in order:
        if node in targets or (
            node.op.differentiable and any(x.node in found for x in node.inputs)
        ):
            found.add(node)
    return found
