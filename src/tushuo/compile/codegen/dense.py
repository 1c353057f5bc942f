"""Kernels of convolutions whose maps see all channels.

A tile is some positions of a row times some vectors of maps, its sums in registers: for each
element of the kernel and each channel, a vector of weights times a number of the image, broadcast.
The image is read where it lies, whatever its order; the weights come in panels, as many vectors
wide as a tile. A kernel of one element is a product of matrices, with all positions in one row.
Numbers of 16 and 8 bits are multiplied in groups of neighbouring channels (:mod:`.dots`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.columns import MapsTail, Plane, Run, each_tile, four, runs, taps_inside
from tushuo.compile.codegen.dots import dot
from tushuo.compile.codegen.share import declared, shared
from tushuo.compile.codegen.tail import Tail
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.tiling import most_positions
from tushuo.compile.codegen.turns import carried, chunks_of, each, in_widths, offset, share_of, word
from tushuo.compile.layout import View
from tushuo.compile.program import Program

_UNROLLED = 12
"""Up to how many elements of a row of the kernel, times channels, are written out."""

_BLOCK = 1 << 16
"""How many elements of the image go through a panel before the next panel takes its turn."""

_AHEAD = 1 << 14
"""How many bytes before their turn weights are asked for that are read once."""

_UNITS = 16
"""How many units of work there are at least, if there are tiles enough."""


def write_dense(
    module: ir.Module,
    name: str,
    program: Program,
    operands: Sequence[View],
    results: Sequence[View],
    target: Target,
) -> ir.Function:
    """Write the function that computes a convolution and what follows it.

    Args:
        module: Where it is put.
        name: Its name.
        program: The convolution, then elementwise operations; its first two inputs are the
            images and the panels.
        operands: How each input is read. The function takes a pointer to each input and output.
        results: How each output is written.
        target: The processor.
    """
    return _Dense(module, name, program, operands, results, target).function


class _Dense:
    def __init__(
        self,
        module: ir.Module,
        name: str,
        program: Program,
        operands: Sequence[View],
        results: Sequence[View],
        target: Target,
    ) -> None:
        op: Any = program.body[0].op
        self.op = op
        maps = program.body[0].result
        self.lanes = target.vector_bytes // maps.dtype.itemsize
        values = (*program.inputs, *program.outputs)
        self.chunk, self.b = declared(module, name, [x.dtype for x in values], apart=False)
        *pointers, number = self.chunk.args
        self.tail = MapsTail(Tail(program, operands[2:], results, pointers[2:]))
        self.images, self.weights = pointers[:2]
        window = self.op.geometry.window
        n, self.channel, h, w = four(operands[0].strides)
        self.dot = dot(self.b, program.inputs[0].dtype, self.lanes, target)
        self.channel *= self.dot.group
        self.step = h * window.dilation[0], w * window.dilation[1]
        moves = n, h * window.stride[0], w * window.stride[1]
        count, _, rows, columns = maps.shape if len(maps.shape) == 4 else (*maps.shape, 1, 1)
        self.plane = Plane(count, rows, columns, (moves, *self.tail.steps))
        if window.kernel == (1, 1) and not any(map(any, self.op.geometry.margins)):
            self.plane = self.plane.flat()
        self.panels, *self.kernel, self.channels, self.panel = operands[1].shape
        self.width = self.panel // self.dot.group
        self.wide = self.width // self.lanes
        tiles = -(-self.plane.columns // most_positions(self.wide, target.registers))
        self.tiles = runs(self.plane.columns, -(-self.plane.columns // tiles), self.op.geometry)
        once = self.plane.images * self.plane.rows * sum(run.tiles for run in self.tiles) == 1
        large = program.inputs[1].size * program.inputs[1].dtype.itemsize > 4 * _AHEAD
        self.ahead = _AHEAD // (self.panel * program.inputs[1].dtype.itemsize) * self.panel
        self.ahead *= int(once and large)
        self.function = self._units(number)

    def _units(self, number: ir.Value) -> ir.Function:
        """Units of work are some tiles of a row and a panel each; a chunk is some of them."""
        last, plane = self.tiles[-1], self.plane
        tiles = last.first + last.tiles
        depth = self.kernel[0] * self.kernel[1] * self.channels
        lines = plane.images * plane.rows * self.panels
        most = _BLOCK // (self.tiles[0].width * self.channels)
        block = max(1, min(most, -(-tiles // -(-_UNITS // lines))))
        blocks = -(-tiles // block)
        units = plane.images * plane.rows * blocks * self.panels
        work = plane.images * plane.rows * plane.columns * self.op.maps * depth
        chunks = chunks_of(units, work)

        def unit(at: ir.Value) -> None:
            b = self.b
            panel, at = b.urem(at, word(self.panels)), b.udiv(at, word(self.panels))
            first = b.mul(b.urem(at, word(blocks)), word(block))
            at = b.udiv(at, word(blocks))
            end = b.add(first, word(block))
            ends = (word(0), word(tiles)) if blocks == 1 else (first, end)
            self._row(b.udiv(at, word(plane.rows)), b.urem(at, word(plane.rows)), panel, *ends)

        each(self.b, *share_of(self.b, number, units, chunks), unit)
        self.b.ret_void()
        return shared(self.chunk, chunks)

    def _row(
        self, n: ir.Value, row: ir.Value, panel: ir.Value, start: ir.Value, end: ir.Value
    ) -> None:
        b, (image, down, _), geometry = self.b, self.plane.steps[0], self.op.geometry
        lines = taps_inside(b, row, geometry)
        (top, _), (left, _) = geometry.margins
        origin = offset(b, (n, image), (row, down))
        origin = b.sub(origin, word(top * self._line(0) + left * self._line(1)))
        x = b.gep(self.images, [origin])
        depth = self.kernel[0] * self.kernel[1] * self.channels
        w = b.gep(self.weights, [b.mul(panel, word(depth * self.panel))])
        tail = self.tail.at(b, n, row, self.plane.steps[1:])

        def tiles(maps: int) -> None:
            where = _Row(x, w, panel, maps, lines, tail)
            each_tile(b, self.tiles, start, end, partial(self._tile, where))

        in_widths(b, panel, self.op.maps, self.width, tiles)

    def _line(self, axis: int) -> int:
        """The step from pixel to pixel of an axis."""
        step: int = self.step[axis] // self.op.geometry.window.dilation[axis]
        return step

    def _tile(self, row: _Row, run: Run, t: ir.Value) -> None:
        b, right, wide = self.b, self.plane.steps[0][2], -(-row.maps // self.lanes)
        column = b.mul(t, word(self.tiles[0].width))
        x = b.gep(row.x, [b.mul(column, word(right))])
        sums = [self.dot.zero()] * (run.width * wide)

        def line(i: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
            pixels = b.gep(x, [b.mul(i, word(self.step[0]))])
            size = self.kernel[1] * self.channels * self.panel
            return self._along(run, pixels, b.gep(row.w, [b.mul(i, word(size))]), wide, sums)

        if self.kernel[0] == 1 and not any(self.op.geometry.margins[0]):
            sums = line(word(0), sums)
        else:
            sums = carried(b, *row.lines, sums, line)
        for place, total in enumerate(sums):
            at, v = divmod(place, wide)
            first = b.add(b.mul(row.panel, word(self.width)), word(v * self.lanes))
            inside = min(self.lanes, row.maps - v * self.lanes)
            row.tail.write(b, total, b.add(column, word(at)), first, inside)

    def _along(
        self, run: Run, x: ir.Value, w: ir.Value, wide: int, sums: list[ir.Value]
    ) -> list[ir.Value]:
        """Add what one row of the kernel gives."""
        b, kw, c = self.b, self.kernel[1], self.channels
        everywhere = range(run.width)
        if kw * c <= _UNROLLED:
            for j in range(kw):
                for at in range(c):
                    here = b.gep(x, [word(j * self.step[1] + at * self.channel)])
                    sums = self._add(run.inside[j], here, w, word(j * c + at), wide, sums)
            return sums
        if run.whole and (kw == 1 or self.step[1] == self.channel * c):
            return self._channels(everywhere, x, w, kw * c, wide, sums)
        if run.whole:

            def column(j: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                here = b.gep(x, [b.mul(j, word(self.step[1]))])
                there = b.gep(w, [b.mul(j, word(c * self.panel))])
                return self._channels(everywhere, here, there, c, wide, sums)

            return carried(b, word(0), word(kw), sums, column)
        for j in range(kw):
            here = b.gep(x, [word(j * self.step[1])])
            there = b.gep(w, [word(j * c * self.panel)])
            if run.inside[j]:
                sums = self._channels(run.inside[j], here, there, c, wide, sums)
        return sums

    def _channels(
        self,
        places: Sequence[int],
        x: ir.Value,
        w: ir.Value,
        count: int,
        wide: int,
        sums: list[ir.Value],
    ) -> list[ir.Value]:
        b = self.b

        def step(at: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
            here = b.gep(x, [b.mul(at, word(self.channel))])
            return self._add(places, here, w, at, wide, sums)

        return carried(b, word(0), word(count), sums, step)

    def _add(
        self,
        places: Sequence[int],
        x: ir.Value,
        w: ir.Value,
        at: ir.Value,
        wide: int,
        sums: list[ir.Value],
    ) -> list[ir.Value]:
        """Add the products of a group of channels under one element of the kernel."""
        b, found, right = self.b, list(sums), self.plane.steps[0][2]
        start, size = b.mul(at, word(self.panel)), self.lanes * self.dot.group
        places_of_w = [b.gep(w, [b.add(start, word(v * size))]) for v in range(wide)]
        if self.ahead:
            vectors.prefetch(b, [b.gep(place, [word(self.ahead)]) for place in places_of_w])
        rows = [self.dot.weights(pointer) for pointer in places_of_w]
        for place in places:
            left = self.dot.numbers(b.gep(x, [word(place * right)]))
            for v in range(wide):
                at_sum = place * wide + v
                found[at_sum] = self.dot.add(left, rows[v], found[at_sum])
        return found


class _Row(NamedTuple):
    """What the tiles of a row and a panel share."""

    x: ir.Value
    w: ir.Value
    panel: ir.Value
    maps: int
    lines: tuple[ir.Value, ir.Value]
    tail: Tail
