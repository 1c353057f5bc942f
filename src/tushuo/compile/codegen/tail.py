"""What follows a product of matrices, computed while a tile of it is still in registers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import BIT, BYTE, INT64, Lane, filled, register_type
from tushuo.compile.codegen.space import SPACE
from tushuo.compile.layout import View, spread
from tushuo.compile.program import Program, Value


class Tail:
    """The operations after a product, on one vector of its elements at a time.

    Args:
        program: Its first instruction is the product, its first two inputs are the factors.
        operands: How the other inputs are read.
        results: How the outputs are written.
        pointers: To the other inputs, then to the outputs.
    """

    def __init__(
        self,
        program: Program,
        operands: Sequence[View],
        results: Sequence[View],
        pointers: Sequence[ir.Value],
    ) -> None:
        self.program = program
        self.product = program.body[0].result
        places = [
            (pointer, spread(view.strides, view.shape, self.product.shape))
            for pointer, view in zip(pointers, (*operands, *results), strict=True)
        ]
        self.inputs = dict(zip(program.inputs[2:], places, strict=False))
        self.outputs = dict(zip(program.outputs, places[len(operands) :], strict=True))

    def write(
        self, b: ir.IRBuilder, total: ir.Value, row: ir.Value, column: ir.Value, width: int
    ) -> None:
        """Go on with the elements of one row from a column on, ``width`` of them."""
        lanes = total.type.count
        known = {self.product: Lane(b, total, self.product.dtype)}
        for x in self.inputs:
            known[x] = self._load(b, x, row, column, lanes, width)
        for x, array in self.program.constants.items():
            kind = ir.VectorType(register_type(x.dtype), lanes)
            known[x] = Lane(b, filled(kind, array.flat[0], x.dtype), x.dtype)
        for step in self.program.body[1:]:
            op: Any = step.op
            known[step.result] = op.forward(SPACE, *(known[x] for x in step.operands))
        for y, place in self.outputs.items():
            vectors.store(b, known[y].value, _pointer(b, place, row, column), y.dtype, width)

    def _load(
        self, b: ir.IRBuilder, x: Value, row: ir.Value, column: ir.Value, lanes: int, width: int
    ) -> Lane:
        place = self.inputs[x]
        pointer = _pointer(b, place, row, column)
        if place[1][1]:
            return Lane(b, vectors.load(b, pointer, x.dtype, lanes, width), x.dtype)
        element = b.load(pointer)
        if register_type(x.dtype) is BIT:
            element = b.icmp_unsigned("!=", element, ir.Constant(BYTE, 0))
        return Lane(b, vectors.broadcast(b, element, lanes), x.dtype)


def follows(strides: Sequence[int]) -> bool:
    """Whether an operand with such strides can be read in vectors along the last axis."""
    return strides[-1] in (0, 1)


def _pointer(
    b: ir.IRBuilder, place: tuple[ir.Value, Sequence[int]], row: ir.Value, column: ir.Value
) -> ir.Value:
    pointer, (down, along) = place
    offset = b.add(b.mul(row, ir.Constant(INT64, down)), b.mul(column, ir.Constant(INT64, along)))
    return b.gep(pointer, [offset], inbounds=True)
