"""Large products: a micro-kernel on parts of both factors that were copied side by side.

Columns of B become panels, as wide as a tile of C; rows of A become strips, as high as one, where
they do not lie along k already (K. Goto and R. van de Geijn, "Anatomy of high-performance matrix
multiplication", 2008). C is cut into chunks by rows and by columns, which threads may share.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.kernel import Kernel
from tushuo.compile.codegen.matrix import element
from tushuo.compile.codegen.nest import counted
from tushuo.compile.codegen.panel import Panel, Strips
from tushuo.compile.codegen.share import CHUNKS
from tushuo.compile.codegen.tile import ALIGN, Tile
from tushuo.compile.codegen.turns import word

DEPTH = 2048
"""How many rows of a panel there are at most, times the length of an element in bytes."""

PANEL = 4
"""How many vectors a tile is wide."""

BLOCK = 48
"""How many rows at least share a panel that is laid out for them."""

ROWS = 8
"""Up to how many rows of a tile their distance may be known when the code runs only."""

STRIPS = 1 << 19
"""What the strips of a chunk may take, in bytes: half of the second level of a cache."""

SUMS = 1 << 17
"""What the sums of a chunk may take, in bytes, that wait for the rest of k before their tail."""


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
        whole, parts, tile = (word(x) for x in (self.length // self.tile, self.parts, self.tile))
        return b.mul(b.udiv(b.mul(part, whole), parts), tile)


class Large(Kernel):
    """Writes chunks of a product; the arguments are a kernel's."""

    def prepare(self) -> int:
        """Choose the tiles and the parts; returns the number of chunks."""
        m, n, k = self.sizes
        wide = min(PANEL, ceil(n / self.lanes)) * self.lanes
        high = min(m, self.registers // (wide // self.lanes))
        self.by_strips = self.x.column != 1 and k > 1
        whole = self.tail is not None and self.by_strips
        self.deep = k if whole else min(k, DEPTH // self.dtype.itemsize)
        rows, columns = self._parts(high, ceil(n / wide))
        self.down, self.along = Cut(m, high, rows), Cut(n, wide, columns)
        return rows * columns

    def _parts(self, high: int, panels: int) -> tuple[int, int]:
        """The numbers of parts of the rows and the columns: enough, and those that copy least.

        B is copied once for each part of the rows, and A, if strips are made, once for each part of
        the columns.
        """
        m, n, k = self.sizes
        room, size = m, self.dtype.itemsize
        if self.by_strips:
            room = max(high, STRIPS // (self.deep * size))
        elif self.tail is not None and k > self.deep:
            room = SUMS // (PANEL * self.lanes * size)
        least = ceil(m / room)

        def cost(rows: int) -> float:
            columns = min(panels, ceil(CHUNKS / rows))
            missing = max(0.0, 1 - rows * columns / CHUNKS)
            return rows / m + (columns / n if self.by_strips else 0.0) + missing

        rows = min(range(least, max(least, min(m // BLOCK, CHUNKS)) + 1), key=cost)
        return rows, min(panels, ceil(CHUNKS / rows))

    def write(self, chunk: ir.Value) -> None:
        """Write the code of one chunk."""
        block, group = (f(chunk, word(self.down.parts)) for f in (self.b.urem, self.b.udiv))
        self.panel = Panel(self, self.along.tile, self.deep)
        self.strips = Strips(self, self.down, self.deep) if self.by_strips else None
        self.scratch = None if self.tail is None else self._scratch()
        if self.strips is None:
            for j, width in self.part(self.along, group):
                for first, length in self._tiles(self.sizes.k, self.deep):
                    self._tiles_of(block, j, width, first, length)
            return
        for first, length in self._tiles(self.sizes.k, self.deep):
            self.strips.fill(block, first, length)
            for j, width in self.part(self.along, group):
                self._tiles_of(block, j, width, first, length)

    def _tiles_of(
        self, block: ir.Value, j: ir.Value, width: int, first: ir.Value, length: int
    ) -> None:
        """Write the code of a panel, for ``length`` rows of B, and of the tiles that read it."""
        b = self.b
        self.panel.fill(first, length, j, width)
        start = self.down.start(b, block)
        for i, height in self.part(self.down, block):
            left = self.strips.place(i) if self.strips else element(b, self.x, i, first)
            place = b.mul(b.sub(i, start), word(ceil(width / self.lanes) * self.lanes))
            self._tile(_Corner(i, height, j, width, place), left, length, first)

    def _tile(self, corner: _Corner, left: ir.Value, k: int, first: ir.Value) -> None:
        """Write the call of a tile, and what follows the product."""
        b, (i, height, j, width, place) = self.b, corner
        count, adds = ceil(width / self.lanes), self.sizes.k > self.deep
        step = 0 if self.by_strips or height <= ROWS else self.x.row
        part = Tile(self.dtype.itemsize * 8, height, count, self.by_strips, adds, step)
        if self.scratch is None:
            target, apart = element(b, self.c, i, j), self.c.row
            last = width - (count - 1) * self.lanes
        else:
            apart, last = count * self.lanes, self.lanes
            target = b.gep(self.scratch, [place]) if adds else self.scratch
        more = b.icmp_unsigned(">", first, word(0))
        numbers = word(k), target, word(apart), word(last), more
        part.call(b, [left, word(self.x.row), self.panel.memory, *numbers])
        if self.scratch is None:
            return
        if not adds:
            counted(b, height, lambda row: self._finish(corner, target, row))
            return
        with b.if_then(b.icmp_unsigned("==", b.add(first, word(k)), word(self.sizes.k))):
            counted(b, height, lambda row: self._finish(corner, target, row))

    def _finish(self, corner: _Corner, sums: ir.Value, row: ir.Value) -> None:
        """Write the tail of a row of a tile."""
        b, (i, _, j, width, _) = self.b, corner
        count = ceil(width / self.lanes)
        for v in range(count):
            start = b.add(b.mul(row, word(count * self.lanes)), word(v * self.lanes))
            pointer = b.gep(sums, [start], inbounds=True)
            total = vectors.load(b, pointer, self.dtype, self.lanes, self.lanes)
            inside = min(self.lanes, width - v * self.lanes)
            self._store(total, b.add(i, row), self._offset(j, v * self.lanes), inside)

    def _scratch(self) -> ir.Value:
        """Memory for the sums of a tile, or of all tiles of a panel if they are not complete."""
        rows = self.down.longest if self.sizes.k > self.deep else self.down.tile
        with self.b.goto_entry_block():
            memory = self.b.alloca(self.kind, size=word(rows * self.along.tile))
        memory.align = ALIGN
        return memory

    def part(self, cut: Cut, number: ir.Value) -> Iterator[tuple[ir.Value, int]]:
        """The starts and lengths of a part's tiles, as code."""
        b, (whole, rest) = self.b, divmod(cut.length, cut.tile)
        if whole:
            end = cut.start(b, b.add(number, word(1)))
            yield from self._looped(cut.start(b, number), end, cut.tile)
        if rest:
            with b.if_then(b.icmp_unsigned("==", number, word(cut.parts - 1))):
                yield word(whole * cut.tile), rest


class _Corner(NamedTuple):
    """A tile of C: its first row, how many rows, its first column, how many columns.

    Then where its sums are, if there is memory for those of a panel.
    """

    i: ir.Value
    height: int
    j: ir.Value
    width: int
    place: ir.Value
