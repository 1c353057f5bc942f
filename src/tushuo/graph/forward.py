"""Forward mode: one sweep from the variables to the results, carrying tangents.

Baydin et al., "Automatic differentiation in machine learning: a survey" (2018), section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tushuo.graph.node import Node
from tushuo.graph.order import dependent, topological
from tushuo.graph.tensor import Tensor


def push(
    outputs: Sequence[Tensor],
    targets: Sequence[Tensor],
    tangents: Sequence[Tensor],
    record: bool,
) -> list[Tensor | None]:
    """The tangents of ``outputs``, from those of ``targets``.

    Args:
        outputs: Results of the graph.
        targets: Tensors with a node, from which the sweep starts.
        tangents: For each target, a Tensor of its shape.
        record: Whether the derivatives belong to the graph themselves.

    Returns:
        For each output its tangent, None where it depends on no target.
    """
    carried: dict[Node, Tensor | None] = {
        x.node: t for x, t in zip(targets, tangents, strict=True) if x.node is not None
    }
    goals = set(carried)
    order = topological([y.node for y in outputs if y.node is not None], stop=goals)
    needed = dependent(order, goals)
    with np.errstate(all="ignore"):
        for node in order:
            if node in needed and node not in goals:
                carried[node] = _step(node, carried, record)
    return [carried.get(y.node) if y.node is not None else None for y in outputs]


def _step(node: Node, carried: dict[Node, Tensor | None], record: bool) -> Tensor | None:
    """The tangent of one node, from those of its inputs."""
    if record:
        out, inputs = Tensor.of(node.data, node), node.inputs
    else:
        out, inputs = Tensor.of(node.data), tuple(Tensor.of(x.data) for x in node.inputs)
    tangents = [None if x.node is None else carried.get(x.node) for x in node.inputs]
    return node.op.jvp(tangents, out, *inputs)
