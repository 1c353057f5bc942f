"""Gradients by the weights of depthwise convolutions: a tile is a row of the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.columns import Run, rows_inside, runs
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.turns import carried, in_widths, word
from tushuo.compile.codegen.weigh import Weigh
from tushuo.compile.layout import View
from tushuo.compile.program import Program

_ABREAST = 4
"""How many positions a tile of a depthwise convolution takes at a time."""


def write_depthwise_weight(
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
    return _Depthwise(module, name, program, operands, target).function


class _Depthwise(Weigh):
    """A unit is a vector of channels for a row of the kernel."""

    def units(self) -> int:
        self.vectors = -(-self.x.shape[1] // self.lanes)
        self.tiles = runs(self.g.shape[3], _ABREAST, self.geometry)
        units: int = self.vectors * self.window.kernel[0]
        return units

    def unit(self, weights: ir.Value, at: ir.Value, first: ir.Value, end: ir.Value) -> None:
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
                x = b.gep(self.pixel(n, at, i), [channel])
                g = b.gep(self.map(n, at), [channel])
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
        given = [self.load(g, at * self.g.strides[3], width) for at in range(run.width)]
        for j, places in enumerate(run.inside):
            for at in places:
                pixel = at * self.window.stride[1] + j * self.window.dilation[1]
                if pixel not in seen:
                    seen[pixel] = self.load(x, pixel * right, width)
                found[j * abreast + at] = self.fma(seen[pixel], given[at], found[j * abreast + at])
        return found
