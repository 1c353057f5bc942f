"""The backward pass with all of it kept: what flows along every edge, and every local gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tushuo.errors import GradientError
from tushuo.graph import Tensor, gradient, variable
from tushuo.graph.backend import is_floating
from tushuo.graph.node import Node, caller
from tushuo.graph.ops.creation import ones_like
from tushuo.graph.order import dependent

Slot = tuple[Node, int]
"""An operand of a node, by its number."""


@dataclass
class Gradients:
    """Every gradient of one backward pass.

    Attributes:
        total: For each node the derivative of the result by its value.
        share: For each operand what its node adds to the operand's gradient.
        local: For each operand of a scalar gate, the derivative of the gate by it.
        problem: Why there are none, or nothing.
    """

    total: dict[Node, Tensor] = field(default_factory=dict)
    share: dict[Slot, Tensor] = field(default_factory=dict)
    local: dict[Slot, Tensor] = field(default_factory=dict)
    problem: str = ""


def gradients(order: Sequence[Node], outputs: Sequence[Tensor], sources: set[Node]) -> Gradients:
    """One backward pass from the outputs, each with the cotangent 1 in all its elements.

    Args:
        order: The nodes, each after its operands.
        outputs: Results; those that are not floating-point take no part.
        sources: The nodes that derivatives are taken by.
    """
    try:
        with np.errstate(all="ignore"):
            return _swept(order, outputs, sources)
    except GradientError as error:
        return Gradients(problem=str(error))


def _swept(order: Sequence[Node], outputs: Sequence[Tensor], sources: set[Node]) -> Gradients:
    found, needed = Gradients(), dependent(order, sources)
    arrived: dict[Node, Tensor] = {}
    for y in outputs:
        if y.node in needed and is_floating(y.data):
            _add(arrived, y.node, ones_like(y.detach()))
    for node in reversed(order):
        if node not in arrived:
            continue
        found.total[node] = g = arrived.pop(node)
        for slot, share in _pulled(node, g, needed).items():
            found.share[node, slot] = share
            operand = node.inputs[slot].node
            assert operand is not None
            _add(arrived, operand, share)
        if node.data.ndim == 0 and all(x.ndim == 0 for x in node.inputs):
            one = ones_like(Tensor.of(node.data))
            found.local.update({(node, i): x for i, x in _pulled(node, one, needed).items()})
    return found


def _pulled(node: Node, g: Tensor, needed: set[Node]) -> dict[int, Tensor]:
    """For each operand that a derivative is wanted of, the cotangent that ``g`` gives it.

    The operation is differentiated alone, by a variable for each operand, so that one that it uses
    twice gets two shares.
    """
    if not node.op.differentiable:
        return {}
    slots = [i for i, x in enumerate(node.inputs) if x.node in needed]
    inputs = [variable(x.detach()) if i in slots else x.detach() for i, x in enumerate(node.inputs)]
    alone = Tensor.of(node.data, Node(node.op, tuple(inputs), node.data, caller()))
    shares = gradient(alone, [inputs[i] for i in slots], g)
    return {i: share.detach() for i, share in zip(slots, shares, strict=True)}


def _add(arrived: dict[Node, Tensor], node: Node, share: Tensor) -> None:
    arrived[node] = arrived[node] + share if node in arrived else share
