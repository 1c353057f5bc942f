"""Machine code for a loop: elementwise operations, and reductions of what they compute.

Loops over kept axes are outside of those over reduced ones, so that a reduction adds up in a
register. If the last axis is kept, it is the innermost all the same, because its elements lie side
by side; then the reduction adds up in its result's memory, a row at a time.

The innermost loop takes a vector of elements a turn, and the rest of a row in one that is masked.
Where an operand does not lie along it, or an operation has no code for vectors, it takes one
element a turn, and LLVM may find vectors in that.

A loop that is long enough is cut into chunks along one axis, which threads share. If that is a
reduced one, each chunk has a result of its own, and these are combined in order at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from llvmlite import ir

from tushuo.compile.codegen.element import Place, Turn, load_one, store_one
from tushuo.compile.codegen.lane import INT64, Lane
from tushuo.compile.codegen.nest import Axis, Position, axes, counted, moved, run
from tushuo.compile.codegen.reduction import Reduction
from tushuo.compile.codegen.share import declared, shared
from tushuo.compile.codegen.space import cast
from tushuo.compile.codegen.split import LONG, split
from tushuo.compile.codegen.support import REDUCTIONS, emits
from tushuo.compile.codegen.target import Target
from tushuo.compile.layout import View, order_of, spread, strides_of
from tushuo.compile.program import Program, Value

_CHAINS = 4
"""Sums of a row that are under way at the same time, where one would wait for its last addition."""

_SHORT = 4
"""How many operations take no longer than such an addition."""


def write_loop(
    module: ir.Module,
    name: str,
    loop: Any,
    operands: Sequence[View],
    results: Sequence[View],
    target: Target,
) -> ir.Function:
    """Write the function that computes a loop.

    Args:
        module: Where it is put.
        name: Its name.
        loop: The :class:`~tushuo.compile.passes.fuse.Loop`.
        operands: How each operand is read. The function takes a pointer to the first element of
            each operand, then of each result.
        results: How each result is written.
        target: The processor.
    """
    return _Writer(module, name, loop, operands, results, target).finished()


class _Writer:
    def __init__(
        self, module: ir.Module, name: str, loop: Any, operands: Any, results: Any, target: Target
    ) -> None:
        self.loop, program = loop, loop.program
        self.values: list[Value] = [*program.inputs, *program.outputs]
        self.function, self.b = declared(module, name, [x.dtype for x in self.values])
        *pointers, chunk = self.function.args
        makers = program.producers()
        self.reductions = {
            y: Reduction(makers[y]) for y in program.outputs if isinstance(makers[y].op, REDUCTIONS)
        }
        strides = [
            *(spread(v.strides, v.shape, loop.shape) for v in operands),
            *(self._steps(y, v) for y, v in zip(program.outputs, results, strict=True)),
        ]
        nest = self._nest(strides)
        self.lanes = _lanes(program, nest[-1], target) if nest else 0
        results = sum(y.size for y in self.reductions)
        self.split = split(loop, nest, results, self.lanes)
        if self.split is not None:
            axis, parts = self.split
            unit = self.lanes or 1 if axis == len(nest) - 1 else 1
            if nest[axis].reduced:
                pointers = self._own(pointers, chunk)
            nest[axis] = nest[axis].part(self.b, chunk, parts, unit)
        self.partial = self.split is not None and nest[self.split.axis].reduced
        self.turn = Turn(self.b, program, pointers, nest[-1].steps if nest else (), self.lanes)
        self._write(nest)
        self.b.ret_void()

    def finished(self) -> ir.Function:
        """The function of all chunks."""
        parts = 1 if self.split is None else self.split.parts
        if not self.partial:
            return shared(self.function, parts)
        sizes = {self.values.index(y): y.size for y in self.reductions}
        return shared(self.function, parts, sizes, self._combined)

    def _nest(self, strides: Sequence[Sequence[int]]) -> list[Axis]:
        """The axes in the order in which elements lie: as written, else as the first are read."""
        shape = self.loop.shape
        first = (i for i, y in enumerate(self.values) if y.shape == shape and any(strides[i]))
        full = [i for i in first if all(s for n, s in zip(shape, strides[i], strict=True) if n > 1)]
        written = [i for i in full if i >= len(self.loop.program.inputs)]
        leader = strides[(written or full)[0]] if full else strides_of(shape)
        order = order_of(shape, leader)
        reduced = [i for i, axis in enumerate(order) if axis in self.loop.axes]
        moved_strides = [tuple(s[axis] for axis in order) for s in strides]
        return axes(tuple(shape[axis] for axis in order), reduced, moved_strides)

    def _own(self, pointers: Sequence[ir.Value], chunk: ir.Value) -> list[ir.Value]:
        """The pointers of a chunk whose reductions have results of their own."""
        b, found = self.b, list(pointers)
        for y in self.reductions:
            n = self.values.index(y)
            start = b.mul(chunk, ir.Constant(INT64, y.size))
            found[n] = b.gep(pointers[n], [start], inbounds=True)
        return found

    def _combined(
        self, b: ir.IRBuilder, pointers: Sequence[ir.Value], own: dict[int, ir.Value]
    ) -> None:
        """Write what makes the results of those of the chunks."""
        assert self.split is not None
        for y, reduction in self.reductions.items():
            n, parts = self.values.index(y), self.split.parts

            def one(i: ir.Value, y: Value = y, r: Reduction = reduction, n: int = n) -> None:
                starts = (b.add(i, ir.Constant(INT64, part * y.size)) for part in range(parts))
                found = [load_one(b, b.gep(own[n], [start]), y.dtype) for start in starts]
                total = found[0]
                for more in found[1:]:
                    total = r.combine(total, more)
                store_one(total, b.gep(pointers[n], [i]))

            counted(b, y.size, one)

    def _write(self, nest: Sequence[Axis]) -> None:
        kept, summed = ([a for a in nest if a.reduced is reduced] for reduced in (False, True))
        if not self.reductions:
            self._sweep(nest, Position.start(len(self.values)), self.turn.write)
        elif nest and not nest[-1].reduced:
            self._in_memory(kept[:-1], summed, kept[-1])
        else:
            self._in_registers(kept, summed)

    def _steps(self, y: Value, view: View) -> tuple[int, ...]:
        if y not in self.reductions:
            return view.strides
        kept, op = iter(view.strides), self.loop.program.producers()[y].op
        if op.keepdims:
            return tuple(0 if i in op.axes else s for i, s in enumerate(kept))
        return tuple(0 if i in op.axes else next(kept) for i in range(len(self.loop.shape)))

    def _sweep(
        self, nest: Sequence[Axis], at: Position, body: Callable[[Place], None], chains: int = 1
    ) -> None:
        """Write loops over axes, the last of them in vectors, so many a turn."""
        if not self.lanes or not nest:
            run(self.b, nest, at, lambda inner: body(Place(inner, 0)))
            return
        *outer, last = nest
        run(self.b, outer, at, lambda start: self._row(start, last, body, chains))

    def _row(self, start: Position, axis: Axis, body: Callable[[Place], None], chains: int) -> None:
        b, whole = self.b, axis.length // self.lanes * self.lanes

        def place(i: ir.Value, width: int, chain: int = 0) -> Place:
            return Place(moved(b, start, i, axis), width, chain)

        def turn(i: ir.Value) -> None:
            body(place(i, self.lanes))

        def turns(i: ir.Value) -> None:
            for k in range(chains):
                body(place(b.add(i, ir.Constant(INT64, k * self.lanes)), self.lanes, k))

        rest = ir.Constant(INT64, whole), axis.length - whole
        if axis.ends is None:
            many = whole // (chains * self.lanes) * chains * self.lanes if chains > 1 else 0
            counted(b, many, turns, chains * self.lanes)
            counted(b, whole, turn, self.lanes, ir.Constant(INT64, many) if many else None)
            if rest[1]:
                body(place(*rest))
            return
        first, end = axis.ends
        last = b.icmp_unsigned(">", end, rest[0])
        counted(b, b.select(last, rest[0], end), turn, self.lanes, first)
        if rest[1]:
            with b.if_then(last):
                body(place(*rest))

    def _in_registers(self, kept: list[Axis], summed: list[Axis]) -> None:
        b, turn = self.b, self.turn
        chains = self._chains(summed[-1]) if summed else 1
        with b.goto_entry_block():
            cells = {
                y: [b.alloca(turn.register(y.dtype)) for _ in range(chains)]
                for y in self.reductions
            }

        def add(y: Value, x: Lane, place: Place) -> None:
            reduction, cell = self.reductions[y], cells[y][place.chain]
            x = reduction.masked(cast(x, y.dtype), place.width)
            b.store(reduction.combine(x.of(b.load(cell), y.dtype), x).value, cell)

        def outer(at: Position) -> None:
            for y, reduction in self.reductions.items():
                for cell in cells[y]:
                    b.store(reduction.start(turn.register(y.dtype)), cell)
            self._sweep(summed, at, lambda place: turn.write(place, add), chains)
            for y, reduction in self.reductions.items():
                lanes = [Lane(b, b.load(cell), y.dtype) for cell in cells[y]]
                total = reduction.together(reduce(reduction.combine, lanes))
                turn.store(y, total, Place(at, 0))

        run(b, kept, Position.start(len(self.values)), outer)

    def _chains(self, row: Axis) -> int:
        """How many sums of a row are under way at the same time."""
        steps = self.loop.program.body
        long = len(steps) > _SHORT or any(step.op.name in LONG for step in steps)
        whole = self.lanes and row.ends is None and row.length >= 2 * _CHAINS * self.lanes
        return _CHAINS if whole and not long else 1

    def _in_memory(self, kept: list[Axis], summed: list[Axis], last: Axis) -> None:
        turn = self.turn

        def clear(place: Place) -> None:
            for y, reduction in self.reductions.items():
                start = reduction.start(turn.register(y.dtype))
                turn.store(y, Lane(self.b, start, y.dtype), place)

        def add(y: Value, x: Lane, place: Place) -> None:
            total = self.reductions[y].combine(turn.load(y, place), cast(x, y.dtype))
            turn.store(y, total, place)

        def outer(at: Position) -> None:
            self._sweep([last], at, clear)
            self._sweep([*summed, last], at, lambda place: turn.write(place, add))

        run(self.b, kept, Position.start(len(self.values)), outer)


def _lanes(program: Program, last: Axis, target: Target) -> int:
    """How many elements the innermost loop takes a turn, 0 if it has to be one, and no vector."""
    if any(step not in (0, 1) for step in last.steps) or last.length < 2:
        return 0
    values = [*program.inputs, *program.producers()]
    most = target.vector_bytes // max(x.dtype.itemsize for x in values)
    lanes = max(2, min(most, 1 << (last.length - 1).bit_length()))
    others = [step for step in program.body if not isinstance(step.op, REDUCTIONS)]
    able = all(emits(s.op, tuple(x.spec for x in s.operands), lanes) for s in others)
    return lanes if able else 0
