"""Large products: a micro-kernel on parts of both factors that were copied side by side.

Columns of B become panels, as wide as a tile of C; rows of A become strips, as high as one, where
they do not lie along k already (K. Goto and R. van de Geijn, "Anatomy of high-performance matrix
multiplication", 2008). C is cut into chunks by rows and by columns, which threads may share.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import ceil
from typing import NamedTuple

from llvmlite import ir

from tushuo.compile.codegen.kernel import Kernel, Left
from tushuo.compile.codegen.lane import INT64
from tushuo.compile.codegen.matrix import element
from tushuo.compile.codegen.panel import Panel, Strips
from tushuo.compile.codegen.share import CHUNKS

DEPTH = 2048
"""How many rows of a panel there are at most, times the length of an element in bytes."""

PANEL = 4
"""How many vectors a tile is wide."""

BLOCK = 48
"""How many rows at least share a panel that is laid out for them."""

STRIPS = 1 << 19
"""What the strips of a chunk may take, in bytes: half of the second level of a cache."""


class Cut(NamedTuple):
    """An axis of C: tiles, some of which make a part; the last part has what is left, too."""

    length: int
    tile: int
    parts: int

    @property
    def longest(self) -> int:
        """How long a part may be."""
        return (ceil(self.length // self.tile / self.parts) + 1) * self.tile

    def start(self, b: ir.IRBuilder, part: ir.Value) -> ir.Value:
        """Where a part starts; the one after the last starts after the last whole tile."""
        whole, parts, tile = (_n(x) for x in (self.length // self.tile, self.parts, self.tile))
        return b.mul(b.udiv(b.mul(part, whole), parts), tile)


class Large(Kernel):
    """Writes chunks of a product; the arguments are a kernel's."""

    def prepare(self) -> int:
        """Choose the tiles and the parts; returns the number of chunks."""
        m, n, k = self.sizes
        wide = min(PANEL, ceil(n / self.lanes)) * self.lanes
        high = min(m, self.registers // (wide // self.lanes))
        self.deep = k if self.tail is not None else min(k, DEPTH // self.dtype.itemsize)
        self.by_strips = self.x.column != 1 and k > 1
        rows, columns = self._parts(high, ceil(n / wide))
        self.down, self.along = Cut(m, high, rows), Cut(n, wide, columns)
        return rows * columns

    def _parts(self, high: int, panels: int) -> tuple[int, int]:
        """The numbers of parts of the rows and the columns: enough, and those that copy least.

        B is copied once for each part of the rows, and A, if strips are made, once for each part of
        the columns.
        """
        m, n, _ = self.sizes
        room = max(high, STRIPS // (self.deep * self.dtype.itemsize)) if self.by_strips else m
        least = ceil(m / room)

        def cost(rows: int) -> float:
            columns = min(panels, ceil(CHUNKS / rows))
            missing = max(0.0, 1 - rows * columns / CHUNKS)
            return rows / m + (columns / n if self.by_strips else 0.0) + missing

        rows = min(range(least, max(least, min(m // BLOCK, CHUNKS)) + 1), key=cost)
        return rows, min(panels, ceil(CHUNKS / rows))

    def write(self, chunk: ir.Value) -> None:
        """Write the code of one chunk."""
        b = self.b
        block, group = (f(chunk, _n(self.down.parts)) for f in (b.urem, b.udiv))
        panel = Panel(self, self.along.tile, self.deep)
        strips = Strips(self, self.down, self.deep) if self.by_strips else None
        adds = self.sizes.k > self.deep
        if adds:
            self._clear(block, group)
        for first, length in self._tiles(self.sizes.k, self.deep):
            if strips is not None:
                strips.fill(self, block, first, length)
            for j, width in self.part(self.along, group):
                panel.fill(first, length, j, width)
                for i, height in self.part(self.down, block):
                    rows = strips or self
                    left = rows.elements(i, height, first)
                    self._row_tile(i, height, j, width, length, left, panel.vectors, adds)

    def elements(self, i: ir.Value, height: int, first: ir.Value) -> Left:
        """The elements of a tile's rows of A, where they lie."""
        b, rows = self.b, [self._offset(i, r) for r in range(height)]

        def left(at: ir.Value) -> list[ir.Value]:
            return [b.load(element(b, self.x, row, b.add(first, at))) for row in rows]

        return left

    def part(self, cut: Cut, number: ir.Value) -> Iterator[tuple[ir.Value, int]]:
        """The starts and lengths of a part's tiles, as code."""
        b, (whole, rest) = self.b, divmod(cut.length, cut.tile)
        if whole:
            end = cut.start(b, b.add(number, _n(1)))
            yield from self._looped(cut.start(b, number), end, cut.tile)
        if rest:
            with b.if_then(b.icmp_unsigned("==", number, _n(cut.parts - 1))):
                yield _n(whole * cut.tile), rest

    def _clear(self, block: ir.Value, group: ir.Value) -> None:
        for i, height in self.part(self.down, block):
            for j, width in self.part(self.along, group):
                for r, v in product(range(height), range(0, width, self.lanes)):
                    inside = min(self.lanes, width - v)
                    self._store(self.zero, self._offset(i, r), self._offset(j, v), inside)


def _n(number: int) -> ir.Constant:
    return ir.Constant(INT64, number)
