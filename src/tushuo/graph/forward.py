"""Forward mode: one sweep from the variables to the results, carrying tangents.

Baydin et al., "Automatic differentiation in machine learning: a survey" (2018), section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tushuo.errors import GradientError
from tushuo.graph.node import Node
from tushuo.graph.order import Route
from tushuo.graph.reverse import operands
from tushuo.graph.tensor import Tensor

Tangents = dict[Node, Tensor | None]


def push(route: Route, tangents: Mapping[Node, Tensor], record: bool) -> Tangents:
    """The tangents of all nodes of a route, from those of its goals.

    Args:
        route: The nodes between the outputs and the goals.
        tangents: For each goal, a Tensor of its shape.
        record: Whether the derivatives belong to the graph themselves.

    Returns:
        For each node its tangent; None, or nothing, where it depends on no goal.
    """
    carried: Tangents = dict(tangents)
    with np.errstate(all="ignore"):
        for node in route.order:
            if node in route.needed and node not in carried:
                carried[node] = _step(node, carried, record)
    return carried


def _step(node: Node, carried: Tangents, record: bool) -> Tensor | None:
    """The tangent of one node, from those of its operands."""
    out, inputs = operands(node, record)
    tangents = [None if x.node is None else carried.get(x.node) for x in node.inputs]
    if all(t is None for t in tangents):
        return None
    result = node.op.jvp(tangents, out, *inputs)
    if result is not None and (not isinstance(result, Tensor) or result.shape != out.shape):
        got = f"shape {result.shape}" if isinstance(result, Tensor) else type(result).__name__
        raise GradientError(
            f"the jvp of {node.op.name} gave a tangent of {got} for a result of shape {out.shape}",
            hint="give a Tensor of the result's shape",
        )
    return result
