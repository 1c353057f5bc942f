"""The micro-kernel of large products: a tile of C, its sums in registers.

At each k it takes one element of A a row, broadcast, times vectors of B from a panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import BIT, INT64, intrinsic
from tushuo.compile.codegen.parts import Part
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.turns import carried, word

ALIGN = 64
"""Where panels begin, in bytes."""


@dataclass(frozen=True)
class Tile(Part):
    """Computes some rows and vectors of C.

    Attributes:
        height: How many rows.
        width: How many vectors a row has, and a row of the panel.
        strip: Whether the elements of A lie in a strip, those of a column side by side; else each
            row lies along k.
        adds: Whether the result can be added to what C holds.
        step: From row to row of A, 0 if that is known when the code runs only.
    """

    height: int
    width: int
    strip: int
    adds: int
    step: int = 0

    def signature(self) -> Sequence[ir.Type]:
        """A and its step from row to row; the panel; k; C and its step; elements; whether to add.

        Of the last vectors of C's rows, only so many elements are read and written.
        """
        pointer = self.element.as_pointer()
        return [pointer, INT64, pointer, INT64, pointer, INT64, INT64, BIT]

    def body(self, b: ir.IRBuilder, args: Sequence[ir.Value], target: Target) -> None:
        """A loop over k."""
        a, step, panel, k, c, down, last, more = args
        lanes = target.vector_bytes * 8 // self.bits
        kind = ir.VectorType(self.element, lanes)
        apart = word(1 if self.strip else self.step) if self.strip or self.step else step
        rows = [b.gep(a, [b.mul(apart, word(r))]) for r in range(self.height)]

        def products(at: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
            start = b.mul(at, word(self.width * lanes))
            line = b.bitcast(b.gep(panel, [start]), kind.as_pointer())
            right = [b.load(b.gep(line, [word(v)]), align=ALIGN) for v in range(self.width)]
            found = []
            for r, row in enumerate(rows):
                one = b.load(b.gep(row, [b.mul(at, word(self.height)) if self.strip else at]))
                wide = vectors.broadcast(b, one, lanes)
                for v, vector in enumerate(right):
                    terms = [wide, vector, sums[r * self.width + v]]
                    found.append(intrinsic(b, "llvm.fma", kind, terms, [kind]))
            return found

        places = [
            (b.gep(c, [b.add(b.mul(down, word(r)), word(v * lanes))]), v)
            for r in range(self.height)
            for v in range(self.width)
        ]
        dtype = np.dtype(f"float{self.bits}")
        zero = ir.Constant(kind, None)

        def inside(v: int) -> int | ir.Value:
            return last if v == self.width - 1 else lanes

        sums = [zero] * len(places)
        if self.adds:
            held = [vectors.load(b, place, dtype, lanes, inside(v)) for place, v in places]
            sums = [b.select(more, vector, zero) for vector in held]
        sums = carried(b, word(0), k, sums, products)
        for total, (place, v) in zip(sums, places, strict=True):
            vectors.store(b, total, place, dtype, inside(v))
