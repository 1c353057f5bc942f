"""Gradients by the weights of convolutions whose maps see all channels.

A tile is some channels of the images times some vectors of maps, its sums in registers while the
rows of an image go by; then it is added to the weights in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.columns import rows_inside, runs
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.tiling import tiling
from tushuo.compile.codegen.turns import carried, each, in_widths, offset, word
from tushuo.compile.codegen.weigh import Weigh
from tushuo.compile.layout import View
from tushuo.compile.program import Program

FEW = 8
"""Up to how many channels the elements of the kernel share a tile."""


def write_dense_weight(
    module: ir.Module,
    name: str,
    program: Program,
    operands: Sequence[View],
    results: Sequence[View],
    target: Target,
) -> ir.Function:
    """Write the function that computes the weights of a convolution from images and maps.

    Args:
        module: Where it is put.
        name: Its name.
        program: The operation alone.
        operands: How images and maps are read. The function takes pointers to both and the result.
        results: How the result is written.
        target: The processor.
    """
    return _Dense(module, name, program, operands, target).function


class _Dense(Weigh):
    """A unit is a panel of maps for a row of the kernel, or for all rows if channels are few."""

    def units(self) -> int:
        c, o = self.x.shape[1], self.g.shape[1]
        (kh, kw), registers = self.window.kernel, self.target.registers
        self.few = c <= FEW and not any(map(any, self.geometry.margins))
        rows = kh * kw * c if self.few else c
        depth = self.g.shape[2] * self.g.shape[3]
        self.height, self.wide = tiling(rows, o, depth, self.lanes, registers)
        self.width = self.wide * self.lanes
        self.panels = -(-o // self.width)
        return self.panels * (1 if self.few else kh)

    def unit(self, weights: ir.Value, at: ir.Value, first: ir.Value, end: ir.Value) -> None:
        b, o = self.b, self.g.shape[1]
        panel, i = b.urem(at, word(self.panels)), b.udiv(at, word(self.panels))
        in_widths(
            b, panel, o, self.width, lambda maps: self._panel(weights, panel, i, first, end, maps)
        )

    def _panel(
        self,
        weights: ir.Value,
        panel: ir.Value,
        i: ir.Value,
        first: ir.Value,
        end: ir.Value,
        maps: int,
    ) -> None:
        b, o, (_, kw) = self.b, self.g.shape[1], self.window.kernel
        c, column = self.x.shape[1], b.mul(panel, word(self.width))
        size = c * kw * (self.window.kernel[0] if self.few else 1)
        start = b.add(b.mul(i, word(kw * c * o)), column)
        here = b.gep(weights, [start])
        widths = [min(self.lanes, maps - v) for v in range(0, maps, self.lanes)]

        def clear(row: ir.Value) -> None:
            for v, width in enumerate(widths):
                place = b.gep(here, [b.add(b.mul(row, word(o)), word(v * self.lanes))])
                vectors.store(b, ir.Constant(self.vector, None), place, self.dtype, width)

        each(b, word(0), word(size), clear)
        for tile in self._tiles():
            each(b, first, end, partial(self._image, here, column, i, widths, tile))

    def _tiles(self) -> Iterator[list[tuple[int, int, int]]]:
        """The elements (i, j, c) of tiles that are written out; i counts from the unit's row."""
        (kh, kw), c = self.window.kernel, self.x.shape[1]
        if self.few:
            elements = list(product(range(kh), range(kw), range(c)))
            for start in range(0, len(elements), self.height):
                yield elements[start : start + self.height]
            return
        for j in range(kw):
            yield [(0, j, 0)]

    def _image(
        self,
        here: ir.Value,
        column: ir.Value,
        i: ir.Value,
        widths: list[int],
        tile: list[tuple[int, int, int]],
        n: ir.Value,
    ) -> None:
        """Add what one image gives to a tile, or to all tiles of a column of the kernel."""
        b, c, o, (_, kw) = self.b, self.x.shape[1], self.g.shape[1], self.window.kernel
        if self.few:
            places = [(a * kw + j) * c + at for a, j, at in tile]
            distances = [
                a * self.window.dilation[0] * self.x.strides[2]
                + j * self.window.dilation[1] * self.x.strides[3]
                + at * self.x.strides[1]
                for a, j, at in tile
            ]
            rows = word(0), word(self.g.shape[2])
            self._sum(here, column, (n, i, rows), (0, self.g.shape[3]), widths, distances, places)
            return
        j = tile[0][1]
        inside = runs(self.g.shape[3], self.g.shape[3], self.geometry)[0].inside[j]
        if not inside:
            return
        columns = inside[0], inside[-1] + 1
        rows = rows_inside(b, i, self.g.shape[2], self.geometry)
        shift = j * self.window.dilation[1] * self.x.strides[3]

        def channels(start: ir.Value, height: int) -> None:
            moved = offset(b, (start, self.x.strides[1]))
            distances = [shift + at * self.x.strides[1] for at in range(height)]
            places = [j * c + at for at in range(height)]
            base = b.gep(here, [b.mul(start, word(o))])
            self._sum(base, column, (n, i, rows), columns, widths, distances, places, moved)

        whole = c // self.height
        each(b, word(0), word(whole), lambda t: channels(b.mul(t, word(self.height)), self.height))
        if c % self.height:
            channels(word(whole * self.height), c % self.height)

    def _sum(
        self,
        here: ir.Value,
        column: ir.Value,
        where: tuple[ir.Value, ir.Value, tuple[ir.Value, ir.Value]],
        columns: tuple[int, int],
        widths: list[int],
        distances: list[int],
        places: list[int],
        moved: ir.Value | None = None,
    ) -> None:
        b, (n, i, rows), o = self.b, where, self.g.shape[1]
        zero, right = ir.Constant(self.vector, None), self.x.strides[3] * self.window.stride[1]

        def row(at: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
            pixels, maps = self.pixel(n, at, i), b.gep(self.map(n, at), [column])
            pixels = pixels if moved is None else b.gep(pixels, [moved])

            def position(q: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                seen = b.gep(pixels, [b.mul(q, word(right))])
                given = b.gep(maps, [b.mul(q, word(self.g.strides[3]))])
                g = [self.load(given, v * self.lanes, w) for v, w in enumerate(widths)]
                found = []
                for r, distance in enumerate(distances):
                    x = vectors.broadcast(b, b.load(b.gep(seen, [word(distance)])), self.lanes)
                    mine = sums[r * len(g) : (r + 1) * len(g)]
                    found += [self.fma(x, y, z) for y, z in zip(g, mine, strict=True)]
                return found

            return carried(b, word(columns[0]), word(columns[1]), sums, position)

        totals = carried(b, *rows, [zero] * (len(widths) * len(distances)), row)
        for (place, (v, width)), total in zip(
            product(places, enumerate(widths)), totals, strict=True
        ):
            self.add(total, b.gep(here, [word(place * o + v * self.lanes)]), width)
