"""Machine code for copies that change the order of axes, by squares of vectors.

What lies side by side in the source goes down in the copy, so one of both would be read or written
an element at a time. Squares of as many rows as a vector has elements are turned in registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.nest import Axis, Position, axes, moved, run
from tushuo.compile.codegen.share import declared, shared
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.turns import chunks_of, each, share_of, word
from tushuo.compile.layout import View
from tushuo.compile.passes.views import Copy

_COST = 8
"""How many products in registers take as long as an element."""


class Turn(NamedTuple):
    """A copy that changes the order of axes.

    Attributes:
        outer: The axes that both go over in steps.
        across: The axis that the source has side by side.
        along: The axis that the copy has side by side.
    """

    outer: list[Axis]
    across: Axis
    along: Axis


def turn_of(op: Any, source: View, copy: View) -> Turn | None:
    """The axes of a loop that does nothing but such a copy, None if it is another loop."""
    steps = op.program.body
    if len(steps) != 1 or not isinstance(steps[0].op, Copy) or len(op.program.inputs) != 1:
        return None
    if copy.root.dtype.name not in ("float32", "float64") or not prod(copy.shape):
        return None
    nest = axes(copy.shape, (), [source.strides, copy.strides])
    across = [axis for axis in nest if axis.steps[0] == 1 and axis.steps[1] > 1]
    along = [axis for axis in nest if axis.steps[1] == 1 and axis.steps[0] > 1]
    if source.shape != copy.shape or len(across) != 1 or len(along) != 1:
        return None
    return Turn([x for x in nest if x not in (across[0], along[0])], across[0], along[0])


def write_turn(
    module: ir.Module, name: str, turn: Turn, views: Sequence[View], target: Target
) -> ir.Function:
    """Write the function that copies; it takes pointers to the source and to the copy."""
    return _Writer(module, name, turn, views, target).function


class _Writer:
    def __init__(
        self, module: ir.Module, name: str, turn: Turn, views: Sequence[View], target: Target
    ) -> None:
        self.turn, self.dtype = turn, views[1].root.dtype
        self.lanes = target.vector_bytes // self.dtype.itemsize
        self.chunk, self.b = declared(module, name, [self.dtype] * 2)
        *self.pointers, number = self.chunk.args
        first, rest = turn.outer[:1], turn.outer[1:]
        units = first[0].length if first else 1
        chunks = chunks_of(units, _COST * prod(views[1].shape))

        def unit(at: ir.Value) -> None:
            start = Position.start(2)
            run(self.b, rest, moved(self.b, start, at, first[0]) if first else start, self._plane)

        each(self.b, *share_of(self.b, number, units, chunks), unit)
        self.b.ret_void()
        self.function = shared(self.chunk, chunks)

    def _plane(self, at: Position) -> None:
        """All squares of two axes: whole ones in loops, the rest masked."""
        b, lanes, (_, across, along) = self.b, self.lanes, self.turn
        down, right = (divmod(axis.length, lanes) for axis in (across, along))

        def row(i: ir.Value, height: int) -> None:
            place = moved(b, at, b.mul(i, word(lanes)), across)
            each(b, word(0), word(right[0]), lambda j: square(place, j, height, lanes))
            if right[1]:
                square(place, word(right[0]), height, right[1])

        def square(place: Position, j: ir.Value, height: int, width: int) -> None:
            self._square(moved(b, place, b.mul(j, word(lanes)), along), height, width)

        each(b, word(0), word(down[0]), lambda i: row(i, lanes))
        if down[1]:
            row(word(down[0]), down[1])

    def _square(self, at: Position, height: int, width: int) -> None:
        """``width`` vectors of ``height`` elements of the source, the other way in the copy."""
        b, (_, across, along) = self.b, self.turn
        pairs = zip(self.pointers, at.offsets, strict=True)
        source, copy = (b.gep(pointer, [start]) for pointer, start in pairs)
        places = [b.gep(source, [word(i * along.steps[0])]) for i in range(width)]
        read = [vectors.load(b, p, self.dtype, self.lanes, height) for p in places]
        read += [ir.Constant(read[0].type, None)] * (self.lanes - width)
        for i, vector in enumerate(vectors.transposed(b, read)[:height]):
            place = b.gep(copy, [word(i * across.steps[1])])
            vectors.store(b, vector, place, self.dtype, width)
