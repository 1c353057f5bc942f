"""Columns and rows of matrices, copied so that a micro-kernel reads them in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import INT64
from tushuo.compile.codegen.matrix import element
from tushuo.compile.codegen.parts import Part
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.tile import ALIGN
from tushuo.compile.codegen.turns import each, word

BYTES = 1 << 18
"""What a panel may take: a part of the second level of a cache."""

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
        self.b, self.y, self.lanes = kernel.b, kernel.y, kernel.lanes
        self.bits = kernel.dtype.itemsize * 8
        self.memory = _memory(kernel, -(-deep // self.lanes) * self.lanes * width)

    def fill(self, first: ir.Value, k: int, j: ir.Value, width: int) -> None:
        """Copy ``width`` columns from ``j`` on, and zeros up to a whole vector.

        Args:
            first: The first row.
            k: How many rows.
            j: The first column.
            width: How many columns.
        """
        count = -(-width // int(self.lanes))
        whole = width == count * self.lanes
        along = self.y.column == 1
        part = (Rows if along else Turned)(self.bits, count, whole)
        start, step = element(self.b, self.y, first, j), self.y.row if along else self.y.column
        part.call(self.b, [start, word(step), word(k), word(width), self.memory])


@dataclass(frozen=True)
class _Filling(Part):
    """Base of what fills a panel.

    Attributes:
        width: How many vectors a row has.
        whole: Whether all columns are there; else zeros stand for those that are not.
    """

    width: int
    whole: int

    def signature(self) -> Sequence[ir.Type]:
        """B and its step; the numbers of its rows and columns; the panel."""
        return [self.element.as_pointer(), INT64, INT64, INT64, self.element.as_pointer()]


@dataclass(frozen=True)
class Rows(_Filling):
    """Fills a panel from columns that lie side by side."""

    def body(self, b: ir.IRBuilder, args: Sequence[ir.Value], target: Target) -> None:
        """Row by row."""
        y, step, k, columns, panel = args
        dtype, lanes = np.dtype(f"float{self.bits}"), target.vector_bytes * 8 // self.bits
        rest = b.sub(columns, word((self.width - 1) * lanes))

        def row(at: ir.Value) -> None:
            for v in range(self.width):
                inside = lanes if self.whole or v < self.width - 1 else rest
                place = b.gep(y, [b.add(b.mul(at, step), word(v * lanes))])
                vector = vectors.load(b, place, dtype, lanes, inside)
                start = b.add(b.mul(at, word(self.width * lanes)), word(v * lanes))
                _put(b, vector, b.gep(panel, [start]))

        each(b, word(0), k, row)


@dataclass(frozen=True)
class Turned(_Filling):
    """Fills a panel from columns that lie along k: a square of a vector's side at once."""

    def body(self, b: ir.IRBuilder, args: Sequence[ir.Value], target: Target) -> None:
        """Squares side by side, from the first rows to the last, some of which may be missing."""
        y, step, k, columns, panel = args
        lanes = word(target.vector_bytes * 8 // self.bits)
        squares = b.udiv(k, lanes)
        whole = b.mul(squares, lanes)

        def line(at: ir.Value, rows: ir.Value) -> None:
            def square(v: ir.Value) -> None:
                left = b.mul(v, lanes)
                place = b.gep(y, [b.add(at, b.mul(left, step))])
                start = b.add(b.mul(at, b.mul(lanes, word(self.width))), left)
                there = b.sub(columns, left)
                self._square(b, place, step, rows, there, b.gep(panel, [start]), lanes.constant)

            each(b, word(0), word(self.width), square)

        each(b, word(0), squares, lambda i: line(b.mul(i, lanes), lanes))
        with b.if_then(b.icmp_signed("<", whole, k)):
            line(whole, b.sub(k, whole))

    def _square(
        self,
        b: ir.IRBuilder,
        place: ir.Value,
        step: ir.Value,
        rows: ir.Value,
        columns: ir.Value,
        to: ir.Value,
        lanes: int,
    ) -> None:
        """Read vectors along k, as many as there are columns, and write them along n."""
        dtype = np.dtype(f"float{self.bits}")
        square = []
        for i in range(lanes):
            if not self.whole:
                here = b.icmp_signed("<", word(i), columns)
                inside = b.select(here, rows, word(0))
            elif isinstance(rows, ir.Constant):
                inside = lanes
            else:
                inside = rows
            pointer = b.gep(place, [b.mul(step, word(i))])
            square.append(vectors.load(b, pointer, dtype, lanes, inside))
        for r, vector in enumerate(vectors.transposed(b, square)):
            _put(b, vector, b.gep(to, [word(r * self.width * lanes)]))


@dataclass(frozen=True)
class Strip(Part):
    """Copies columns of some tiles' rows of A, one after the other, to strips.

    Attributes:
        height: How many rows a tile has.
        along: Whether the rows lie side by side.
    """

    height: int
    along: int

    def signature(self) -> Sequence[ir.Type]:
        """A, its steps; how many tiles and columns; the strips, and how far apart they begin."""
        pointer = self.element.as_pointer()
        return [pointer, INT64, INT64, INT64, INT64, pointer, INT64]

    def body(self, b: ir.IRBuilder, args: Sequence[ir.Value], target: Target) -> None:
        """Column by column."""
        a, down, right, tiles, k, strips, apart = args

        def copy(i: ir.Value, at: ir.Value) -> None:
            to = b.gep(strips, [b.add(b.mul(i, apart), b.mul(at, word(self.height)))])
            row = b.mul(i, word(self.height))
            column = b.mul(at, right)
            if self.along:
                self._vector(b, b.gep(a, [b.add(row, column)]), to)
                return
            for r in range(self.height):
                offset = b.add(b.mul(b.add(row, word(r)), down), column)
                b.store(b.load(b.gep(a, [offset])), b.gep(to, [word(r)]))

        each(b, word(0), k, lambda at: each(b, word(0), tiles, lambda i: copy(i, at)))

    def _vector(self, b: ir.IRBuilder, place: ir.Value, to: ir.Value) -> None:
        dtype, lanes = np.dtype(f"float{self.bits}"), 1 << (self.height - 1).bit_length()
        whole = vectors.load(b, place, dtype, lanes, self.height)
        vectors.store(b, whole, to, dtype, self.height)


class Strips:
    """Memory for a part of the rows of the first factor: for each k the elements of a tile.

    Args:
        kernel: The product.
        cut: The parts of the rows.
        deep: How many columns of them at once.
    """

    def __init__(self, kernel: Any, cut: Any, deep: int) -> None:
        self.b, self.x, self.cut, self.bits = kernel.b, kernel.x, cut, kernel.dtype.itemsize * 8
        self.apart = deep * cut.tile + _SPREAD * cut.tile
        self.memory = _memory(kernel, (deep + _SPREAD) * cut.longest)
        self.start: ir.Value = word(0)

    def fill(self, part: ir.Value, first: ir.Value, k: int) -> None:
        """Copy the rows of a part, ``k`` columns from the first on."""
        b, cut = self.b, self.cut
        self.start = cut.start(b, part)
        whole, rest = divmod(cut.length, cut.tile)
        if whole:
            tiles = b.udiv(b.sub(cut.start(b, b.add(part, word(1))), self.start), word(cut.tile))
            self._copy(self.start, cut.tile, tiles, first, k)
        if rest:
            with b.if_then(b.icmp_signed("==", part, word(cut.parts - 1))):
                self._copy(word(whole * cut.tile), rest, word(1), first, k)

    def _copy(self, i: ir.Value, height: int, tiles: ir.Value, first: ir.Value, k: int) -> None:
        steps = word(self.x.row), word(self.x.column)
        args = [element(self.b, self.x, i, first), *steps, tiles, word(k), self.place(i)]
        Strip(self.bits, height, self.x.row == 1).call(self.b, [*args, word(self.apart)])

    def place(self, i: ir.Value) -> ir.Value:
        """The strip of the tile that begins at a row."""
        tile = self.b.udiv(self.b.sub(i, self.start), word(self.cut.tile))
        return self.b.gep(self.memory, [self.b.mul(tile, word(self.apart))])


def _put(b: ir.IRBuilder, vector: ir.Value, place: ir.Value) -> None:
    b.store(vector, b.bitcast(place, vector.type.as_pointer()), align=ALIGN)


def _memory(kernel: Any, size: int) -> ir.Value:
    with kernel.b.goto_entry_block():
        memory = kernel.b.alloca(kernel.kind, size=word(size))
    memory.align = ALIGN
    return memory
