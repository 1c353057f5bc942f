"""Kernels of the gradients of convolutions by their weights.

The positions of the maps are what is summed over. A tile is some channels of the images times some
vectors of maps, its sums in registers while the rows of some positions go by; then it is added to
the weights in memory. Where each channel is by itself, a tile is a row of the kernel.

The images are divided into parts, each with sums of its own, which different threads compute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.columns import (
    Run,
    carried,
    chunks_of,
    each,
    in_widths,
    offset,
    rows_inside,
    runs,
    share_of,
    word,
)
from tushuo.compile.codegen.dense import tiling
from tushuo.compile.codegen.lane import intrinsic, register_type
from tushuo.compile.codegen.share import declared, shared
from tushuo.compile.codegen.target import Target
from tushuo.compile.layout import View
from tushuo.compile.program import Program

FEW = 8
"""Up to how many channels the elements of the kernel share a tile."""

_ABREAST = 4
"""How many positions a tile of a depthwise convolution takes at a time."""


def write_weigh(
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
    op: Any = program.body[0].op
    kind = _Depthwise if op.depthwise else _Dense
    return kind(module, name, program, operands, target).function


class _Weigh:
    """What both have in common: parts of the images, and loops over the units of work."""

    def __init__(
        self,
        module: ir.Module,
        name: str,
        program: Program,
        operands: Sequence[View],
        target: Target,
    ) -> None:
        op: Any = program.body[0].op
        self.op = op
        self.geometry, self.window = self.op.geometry, self.op.geometry.window
        result = program.outputs[0]
        self.dtype: np.dtype = result.dtype
        self.lanes = target.vector_bytes // self.dtype.itemsize
        self.vector = ir.VectorType(register_type(self.dtype), self.lanes)
        self.target, self.x, self.g = target, *operands
        self.chunk, self.b = declared(module, name, [self.dtype] * 3, apart=False)
        self.images, self.maps, self.weights, number = self.chunk.args
        self.each_part = result.size // self.op.parts
        units, work = self._units(), 2 * self.g.root.size * self.each_part // self.g.shape[1]
        chunks = chunks_of(units * self.op.parts, work)

        def unit(at: ir.Value) -> None:
            b, parts = self.b, word(self.op.parts)
            part, at = b.udiv(at, word(units)), b.urem(at, word(units))
            count = word(self.x.shape[0])
            first = b.udiv(b.mul(part, count), parts)
            end = b.udiv(b.mul(b.add(part, word(1)), count), parts)
            weights = b.gep(self.weights, [b.mul(part, word(self.each_part))])
            self._unit(weights, at, first, end)

        each(self.b, *share_of(self.b, number, units * self.op.parts, chunks), unit)
        self.b.ret_void()
        self.function = shared(self.chunk, chunks)

    def _units(self) -> int:
        raise NotImplementedError

    def _unit(self, weights: ir.Value, at: ir.Value, first: ir.Value, end: ir.Value) -> None:
        """Compute the weights of a unit from the images of a part."""
        raise NotImplementedError

    def _pixel(self, n: ir.Value, row: ir.Value, i: ir.Value | int) -> ir.Value:
        """What the first column of the kernel's row ``i`` meets at the first position of a row."""
        b, (image, _, down, right) = self.b, self.x.strides
        (top, _), (left, _) = self.geometry.margins
        line = i if isinstance(i, ir.Value) else word(i)
        parts = (n, image), (row, down * self.window.stride[0])
        start = offset(b, *parts, (line, down * self.window.dilation[0]))
        return b.gep(self.images, [b.sub(start, word(top * down + left * right))])

    def _map(self, n: ir.Value, row: ir.Value) -> ir.Value:
        """The first position of a row of the maps."""
        image, _, down, _ = self.g.strides
        return self.b.gep(self.maps, [offset(self.b, (n, image), (row, down))])

    def _load(self, pointer: ir.Value, distance: int, width: int) -> ir.Value:
        place = self.b.gep(pointer, [word(distance)])
        return vectors.load(self.b, place, self.dtype, self.lanes, width)

    def _fma(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        return intrinsic(self.b, "llvm.fma", self.vector, [x, y, z], [self.vector])

    def _add(self, total: ir.Value, pointer: ir.Value, width: int) -> None:
        """Add a vector to what lies at a pointer."""
        old = vectors.load(self.b, pointer, self.dtype, self.lanes, width)
        vectors.store(self.b, self.b.fadd(old, total), pointer, self.dtype, width)


class _Dense(_Weigh):
    """A unit is a panel of maps for a row of the kernel, or for all rows if channels are few."""

    def _units(self) -> int:
        c, o = self.x.shape[1], self.g.shape[1]
        (kh, kw), registers = self.window.kernel, self.target.registers
        self.few = c <= FEW and not any(map(any, self.geometry.margins))
        rows = kh * kw * c if self.few else c
        depth = self.g.shape[2] * self.g.shape[3]
        self.height, self.wide = tiling(rows, o, depth, self.lanes, registers)
        self.width = self.wide * self.lanes
        self.panels = -(-o // self.width)
        return self.panels * (1 if self.few else kh)

    def _unit(self, weights: ir.Value, at: ir.Value, first: ir.Value, end: ir.Value) -> None:
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
            pixels, maps = self._pixel(n, at, i), b.gep(self._map(n, at), [column])
            pixels = pixels if moved is None else b.gep(pixels, [moved])

            def position(q: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                seen = b.gep(pixels, [b.mul(q, word(right))])
                given = b.gep(maps, [b.mul(q, word(self.g.strides[3]))])
                g = [self._load(given, v * self.lanes, w) for v, w in enumerate(widths)]
                found = []
                for r, distance in enumerate(distances):
                    x = vectors.broadcast(b, b.load(b.gep(seen, [word(distance)])), self.lanes)
                    mine = sums[r * len(g) : (r + 1) * len(g)]
                    found += [self._fma(x, y, z) for y, z in zip(g, mine, strict=True)]
                return found

            return carried(b, word(columns[0]), word(columns[1]), sums, position)

        totals = carried(b, *rows, [zero] * (len(widths) * len(distances)), row)
        for (place, (v, width)), total in zip(
            product(places, enumerate(widths)), totals, strict=True
        ):
            self._add(total, b.gep(here, [word(place * o + v * self.lanes)]), width)


class _Depthwise(_Weigh):
    """A unit is a vector of channels for a row of the kernel."""

    def _units(self) -> int:
        self.vectors = -(-self.x.shape[1] // self.lanes)
        self.tiles = runs(self.g.shape[3], _ABREAST, self.geometry)
        units: int = self.vectors * self.window.kernel[0]
        return units

    def _unit(self, weights: ir.Value, at: ir.Value, first: ir.Value, end: ir.Value) -> None:
        b = self.b
        part, i = b.urem(at, word(self.vectors)), b.udiv(at, word(self.vectors))
        images = first, end
        in_widths(
            b,
            part,
            self.x.shape[1],
            self.lanes,
            lambda width: self._vector(weights, part, i, images, width),
        )

    def _vector(
        self,
        weights: ir.Value,
        part: ir.Value,
        i: ir.Value,
        images: tuple[ir.Value, ir.Value],
        width: int,
    ) -> None:
        b, kw, channels = self.b, self.window.kernel[1], self.x.shape[1]
        channel = b.mul(part, word(self.lanes))
        here = b.gep(weights, [b.add(b.mul(i, word(kw * channels)), channel)])
        zero = ir.Constant(self.vector, None)
        abreast = self.tiles[0].width
        rows = rows_inside(b, i, self.g.shape[2], self.geometry)

        def image(n: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
            def row(at: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                x = b.gep(self._pixel(n, at, i), [channel])
                g = b.gep(self._map(n, at), [channel])
                for run in self.tiles:
                    ends = word(run.first), word(run.first + run.tiles)
                    sums = carried(b, *ends, sums, partial(self._tile, run, x, g, width))
                return sums

            return carried(b, *rows, sums, row)

        sums = carried(b, *images, [zero] * (kw * abreast), image)
        for j in range(kw):
            total = sums[j * abreast]
            for other in sums[j * abreast + 1 : (j + 1) * abreast]:
                total = b.fadd(total, other)
            place = b.gep(here, [word(j * channels)])
            vectors.store(b, total, place, self.dtype, width)

    def _tile(
        self,
        run: Run,
        x: ir.Value,
        g: ir.Value,
        width: int,
        t: ir.Value,
        sums: list[ir.Value],
    ) -> list[ir.Value]:
        b, found, abreast = self.b, list(sums), self.tiles[0].width
        column = b.mul(t, word(abreast))
        right = self.x.strides[3]
        x = b.gep(x, [b.mul(column, word(right * self.window.stride[1]))])
        g = b.gep(g, [b.mul(column, word(self.g.strides[3]))])
        seen: dict[int, ir.Value] = {}
        given = [self._load(g, at * self.g.strides[3], width) for at in range(run.width)]
        for j, places in enumerate(run.inside):
            for at in places:
                pixel = at * self.window.stride[1] + j * self.window.dilation[1]
                if pixel not in seen:
                    seen[pixel] = self._load(x, pixel * right, width)
                found[j * abreast + at] = self._fma(seen[pixel], given[at], found[j * abreast + at])
        return found
