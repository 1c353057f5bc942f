"""Columns and rows of matrices, copied so that a micro-kernel reads them in order."""

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

_SPREAD = 4
"""Elements a row between strips, lest all of them begin in the same few lines of the cache."""


class Panel:
    """Memory for some columns of the second factor.

    Args:
        kernel: The product.
        width: How many columns.
        deep: How many rows of them at once.
    """

    def __init__(self, kernel: Any, width: int, deep: int) -> None:
        self.b, self.y = kernel.b, kernel.y
        self.dtype, self.lanes, self.kind = kernel.dtype, kernel.lanes, kernel.vector
        self.width, self.used = width, width
        self.first: ir.Value = ir.Constant(INT64, 0)
        self.memory = _memory(kernel, deep * width)

    def fill(self, first: ir.Value, k: int, j: ir.Value, width: int) -> None:
        """Copy ``width`` columns from ``j`` on, and zeros up to a whole vector.

        Args:
            first: The first row.
            k: How many rows.
            j: The first column.
            width: How many columns.
        """
        self.first = first
        self.used = -(-width // self.lanes) * self.lanes
        if self.y.column == 1:
            counted(self.b, k, lambda at: self._copy_row(at, j, width))
            return
        whole = k // self.lanes * self.lanes
        counted(self.b, whole, lambda at: self._turn(at, j, width, self.lanes), self.lanes)
        if whole < k:
            self._turn(ir.Constant(INT64, whole), j, width, k - whole)

    def vectors(self, at: ir.Value) -> list[ir.Value]:
        """One row of the panel."""
        count = self.used // self.lanes
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
        pointer = element(self.b, self.y, self.b.add(self.first, row), column)
        return vectors.load(self.b, pointer, self.dtype, self.lanes, width)


class Strips:
    """Memory for a part of the rows of the first factor: for each k the elements of a tile.

    Args:
        kernel: The product.
        cut: The parts of the rows.
        deep: How many columns of them at once.
    """

    def __init__(self, kernel: Any, cut: Any, deep: int) -> None:
        self.b, self.x, self.cut, self.dtype = kernel.b, kernel.x, cut, kernel.dtype
        self.apart = deep + _SPREAD
        self.memory = _memory(kernel, self.apart * cut.longest)
        self.start: ir.Value = ir.Constant(INT64, 0)

    def fill(self, kernel: Any, part: ir.Value, first: ir.Value, k: int) -> None:
        """Copy the rows of a part, ``k`` columns from the first on, a column after the other."""
        b = self.b
        self.start = self.cut.start(b, part)

        def column(at: ir.Value) -> None:
            for i, height in kernel.part(self.cut, part):
                self._copy(i, height, at, b.add(first, at))

        counted(b, k, column)

    def elements(self, i: ir.Value, height: int, first: ir.Value) -> Any:
        """The elements of a tile's rows in a column."""

        def left(at: ir.Value) -> list[ir.Value]:
            return [self.b.load(self._place(i, height, at, r)) for r in range(height)]

        return left

    def _copy(self, i: ir.Value, height: int, at: ir.Value, column: ir.Value) -> None:
        b = self.b
        if self.x.row != 1:
            for r in range(height):
                one = b.load(element(b, self.x, b.add(i, ir.Constant(INT64, r)), column))
                b.store(one, self._place(i, height, at, r))
            return
        lanes = 1 << (height - 1).bit_length()
        whole = vectors.load(b, element(b, self.x, i, column), self.dtype, lanes, height)
        vectors.store(b, whole, self._place(i, height, at, 0), self.dtype, height)

    def _place(self, i: ir.Value, height: int, at: ir.Value, row: int) -> ir.Value:
        b = self.b
        strip = b.mul(b.sub(i, self.start), ir.Constant(INT64, self.apart))
        inside = b.add(b.mul(at, ir.Constant(INT64, height)), ir.Constant(INT64, row))
        return b.gep(self.memory, [b.add(strip, inside)], inbounds=True)


def _memory(kernel: Any, size: int) -> ir.Value:
    with kernel.b.goto_entry_block():
        memory = kernel.b.alloca(kernel.kind, size=ir.Constant(INT64, size))
    memory.align = _ALIGN
    return memory
