"""Reverse mode: one sweep from the results back to the variables.

Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning: a survey"
(2018), section 3.2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from tushuo.errors import GradientError
from tushuo.graph.backend import is_array
from tushuo.graph.node import Node
from tushuo.graph.order import Route
from tushuo.graph.parts import Part, Sum
from tushuo.graph.tensor import Tensor, asarray

_SEQUENCES = (tuple, list)


def pull(
    route: Route, outputs: Sequence[Tensor], cotangents: Sequence[Tensor], record: bool
) -> dict[Node, Tensor]:
    """The cotangents of the goals of a route, from those of the outputs.

    Args:
        route: The nodes between the outputs and the goals.
        outputs: Results of the graph.
        cotangents: For each output, a Tensor of its shape.
        record: Whether the derivatives belong to the graph themselves, for higher derivatives.

    Returns:
        For each goal its cotangent, none where no output depends on it.
    """
    goals, order, needed = route
    sums: dict[Node, Sum] = defaultdict(partial(Sum, record))
    for y, g in zip(outputs, cotangents, strict=True):
        if y.node in needed:
            sums[y.node].add(g)
    found: dict[Node, Tensor] = {}
    with np.errstate(all="ignore"):
        for node in reversed(order):
            if node in sums:
                g = sums.pop(node).total()
                if node in goals:
                    found[node] = g
                    if not any(x.node in needed for x in node.inputs):
                        continue
                _step(node, g, sums, needed, record)
    return found


def _step(
    node: Node,
    g: Tensor,
    sums: dict[Node, Sum],
    needed: set[Node],
    record: bool,
) -> None:
    """Hand the cotangent of a node on to its inputs."""
    out, inputs = operands(node, record)
    cotangents = node.op.vjp(g, out, *inputs)
    if not isinstance(cotangents, _SEQUENCES) or len(cotangents) != len(inputs):
        raise _not_a_sequence(node, cotangents)
    for x, cotangent in zip(node.inputs, cotangents, strict=True):
        if cotangent is not None and x.node in needed:
            result = cotangent() if callable(cotangent) else cotangent
            if type(result) is not Tensor or result.data.shape != x.data.shape:
                result = _checked(node, x, result)
            sums[x.node].add(result)


def operands(node: Node, record: bool) -> tuple[Tensor, Sequence[Tensor]]:
    """The result and the operands of a node: constants, unless derivatives are remembered."""
    if record:
        return Tensor.of(node.data, node), node.inputs
    return Tensor.of(node.data), [x if x.node is None else Tensor.of(x.data) for x in node.inputs]


def _checked(node: Node, x: Tensor, given: Any) -> Tensor | Part:
    """What a rule gave for an operand, as a Tensor or part of its shape."""
    result = given if isinstance(given, Tensor | Part) else _converted(node, given)
    if result.shape != x.data.shape:
        raise GradientError(
            f"the vjp of {node.op.name} gave a cotangent of shape {result.shape} "
            f"for an operand of shape {x.shape}",
            hint="they must be equal; a broadcast operand needs sum_to(g, x.shape)",
        )
    return result


def _converted(node: Node, value: Any) -> Tensor:
    """A number or an array from a user's rule."""
    if is_array(value) or isinstance(value, int | float):
        return asarray(value, node.data.dtype)
    raise GradientError(
        f"the vjp of {node.op.name} gave {type(value).__name__} for an operand",
        hint="give a Tensor, or None for no gradient",
    )


def _not_a_sequence(node: Node, got: Any) -> GradientError:
    many = isinstance(got, _SEQUENCES)
    return GradientError(
        f"the vjp of {node.op.name} gave {f'{len(got)} cotangents' if many else type(got).__name__}"
        f" for {len(node.inputs)} operands",
        hint="return a tuple with one for each operand, as in return (g * 2,)",
    )
