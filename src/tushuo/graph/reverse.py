"""Reverse mode: one sweep from the results back to the variables.

Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning: a survey"
(2018), section 3.2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tushuo.errors import GradientError
from tushuo.graph.node import Node
from tushuo.graph.op import Cotangent
from tushuo.graph.order import dependent, topological
from tushuo.graph.parts import Part, merge
from tushuo.graph.tensor import Tensor


def pull(
    outputs: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    targets: Sequence[Tensor],
    record: bool,
) -> list[Tensor | None]:
    """The cotangents of ``targets``, from those of ``outputs``.

    Args:
        outputs: Results of the graph.
        cotangents: For each output, a Tensor of its shape.
        targets: Tensors with a node that derivatives are taken by; nothing beyond them is visited.
        record: Whether the derivatives belong to the graph themselves, for higher derivatives.

    Returns:
        For each target its cotangent, None where no output depends on it.
    """
    goals = {x.node for x in targets if x.node is not None}
    order = topological([y.node for y in outputs if y.node is not None], stop=goals)
    needed = dependent(order, goals)
    parts: dict[Node, list[Tensor | Part]] = defaultdict(list)
    for y, g in zip(outputs, cotangents, strict=True):
        if y.node in needed:
            parts[y.node].append(g)
    with np.errstate(all="ignore"):
        for node in reversed(order):
            if node in parts and node not in goals:
                _step(node, merge(parts.pop(node)), parts, needed, record)
        found = {node: merge(parts[node]) for node in goals if node in parts}
    return [found.get(x.node) if x.node is not None else None for x in targets]


def _step(
    node: Node,
    g: Tensor,
    parts: dict[Node, list[Tensor | Part]],
    needed: set[Node],
    record: bool,
) -> None:
    """Hand the cotangent of a node on to its inputs."""
    if record:
        out, inputs = Tensor.of(node.data, node), node.inputs
    else:
        out, inputs = Tensor.of(node.data), tuple(Tensor.of(x.data) for x in node.inputs)
    cotangents = node.op.vjp(g, out, *inputs)
    for x, cotangent in zip(node.inputs, cotangents, strict=True):
        if cotangent is not None and x.node in needed:
            parts[x.node].append(_checked(node, x, cotangent))


def _checked(node: Node, x: Tensor, cotangent: Cotangent) -> Tensor | Part:
    result = cotangent() if callable(cotangent) else cotangent
    if result.shape != x.shape:
        raise GradientError(
            f"the vjp of {node.op.name} gave a cotangent of shape {result.shape} "
            f"for an input of shape {x.shape}",
            hint="they must be equal; a broadcast input needs sum_to(g, x.shape)",
        )
    assert isinstance(result, Tensor | Part)
    return result
