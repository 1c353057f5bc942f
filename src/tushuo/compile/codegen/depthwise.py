"""Kernels of depthwise convolutions: channels in vectors, each multiplied by weights of its own.

A tile is some positions of a row, a vector of channels each, its sums in registers. At each row of
the kernel, the vectors of the image that the tile sees are read once, and serve all positions that
see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.columns import MapsTail, Plane, Run, each_tile, runs, taps_inside
from tushuo.compile.codegen.dots import unpacked
from tushuo.compile.codegen.lane import intrinsic, register_type
from tushuo.compile.codegen.share import declared, shared
from tushuo.compile.codegen.tail import Tail
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.turns import carried, chunks_of, each, in_widths, offset, share_of, word
from tushuo.compile.layout import View
from tushuo.compile.program import Program

_POSITIONS = 8
"""How many positions a tile has at most."""

_COST = 4
"""How many times longer a product takes than one of many for the same number in a register."""

_ROWS = 16
"""How many rows a vector of channels goes down before the next one takes its turn."""


def write_depthwise(
    module: ir.Module,
    name: str,
    program: Program,
    operands: Sequence[View],
    results: Sequence[View],
    target: Target,
) -> ir.Function:
    """Write the function that computes a depthwise convolution and what follows it.

    Args:
        module: Where it is put.
        name: Its name.
        program: The convolution, then elementwise operations; its first two inputs are the
            images, channels side by side, and the weights (kh, kw, C).
        operands: How each input is read. The function takes a pointer to each input and output.
        results: How each output is written.
        target: The processor.
    """
    return _Depthwise(module, name, program, operands, results, target).function


class _Place(NamedTuple):
    """Where the tiles of a row are.

    Attributes:
        x: What the first element of the kernel sees at the first position.
        w: The weights of the first element of the kernel.
        channel: The first channel of the vector.
        width: How many of its channels there are.
        lines: The rows of the kernel that meet the image.
        tail: What follows.
    """

    x: ir.Value
    w: ir.Value
    channel: ir.Value
    width: int
    lines: tuple[ir.Value, ir.Value]
    tail: Tail


class _Depthwise:
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
        self.geometry, maps = op.geometry, program.body[0].result
        self.dtype, self.seen = maps.dtype, program.inputs[0].dtype
        self.lanes = target.vector_bytes // self.dtype.itemsize
        self.vector = ir.VectorType(register_type(self.dtype), self.lanes)
        dtypes = [x.dtype for x in (*program.inputs, *program.outputs)]
        self.chunk, self.b = declared(module, name, dtypes, apart=False)
        *pointers, number = self.chunk.args
        self.tail = MapsTail(Tail(program, operands[2:], results, pointers[2:]))
        self.images, self.weights = pointers[:2]
        n, _, *self.pixel = operands[0].strides
        window = self.geometry.window
        down, right = (s * p for s, p in zip(window.stride, self.pixel, strict=True))
        count, self.channels, rows, columns = maps.shape
        self.plane = Plane(count, rows, columns, ((n, down, right), *self.tail.steps))
        most = min(_POSITIONS, max(1, target.registers // 2 - 1))
        width = -(-columns // -(-columns // most))
        self.tiles = runs(columns, width, self.geometry)
        self.function = self._units(number)

    def _units(self, number: ir.Value) -> ir.Function:
        """A unit of work is a vector of channels in some rows; a chunk is some of them."""
        b, plane, blocks = self.b, self.plane, -(-self.plane.rows // _ROWS)
        parts = -(-self.channels // self.lanes)
        units = plane.images * blocks * parts
        kh, kw = self.geometry.window.kernel
        work = plane.images * plane.rows * plane.columns * self.channels * kh * kw
        chunks = chunks_of(units, _COST * work)

        def unit(at: ir.Value) -> None:
            part, at = b.urem(at, word(parts)), b.udiv(at, word(parts))
            start = b.mul(b.urem(at, word(blocks)), word(_ROWS))
            end = b.add(start, word(_ROWS))
            end = b.select(b.icmp_signed("<", end, word(plane.rows)), end, word(plane.rows))
            n = b.udiv(at, word(blocks))
            rows = (start, end) if blocks > 1 else (word(0), word(plane.rows))

            def part_of(width: int) -> None:
                each(b, *rows, partial(self._row, n, part, width))

            in_widths(b, part, self.channels, self.lanes, part_of)

        each(b, *share_of(b, number, units, chunks), unit)
        b.ret_void()
        return shared(self.chunk, chunks)

    def _row(self, n: ir.Value, part: ir.Value, width: int, row: ir.Value) -> None:
        b, (image, down, _), geometry = self.b, self.plane.steps[0], self.geometry
        (top, _), (left, _) = geometry.margins
        channel = b.mul(part, word(self.lanes))
        origin = b.add(offset(b, (n, image), (row, down)), channel)
        origin = b.sub(origin, word(top * self.pixel[0] + left * self.pixel[1]))
        x, w = b.gep(self.images, [origin]), b.gep(self.weights, [channel])
        tail = self.tail.at(b, n, row, self.plane.steps[1:])
        place = _Place(x, w, channel, width, taps_inside(b, row, geometry), tail)
        last = self.tiles[-1]
        ends = word(0), word(last.first + last.tiles)
        each_tile(b, self.tiles, *ends, partial(self._tile, place))

    def _tile(self, place: _Place, run: Run, t: ir.Value) -> None:
        b, (_, _, right), window = self.b, self.plane.steps[0], self.geometry.window
        column = b.mul(t, word(self.tiles[0].width))
        x = b.gep(place.x, [b.mul(column, word(right))])
        line = window.dilation[0] * self.pixel[0], window.kernel[1] * self.channels

        def add(i: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
            pixels, weights = (
                b.gep(p, [b.mul(i, word(step))]) for p, step in zip((x, place.w), line, strict=True)
            )
            return self._add(run, pixels, weights, place.width, sums)

        sums = [ir.Constant(self.vector, None)] * run.width
        for at, total in enumerate(carried(b, *place.lines, sums, add)):
            place.tail.write(b, total, b.add(column, word(at)), place.channel, place.width)

    def _add(
        self, run: Run, x: ir.Value, w: ir.Value, width: int, sums: list[ir.Value]
    ) -> list[ir.Value]:
        """Add what one row of the kernel gives, and read each vector of the image once."""
        window, found, seen = self.geometry.window, list(sums), {}
        columns = (j * self.channels for j in range(window.kernel[1]))
        weights = [self._load(w, column, width, self.dtype) for column in columns]
        pairs = [(place, j) for j, places in enumerate(run.inside) for place in places]
        for pixel, place, j in sorted(
            (place * window.stride[1] + j * window.dilation[1], place, j) for place, j in pairs
        ):
            if pixel not in seen:
                seen[pixel] = self._load(x, pixel * self.pixel[1], width, self.seen)
            args = [seen[pixel], weights[j], found[place]]
            found[place] = intrinsic(self.b, "llvm.fma", self.vector, args, [self.vector])
        return found

    def _load(self, pointer: ir.Value, distance: int, width: int, dtype: np.dtype) -> ir.Value:
        """Some elements, those of fewer bits as float32."""
        place = self.b.gep(pointer, [word(distance)])
        return unpacked(self.b, vectors.load(self.b, place, dtype, self.lanes, width), dtype)
