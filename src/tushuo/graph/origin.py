"""Variables: where a graph begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tushuo.graph.backend import Array
from tushuo.graph.node import Node, caller
from tushuo.graph.op import Linear, Op, Spec, apply
from tushuo.graph.tensor import Tensor, asarray


class Variable(Op):
    """The origin of a graph: a value that derivatives can be taken by.

    Attributes:
        live: Whether somebody may still ask for such a derivative. The variables of a ``grad`` live
            while its function runs.
    """

    def __init__(self) -> None:
        self.live = True


class Alias(Linear):
    """A value under a new identity, so that a derivative can be taken by it alone."""

    def infer(self, *inputs: Spec) -> Spec:
        """As the value."""
        return inputs[0]

    def forward(self, xp: Any, *inputs: Array) -> Array:
        """The value itself."""
        return inputs[0]

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Tensor]:
        """The cotangent itself."""
        return (g,)


_VARIABLE, _ALIAS = Variable(), Alias()


def variable(data: Any, dtype: Any = None, name: str | None = None, op: Op = _VARIABLE) -> Tensor:
    """A Tensor whose uses are remembered, for :func:`tushuo.gradient` and for drawing.

    A variable made from a Tensor of another graph stays connected to it.

    Args:
        data: An array, a number, or nested sequences of numbers; Python integers become floats.
        dtype: Data type, default that of ``data``.
        name: Name for drawings and errors, default that of ``data``.
        op: The origin that the graph shows; all variables of one origin live and end together.
    """
    source = asarray(float(data) if type(data) is int and dtype is None else data, dtype)
    if source.node is not None:
        result = apply(_ALIAS, source)
    else:
        result = Tensor.of(source.data, Node(op, (), source.data, caller()))
    result.name = name or source.name
    return result
