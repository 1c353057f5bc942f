"""Micro-kernels: products of matrices whose sums stay in registers.

By rows, a tile of C takes at each k one element of A a row, broadcast, times vectors of B along n.
By dots, where both operands lie along k, it takes vectors along k of both, and adds their lanes up
at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import INT64, intrinsic, register_type
from tushuo.compile.codegen.matrix import Matrix, Sizes, element
from tushuo.compile.codegen.nest import counted
from tushuo.compile.codegen.tail import Tail
from tushuo.compile.codegen.target import Target


class Kernel:
    """Writes ``c = x @ y``, or what a tail makes of it.

    Args:
        b: Where to write.
        dtype: Of the elements, float32 or float64.
        sizes: The sizes m, n, k.
        x: Matrix (m, k).
        y: Matrix (k, n).
        c: Matrix (m, n), its rows contiguous; not written to if there is a tail.
        target: The processor.
        tail: What takes the vectors of the product.
    """

    def __init__(
        self,
        b: ir.IRBuilder,
        dtype: np.dtype,
        sizes: Sizes,
        x: Matrix,
        y: Matrix,
        c: Matrix,
        target: Target,
        tail: Tail | None = None,
    ) -> None:
        self.b, self.sizes, self.x, self.y, self.c = b, sizes, x, y, c
        self.dtype, self.kind, self.tail = dtype, register_type(dtype), tail
        self.target = target
        self.lanes = target.vector_bytes // dtype.itemsize
        self.vector = ir.VectorType(self.kind, self.lanes)
        self.zero = ir.Constant(self.vector, [0.0] * self.lanes)
        self.registers = target.registers * 3 // 4

    def by_rows(self) -> None:
        """Vectors along n."""
        m, n, k = self.sizes
        vectors = -(-n // self.lanes)
        wide = min(vectors, 4)
        rows = min(m, max(1, self.registers // wide))
        for i, height in self._tiles(m, rows):
            for j, width in self._tiles(n, wide * self.lanes):
                self._row_tile(i, height, j, width, k)

    def by_dots(self) -> None:
        """Vectors along k."""
        m, n, _ = self.sizes
        rows, columns = _best_tile(m, n, self.registers)
        for i, height in self._tiles(m, rows):
            for j, width in self._tiles(n, columns):
                self._dot_tile(i, height, j, width)

    def _tiles(self, length: int, step: int) -> Iterator[tuple[ir.Value, int]]:
        """The starts of the tiles of one axis, as code: whole ones in a loop, then the rest."""
        whole, rest = divmod(length, step)
        if whole > 1:
            yield from self._looped(ir.Constant(INT64, 0), ir.Constant(INT64, whole * step), step)
        elif whole:
            yield ir.Constant(INT64, 0), step
        if rest:
            yield ir.Constant(INT64, whole * step), rest

    def _looped(self, start: ir.Value, end: ir.Value, step: int) -> Iterator[tuple[ir.Value, int]]:
        b = self.b
        before, head, done = b.block, b.append_basic_block("tile"), b.append_basic_block("tiled")
        b.cbranch(b.icmp_unsigned("<", start, end), head, done)
        b.position_at_end(head)
        i = b.phi(INT64)
        i.add_incoming(start, before)
        yield i, step
        following = b.add(i, ir.Constant(INT64, step))
        i.add_incoming(following, b.block)
        b.cbranch(b.icmp_unsigned("<", following, end), head, done)
        b.position_at_end(done)

    def _row_tile(self, i: ir.Value, height: int, j: ir.Value, width: int, k: int) -> None:
        """Compute a tile of C: so many rows from ``i`` on, and columns from ``j`` on."""
        widths = [min(self.lanes, width - v) for v in range(0, width, self.lanes)]
        starts = [self._offset(j, v * self.lanes) for v in range(len(widths))]
        rows = [self._offset(i, r) for r in range(height)]
        columns = list(zip(starts, widths, strict=True))

        def lefts(at: ir.Value) -> list[ir.Value]:
            return [self.b.load(element(self.b, self.x, row, at)) for row in rows]

        def rights(at: ir.Value) -> list[ir.Value]:
            return [self._load(self.y, at, start, inside) for start, inside in columns]

        def step(at: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
            vectors_of_b = rights(at)
            found = []
            for r, one in enumerate(lefts(at)):
                wide = vectors.broadcast(self.b, one, self.lanes)
                mine = sums[r * len(columns) : (r + 1) * len(columns)]
                pairs = zip(vectors_of_b, mine, strict=True)
                found += [self._fma(wide, vector, total) for vector, total in pairs]
            return found

        places = [(row, start, inside) for row in rows for start, inside in columns]
        sums = self._summed(k, 1, [self.zero] * len(places), step)
        for place, total in zip(places, sums, strict=True):
            self._store(total, *place)

    def _dot_tile(self, i: ir.Value, height: int, j: ir.Value, width: int) -> None:
        k = self.sizes.k
        rows = [self._offset(i, r) for r in range(height)]
        columns = [self._offset(j, r) for r in range(width)]

        def step_of(w: int) -> Callable[[ir.Value, list[ir.Value]], list[ir.Value]]:
            def step(at: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                left = [self._vector(element(self.b, self.x, r, at), w) for r in rows]
                right = [self._vector(element(self.b, self.y, at, c), w) for c in columns]
                pairs = product(left, right)
                return [self._fma(p, q, s) for (p, q), s in zip(pairs, sums, strict=True)]

            return step

        whole = k // self.lanes * self.lanes
        sums = self._summed(whole, self.lanes, [self.zero] * (height * width), step_of(self.lanes))
        if whole < k:
            sums = step_of(k - whole)(ir.Constant(INT64, whole), sums)
        for (row, column), total in zip(product(rows, columns), sums, strict=True):
            self.b.store(self._added_up(total), element(self.b, self.c, row, column))

    def _summed(
        self,
        length: int,
        stride: int,
        sums: list[ir.Value],
        step: Callable[[ir.Value, list[ir.Value]], list[ir.Value]],
    ) -> list[ir.Value]:
        """Sums that a loop carries along in registers."""
        carried = list(sums)
        b, before = self.b, self.b.block
        phis: list[ir.PhiInstr] = []

        def body(at: ir.Value) -> None:
            for start in sums:
                phi = b.phi(start.type)
                phi.add_incoming(start, before)
                phis.append(phi)
            carried[:] = step(at, list(phis))
            for phi, value in zip(phis, carried, strict=True):
                phi.add_incoming(value, b.block)

        counted(b, length, body, stride)
        return carried

    def _offset(self, start: ir.Value, more: int) -> ir.Value:
        return self.b.add(start, ir.Constant(INT64, more)) if more else start

    def _load(self, x: Matrix, row: ir.Value, column: ir.Value, width: int) -> ir.Value:
        """A vector along a row, in one access if its elements lie side by side."""
        if x.column == 1:
            return self._vector(element(self.b, x, row, column), width)
        vector = self.zero
        for lane in range(width):
            one = self.b.load(element(self.b, x, row, self._offset(column, lane)))
            vector = self.b.insertelement(vector, one, ir.Constant(ir.IntType(32), lane))
        return vector

    def _vector(self, pointer: ir.Value, width: int) -> ir.Value:
        return vectors.load(self.b, pointer, self.dtype, self.lanes, width)

    def _store(self, total: ir.Value, row: ir.Value, column: ir.Value, width: int) -> None:
        if self.tail is None:
            vectors.store(self.b, total, element(self.b, self.c, row, column), self.dtype, width)
        else:
            self.tail.write(self.b, total, row, column, width)

    def _fma(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        return intrinsic(self.b, "llvm.fma", self.vector, [x, y, z], [self.vector])

    def _added_up(self, vector: ir.Value) -> ir.Value:
        args, flags = [ir.Constant(self.kind, -0.0), vector], ("reassoc",)
        return intrinsic(self.b, "llvm.vector.reduce.fadd", self.kind, args, [vector.type], flags)


def _best_tile(m: int, n: int, registers: int) -> tuple[int, int]:
    """The tile that loads least for all of C, its sums in registers."""

    def cost(tile: tuple[int, int]) -> int:
        rows, columns = tile
        down, right = -(-m // rows), -(-n // columns)
        return down * right * (rows * columns + 2 * (rows + columns)) + 8 * down * right

    sizes = product(range(1, min(m, 8) + 1), range(1, min(n, 8) + 1))
    return min((s for s in sizes if s[0] * s[1] <= registers), key=cost)
