"""Kernels of the gradients of convolutions by their weights: what they have in common.

The positions of the maps are what is summed over. The images are divided into parts, each with sums
of its own, which different threads compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import intrinsic, register_type
from tushuo.compile.codegen.share import declared, shared
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.turns import chunks_of, each, offset, share_of, word
from tushuo.compile.layout import View
from tushuo.compile.program import Program


class Weigh:
    """Writes a kernel: parts of the images, and loops over the units of work."""

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
        units, work = self.units(), prod(self.g.shape) * self.each_part // self.g.shape[1]
        chunks = chunks_of(units * self.op.parts, work)

        def one(at: ir.Value) -> None:
            b, parts = self.b, word(self.op.parts)
            part, at = b.udiv(at, word(units)), b.urem(at, word(units))
            count = word(self.x.shape[0])
            first = b.udiv(b.mul(part, count), parts)
            end = b.udiv(b.mul(b.add(part, word(1)), count), parts)
            weights = b.gep(self.weights, [b.mul(part, word(self.each_part))])
            self.unit(weights, at, first, end)

        each(self.b, *share_of(self.b, number, units * self.op.parts, chunks), one)
        self.b.ret_void()
        self.function = shared(self.chunk, chunks)

    def units(self) -> int:
        """How many units of work there are for each part of the images."""
        raise NotImplementedError

    def unit(self, weights: ir.Value, at: ir.Value, first: ir.Value, end: ir.Value) -> None:
        """Compute the weights of a unit from the images of a part."""
        raise NotImplementedError

    def pixel(self, n: ir.Value, row: ir.Value, i: ir.Value | int) -> ir.Value:
        """What the first column of the kernel's row ``i`` meets at the first position of a row."""
        b, (image, _, down, right) = self.b, self.x.strides
        (top, _), (left, _) = self.geometry.margins
        line = i if isinstance(i, ir.Value) else word(i)
        parts = (n, image), (row, down * self.window.stride[0])
        start = offset(b, *parts, (line, down * self.window.dilation[0]))
        return b.gep(self.images, [b.sub(start, word(top * down + left * right))])

    def map(self, n: ir.Value, row: ir.Value) -> ir.Value:
        """The first position of a row of the maps."""
        image, _, down, _ = self.g.strides
        return self.b.gep(self.maps, [offset(self.b, (n, image), (row, down))])

    def load(self, pointer: ir.Value, distance: int, width: int) -> ir.Value:
        """A vector at some distance from a pointer."""
        place = self.b.gep(pointer, [word(distance)])
        return vectors.load(self.b, place, self.dtype, self.lanes, width)

    def fma(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        """``x * y + z``, rounded once."""
        return intrinsic(self.b, "llvm.fma", self.vector, [x, y, z], [self.vector])

    def add(self, total: ir.Value, pointer: ir.Value, width: int) -> None:
        """Add a vector to what lies at a pointer."""
        old = vectors.load(self.b, pointer, self.dtype, self.lanes, width)
        vectors.store(self.b, self.b.fadd(old, total), pointer, self.dtype, width)
