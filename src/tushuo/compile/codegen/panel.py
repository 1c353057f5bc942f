"""Columns of a matrix, copied side by side so that a micro-kernel reads them in order."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import INT64
from tushuo.compile.codegen.matrix import element
from tushuo.compile.codegen.nest import counted

BYTES = 1 << 18
"""What a panel may take: a part of the second level of a cache."""

_ALIGN = 64


class Panel:
    """Memory for some columns of the second factor, for all k.

    Args:
        kernel: The product.
        width: How many columns.
    """

    def __init__(self, kernel: Any, width: int) -> None:
        self.b, self.y, self.k = kernel.b, kernel.y, kernel.sizes.k
        self.dtype, self.lanes, self.kind = kernel.dtype, kernel.lanes, kernel.vector
        self.width, self.used = width, width
        with self.b.goto_entry_block():
            memory = self.b.alloca(kernel.kind, size=ir.Constant(INT64, self.k * width))
        memory.align = _ALIGN
        self.memory = memory

    def fill(self, j: ir.Value, width: int) -> None:
        """Copy the columns from ``j`` on, ``width`` of them, and zeros up to a whole vector."""
        self.used = -(-width // self.lanes) * self.lanes
        if self.y.column == 1:
            counted(self.b, self.k, lambda at: self._copy_row(at, j, width))
            return
        whole = self.k // self.lanes * self.lanes
        counted(self.b, whole, lambda at: self._turn(at, j, width, self.lanes), self.lanes)
        if whole < self.k:
            self._turn(ir.Constant(INT64, whole), j, width, self.k - whole)

    def vectors(self, at: ir.Value, count: int) -> list[ir.Value]:
        """One row of the panel."""
        return [self.b.load(self._place(at, v), align=_ALIGN) for v in range(count)]

    def _place(self, row: ir.Value, vector: int) -> ir.Value:
        """The pointer to a vector of the panel."""
        b = self.b
        start = b.mul(row, ir.Constant(INT64, self.used))
        start = b.add(start, ir.Constant(INT64, vector * self.lanes))
        return b.bitcast(b.gep(self.memory, [start], inbounds=True), self.kind.as_pointer())

    def _copy_row(self, at: ir.Value, j: ir.Value, width: int) -> None:
        for v in range(self.used // self.lanes):
            start = self.b.add(j, ir.Constant(INT64, v * self.lanes))
            inside = min(self.lanes, width - v * self.lanes)
            self.b.store(self._read(at, start, inside), self._place(at, v), align=_ALIGN)

    def _turn(self, at: ir.Value, j: ir.Value, width: int, rows: int) -> None:
        """Read vectors along k, and write them along n: each square of a vector's side at once."""
        for v in range(self.used // self.lanes):
            square = []
            for lane in range(v * self.lanes, (v + 1) * self.lanes):
                column = self.b.add(j, ir.Constant(INT64, lane))
                zero = ir.Constant(self.kind, None)
                square.append(self._read(at, column, rows) if lane < width else zero)
            for r, vector in enumerate(vectors.transposed(self.b, square)[:rows]):
                row = self.b.add(at, ir.Constant(INT64, r))
                self.b.store(vector, self._place(row, v), align=_ALIGN)

    def _read(self, row: ir.Value, column: ir.Value, width: int) -> ir.Value:
        pointer = element(self.b, self.y, row, column)
        return vectors.load(self.b, pointer, self.dtype, self.lanes, width)
