"""Machine code that finds the largest of many sums.

A row is read a piece at a time: most pieces hold nothing that is large enough, which a comparison
tells.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import BIT, BYTE, INT64, intrinsic
from tushuo.compile.codegen.pool import BYTES
from tushuo.compile.codegen.segments import DATA
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.turns import carried, each, word

NAME = "best"

LOWEST = -1e9
"""What is not above is not considered."""

_F32, _F64 = ir.FloatType(), ir.DoubleType()
_PIECE = 4
"""How many vectors are compared at once."""

_SLACK = 1e-6, 2.0**-22
"""How much less a number may be than the least sum wants, lest rounding refuses it."""


def write_best(target: Target) -> str:
    """The text of LLVM's module.

    ``best(x, rows, n, before, refused, count, sums, places)`` finds the ``count`` largest sums
    ``x[i, j] + before[i]`` of elements above :data:`LOWEST`, below infinity and with
    ``refused[j]`` = 0, the largest first, of equal ones the first in memory, and their places
    ``i n + j``, which are -1 where there are no more. ``x`` and ``refused`` are NumPy's arrays.
    """
    module = ir.Module(NAME)
    module.triple = target.triple
    numbers, words = _F64.as_pointer(), INT64.as_pointer()
    arguments = [BYTES, INT64, INT64, numbers, BYTES, INT64, numbers, words]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), NAME)
    _Best(function, target).write()
    return str(module)


class _Best:
    """Writes the function; the list is in order, and what is not filled yet is -infinity."""

    def __init__(self, function: ir.Function, target: Target) -> None:
        self.b = b = ir.IRBuilder(function.append_basic_block("entry"))
        x, self.rows, self.n, self.before, refused = function.args[:5]
        self.x, self.refused = self._elements(x, _F32), self._elements(refused, BYTE)
        self.count, self.sums, self.places = function.args[5:]
        self.lanes = target.vector_bytes // 4
        self.least = b.alloca(_F32)  # what an element of the row has to exceed

    def write(self) -> None:
        """All rows."""
        b = self.b
        each(b, word(0), self.count, self._clear)
        each(b, word(0), self.rows, self._row)
        b.ret_void()

    def _elements(self, array: ir.Value, kind: ir.Type) -> ir.Value:
        """Where the elements of an array are."""
        place = self.b.gep(array, [word(DATA)])
        return self.b.load(self.b.bitcast(place, kind.as_pointer().as_pointer()))

    def _clear(self, at: ir.Value) -> None:
        self.b.store(ir.Constant(_F64, float("-inf")), self.b.gep(self.sums, [at]))
        self.b.store(word(-1), self.b.gep(self.places, [at]))

    def _row(self, i: ir.Value) -> None:
        b, piece = self.b, self.lanes * _PIECE
        before = b.load(b.gep(self.before, [i]))
        start = b.mul(i, self.n)
        self._raise(before)
        pieces = b.udiv(self.n, word(piece))

        def element(j: ir.Value) -> None:
            self._element(b.add(start, j), j, before)

        def look(p: ir.Value) -> None:
            first = b.mul(p, word(piece))
            with b.if_then(self._any(b.gep(self.x, [b.add(start, first)])), likely=False):
                each(b, first, b.add(first, word(piece)), element)

        each(b, word(0), pieces, look)
        each(b, b.mul(pieces, word(piece)), self.n, element)

    def _raise(self, before: ir.Value) -> None:
        """Find how large an element of the row has to be."""
        b = self.b
        wanted = b.fsub(b.load(b.gep(self.sums, [b.sub(self.count, word(1))])), before)
        size = intrinsic(b, "llvm.fabs", _F64, [wanted], [_F64])
        absolute, relative = (ir.Constant(_F64, slack) for slack in _SLACK)
        wanted = b.fsub(wanted, b.fadd(absolute, b.fmul(relative, size)))
        wanted, lowest = b.fptrunc(wanted, _F32), ir.Constant(_F32, LOWEST)
        b.store(b.select(b.fcmp_ordered(">", wanted, lowest), wanted, lowest), self.least)

    def _any(self, pointer: ir.Value) -> ir.Value:
        """Whether an element of a piece is large enough."""
        b, dtype, lanes = self.b, np.dtype(np.float32), self.lanes
        least = vectors.broadcast(b, b.load(self.least), lanes)
        found = ir.Constant(ir.VectorType(BIT, lanes), None)
        for v in range(_PIECE):
            vector = vectors.load(b, b.gep(pointer, [word(v * lanes)]), dtype, lanes, lanes)
            found = b.or_(found, b.fcmp_ordered(">", vector, least))
        mask = ir.IntType(lanes)
        return b.icmp_unsigned("!=", b.bitcast(found, mask), ir.Constant(mask, 0))

    def _element(self, place: ir.Value, j: ir.Value, before: ir.Value) -> None:
        b = self.b
        x = b.load(b.gep(self.x, [place]))
        large = b.fcmp_ordered(">", x, b.load(self.least))
        finite = b.fcmp_ordered("<", x, ir.Constant(_F32, float("inf")))
        free = b.icmp_unsigned("==", b.load(b.gep(self.refused, [j])), ir.Constant(BYTE, 0))
        with b.if_then(b.and_(b.and_(large, finite), free)):
            self._insert(b.fadd(b.fpext(x, _F64), before), place)
            self._raise(before)

    def _insert(self, total: ir.Value, place: ir.Value) -> None:
        """Behind all that are as large; those behind move on, and the last falls out."""
        b = self.b

        def move(at: ir.Value, carry: list[ir.Value]) -> list[ir.Value]:
            mine, where, placed = carry
            slots = b.gep(self.sums, [at]), b.gep(self.places, [at])
            one, other = map(b.load, slots)
            placed = b.or_(placed, b.fcmp_ordered(">", mine, one))
            b.store(b.select(placed, mine, one), slots[0])
            b.store(b.select(placed, where, other), slots[1])
            return [b.select(placed, one, mine), b.select(placed, other, where), placed]

        start = [total, place, ir.Constant(BIT, 0)]
        carried(b, word(0), self.count, start, move)
