"""Products of matrices: BLAS for large ones, written out for small and skinny ones.

A small product is cut into tiles whose sums stay in registers. By rows, a tile of C takes at each k
one element of A a row, broadcast, times vectors of B along n. By dots, where both operands lie
along k, it takes vectors along k of both, and adds their lanes up at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.blas import symbol, write_call
from tushuo.compile.codegen.lane import INT64, register_type
from tushuo.compile.codegen.loops import spread
from tushuo.compile.codegen.nest import Position, axes, counted, run
from tushuo.compile.codegen.target import Target
from tushuo.compile.layout import View
from tushuo.graph.op import Op
from tushuo.graph.ops.matmul import Inner

SMALL = 1_000_000
"""Up to how many multiplications a product is written out."""


class Matrix(NamedTuple):
    """A pointer to a matrix, and its steps from row to row and from column to column."""

    at: ir.Value
    row: int
    column: int


class Sizes(NamedTuple):
    """C (m, n) is the product of A (m, k) and B (k, n)."""

    m: int
    n: int
    k: int


def write_product(
    module: ir.Module, name: str, op: Op, operands: Sequence[View], result: View, target: Target
) -> ir.Function:
    """Write the function that computes a product; it takes pointers to A, B and C."""
    x, y = operands
    if isinstance(op, Inner):
        y = View(y.root, y.shape[::-1], y.strides[::-1], y.offset)
    dtype = result.root.dtype
    kind = register_type(dtype)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [kind.as_pointer()] * 3), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    for arg in function.args:
        arg.add_attribute("noalias")
    b = ir.IRBuilder(function.append_basic_block("entry"))
    sizes = Sizes(x.shape[-2], y.shape[-1], x.shape[-1])
    lead = result.shape[:-2]
    strides = [spread(v.strides[:-2], v.shape[:-2], lead) for v in (x, y, result)]

    def one(at: Position) -> None:
        a, second, c = (
            Matrix(b.gep(arg, [offset], inbounds=True), *_steps(v))
            for arg, offset, v in zip(function.args, at.offsets, (x, y, result), strict=True)
        )
        _write(b, dtype, sizes, a, second, c, target)

    if prod(result.shape):
        run(b, axes(lead, (), strides), Position.start(3), one)
    b.ret_void()
    return function


def wants_copy(op: Op, x: View, y: View) -> bool:
    """Whether a product is faster with the rows of its second operand laid out anew.

    A small product reads vectors along the rows of the second operand, or along k of both.
    """
    if isinstance(op, Inner):
        y = View(y.root, y.shape[::-1], y.strides[::-1], y.offset)
    sizes = Sizes(x.shape[-2], y.shape[-1], x.shape[-1])
    (_, along), (row, column) = _steps(x), _steps(y)
    return column != 1 and not (_is_large(sizes) or (along == 1 and row == 1))


def _is_large(s: Sizes) -> bool:
    return s.m * s.n * s.k > SMALL


def _steps(view: View) -> tuple[int, int]:
    """Steps of the last two axes; those along an axis of length 1 may be anything."""
    (rows, columns), (row, column) = view.shape[-2:], view.strides[-2:]
    if rows == 1 and columns == 1:
        return 1, 1
    return (row if rows > 1 else columns * column, column if columns > 1 else 1)


def _write(
    b: ir.IRBuilder, dtype: np.dtype, s: Sizes, x: Matrix, y: Matrix, c: Matrix, target: Target
) -> None:
    if _is_large(s) and symbol(dtype) and write_call(b, dtype, s, x, y, c):
        return
    kernel = _Kernel(b, dtype, s, x, y, c, target)
    if x.column == 1 and y.row == 1 and s.k > 1 and (y.column != 1 or s.n == 1):
        kernel.by_dots()
    else:
        kernel.by_rows()


class _Kernel:
    def __init__(
        self,
        b: ir.IRBuilder,
        dtype: np.dtype,
        sizes: Sizes,
        x: Matrix,
        y: Matrix,
        c: Matrix,
        target: Target,
    ) -> None:
        self.b, self.sizes, self.x, self.y, self.c = b, sizes, x, y, c
        self.kind = register_type(dtype)
        self.size = dtype.itemsize
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
            yield from self._looped(whole * step, step)
        elif whole:
            yield ir.Constant(INT64, 0), step
        if rest:
            yield ir.Constant(INT64, whole * step), rest

    def _looped(self, length: int, step: int) -> Iterator[tuple[ir.Value, int]]:
        b = self.b
        before, head, done = b.block, b.append_basic_block("tile"), b.append_basic_block("tiled")
        b.branch(head)
        b.position_at_end(head)
        i = b.phi(INT64)
        i.add_incoming(ir.Constant(INT64, 0), before)
        yield i, step
        following = b.add(i, ir.Constant(INT64, step))
        i.add_incoming(following, b.block)
        b.cbranch(b.icmp_unsigned("<", following, ir.Constant(INT64, length)), head, done)
        b.position_at_end(done)

    def _row_tile(self, i: ir.Value, height: int, j: ir.Value, width: int, k: int) -> None:
        widths = [min(self.lanes, width - v) for v in range(0, width, self.lanes)]
        starts = [self._offset(j, v * self.lanes) for v in range(len(widths))]
        rows = [self._offset(i, r) for r in range(height)]

        def step(at: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
            found = []
            right = [self._load(self.y, at, s, w) for s, w in zip(starts, widths, strict=True)]
            for r, row in enumerate(rows):
                left = self._broadcast(self.b.load(self._element(self.x, row, at)))
                found += [
                    self._fma(left, vector, sums[r * len(right) + v])
                    for v, vector in enumerate(right)
                ]
            return found

        sums = self._summed(k, 1, [self.zero] * (height * len(widths)), step)
        for (row, (start, w)), total in zip(
            product(rows, zip(starts, widths, strict=True)), sums, strict=True
        ):
            self._store(total, self._element(self.c, row, start), w)

    def _dot_tile(self, i: ir.Value, height: int, j: ir.Value, width: int) -> None:
        k = self.sizes.k
        rows = [self._offset(i, r) for r in range(height)]
        columns = [self._offset(j, r) for r in range(width)]

        def step_of(w: int) -> Callable[[ir.Value, list[ir.Value]], list[ir.Value]]:
            def step(at: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                left = [self._masked_load(self._element(self.x, r, at), w) for r in rows]
                right = [self._masked_load(self._element(self.y, at, c), w) for c in columns]
                pairs = product(left, right)
                return [self._fma(p, q, s) for (p, q), s in zip(pairs, sums, strict=True)]

            return step

        whole = k // self.lanes * self.lanes
        sums = self._summed(whole, self.lanes, [self.zero] * (height * width), step_of(self.lanes))
        if whole < k:
            sums = step_of(k - whole)(ir.Constant(INT64, whole), sums)
        for (row, column), total in zip(product(rows, columns), sums, strict=True):
            self.b.store(self._added_up(total), self._element(self.c, row, column))

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

    def _element(self, x: Matrix, row: ir.Value, column: ir.Value) -> ir.Value:
        b = self.b
        place = b.add(
            b.mul(row, ir.Constant(INT64, x.row)), b.mul(column, ir.Constant(INT64, x.column))
        )
        return b.gep(x.at, [place], inbounds=True)

    def _load(self, x: Matrix, row: ir.Value, column: ir.Value, width: int) -> ir.Value:
        """A vector along a row, in one access if its elements lie side by side."""
        if x.column == 1:
            return self._masked_load(self._element(x, row, column), width)
        vector = self.zero
        for lane in range(width):
            one = self.b.load(self._element(x, row, self._offset(column, lane)))
            vector = self.b.insert_element(vector, one, ir.Constant(ir.IntType(32), lane))
        return vector

    def _masked_load(self, pointer: ir.Value, width: int) -> ir.Value:
        where = self.b.bitcast(pointer, self.vector.as_pointer())
        if width == self.lanes:
            return self.b.load(where, align=self.size)
        bits = self._mask(width)
        name = f"llvm.masked.load.v{self.lanes}{_letter(self.size)}.p0"
        kind = ir.FunctionType(self.vector, [where.type, ir.IntType(32), bits.type, self.vector])
        align = ir.Constant(ir.IntType(32), self.size)
        return self.b.call(_declared(self.b, kind, name), [where, align, bits, self.zero])

    def _store(self, value: ir.Value, pointer: ir.Value, width: int) -> None:
        where = self.b.bitcast(pointer, self.vector.as_pointer())
        if width == self.lanes:
            self.b.store(value, where, align=self.size)
            return
        bits = self._mask(width)
        name = f"llvm.masked.store.v{self.lanes}{_letter(self.size)}.p0"
        kind = ir.FunctionType(ir.VoidType(), [self.vector, where.type, ir.IntType(32), bits.type])
        align = ir.Constant(ir.IntType(32), self.size)
        self.b.call(_declared(self.b, kind, name), [value, where, align, bits])

    def _mask(self, width: int) -> ir.Constant:
        kind = ir.VectorType(ir.IntType(1), self.lanes)
        return ir.Constant(kind, [int(i < width) for i in range(self.lanes)])

    def _broadcast(self, element: ir.Value) -> ir.Value:
        index = ir.VectorType(ir.IntType(32), self.lanes)
        undefined = ir.Constant(self.vector, ir.Undefined)
        one = self.b.insert_element(undefined, element, ir.Constant(ir.IntType(32), 0))
        return self.b.shuffle_vector(one, undefined, ir.Constant(index, [0] * self.lanes))

    def _fma(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        name = f"llvm.fma.v{self.lanes}{_letter(self.size)}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        return self.b.call(_declared(self.b, kind, name), [x, y, z])

    def _added_up(self, vector: ir.Value) -> ir.Value:
        name = f"llvm.vector.reduce.fadd.v{self.lanes}{_letter(self.size)}"
        kind = ir.FunctionType(self.kind, [self.kind, self.vector])
        start = ir.Constant(self.kind, -0.0)
        function = _declared(self.b, kind, name)
        return self.b.call(function, [start, vector], fastmath=("reassoc",))


def _best_tile(m: int, n: int, registers: int) -> tuple[int, int]:
    """The tile that loads least for all of C, its sums in registers."""

    def cost(tile: tuple[int, int]) -> int:
        rows, columns = tile
        down, right = -(-m // rows), -(-n // columns)
        return down * right * (rows * columns + 2 * (rows + columns)) + 8 * down * right

    sizes = product(range(1, min(m, 8) + 1), range(1, min(n, 8) + 1))
    return min((s for s in sizes if s[0] * s[1] <= registers), key=cost)


def _letter(size: int) -> str:
    return "f32" if size == 4 else "f64"


def _declared(b: ir.IRBuilder, kind: ir.FunctionType, name: str) -> ir.Function:
    found = b.module.globals.get(name)
    return found if found is not None else ir.Function(b.module, kind, name)
