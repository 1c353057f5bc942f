"""What one turn of a loop does: it reads, computes and writes an element or a vector of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import BIT, BYTE, Lane, filled, register_type
from tushuo.compile.codegen.nest import Position
from tushuo.compile.codegen.space import SPACE
from tushuo.compile.codegen.support import REDUCTIONS
from tushuo.compile.program import Program, Value


class Place(NamedTuple):
    """What one turn of the innermost loop computes.

    Attributes:
        at: Where it starts.
        width: How many elements, 0 for one that is no vector.
        chain: Which of the sums takes them, where there are several to be added up at the end.
    """

    at: Position
    width: int
    chain: int = 0


Add = Callable[[Value, Lane, Place], None]


class Turn:
    """Writes the code of a turn.

    Args:
        b: Where to write.
        program: What is computed.
        pointers: To the first elements of its inputs, then of its outputs.
        steps: For each pointer, how many elements it moves along the innermost loop.
        lanes: The length of a vector, 0 if that loop takes single elements.
    """

    def __init__(
        self,
        b: ir.IRBuilder,
        program: Program,
        pointers: Sequence[ir.Value],
        steps: Sequence[int],
        lanes: int,
    ) -> None:
        self.b, self.program, self.lanes = b, program, lanes
        self.pointers, self.steps = pointers, steps
        self.numbers = {x: i for i, x in enumerate((*program.inputs, *program.outputs))}

    def write(self, place: Place, add: Add | None = None) -> None:
        """Compute everything; ``add`` takes what a reduction adds up."""
        program = self.program
        known = {x: self.load(x, place) for x in program.inputs}
        for x, array in program.constants.items():
            kind = self.register(x.dtype)
            known[x] = Lane(self.b, filled(kind, array.flat[0], x.dtype), x.dtype)
        for step in program.body:
            (y,) = step.results
            if add is not None and isinstance(step.op, REDUCTIONS):
                add(y, known[step.operands[0]], place)
                continue
            known[y] = step.op.forward(SPACE, *(known[x] for x in step.operands))
            if y in self.numbers:
                self.store(y, known[y], place)

    def register(self, dtype: np.dtype) -> ir.Type:
        """The type of what is computed at once."""
        kind = register_type(dtype)
        return ir.VectorType(kind, self.lanes) if self.lanes else kind

    def load(self, x: Value, place: Place) -> Lane:
        """Elements of a value."""
        n, b = self.numbers[x], self.b
        pointer = self._pointer(n, place)
        if place.width and self.steps[n]:
            return Lane(b, vectors.load(b, pointer, x.dtype, self.lanes, place.width), x.dtype)
        one = load_one(b, pointer, x.dtype)
        return one.of(vectors.broadcast(b, one.value, self.lanes)) if place.width else one

    def store(self, y: Value, lane: Lane, place: Place) -> None:
        """Write elements of a value."""
        pointer = self._pointer(self.numbers[y], place)
        if place.width:
            vectors.store(self.b, lane.value, pointer, y.dtype, place.width)
        else:
            store_one(lane, pointer)

    def _pointer(self, n: int, place: Place) -> ir.Value:
        return self.b.gep(self.pointers[n], [place.at.offsets[n]], inbounds=True)


def load_one(b: ir.IRBuilder, pointer: ir.Value, dtype: np.dtype) -> Lane:
    """The element at a pointer."""
    value = b.load(pointer)
    if register_type(dtype) is BIT:
        value = b.icmp_unsigned("!=", value, ir.Constant(BYTE, 0))
    return Lane(b, value, dtype)


def store_one(lane: Lane, pointer: ir.Value) -> None:
    """Write an element."""
    bit = lane.value.type is BIT
    lane.builder.store(lane.builder.zext(lane.value, BYTE) if bit else lane.value, pointer)
