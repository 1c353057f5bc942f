"""Machine code for a loop: elementwise operations, and reductions of what they compute.

Loops over kept axes are outside of those over reduced ones, so that a reduction adds up in a
register. If the last axis is kept, it is the innermost all the same, because its elements lie side
by side; then the reduction adds up in its result's memory, a row at a time.

The innermost loop takes a vector of elements a turn, and the rest of a row in one that is masked.
Where an operand does not lie along it, or an operation has no code for vectors, it takes one
element a turn, and LLVM may find vectors in that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import (
    BIT,
    BYTE,
    INT64,
    Lane,
    filled,
    memory_type,
    register_type,
)
from tushuo.compile.codegen.nest import Axis, Position, axes, counted, moved, run
from tushuo.compile.codegen.space import SPACE, cast
from tushuo.compile.codegen.support import REDUCTIONS, emits
from tushuo.compile.codegen.target import Target
from tushuo.compile.layout import View, order_of, strides_of
from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.op import Op
from tushuo.graph.ops import reduce

Combine = Callable[[Lane, Lane], Lane]


class Place(NamedTuple):
    """What one turn of the innermost loop computes.

    Attributes:
        at: Where it starts.
        width: How many elements, 0 for one that is no vector.
    """

    at: Position
    width: int


Add = Callable[[Value, Lane, Place], None]


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
    return _Writer(module, name, loop, operands, results, target).function


class _Writer:
    def __init__(
        self, module: ir.Module, name: str, loop: Any, operands: Any, results: Any, target: Target
    ) -> None:
        self.loop, program = loop, loop.program
        self.values: list[Value] = [*program.inputs, *program.outputs]
        self.function, self.b = declared(module, name, [x.dtype for x in self.values])
        self.makers = program.producers()
        self.reductions = [y for y in program.outputs if self._reduction(y)]
        strides = [
            *(spread(v.strides, v.shape, loop.shape) for v in operands),
            *(self._steps(y, v) for y, v in zip(program.outputs, results, strict=True)),
        ]
        nest = self._nest(strides)
        self.steps = nest[-1].steps if nest else ()
        self.lanes = _lanes(program, nest[-1], target) if nest else 0
        kept = [a for a in nest if not a.reduced]
        summed = [a for a in nest if a.reduced]
        if not self.reductions:
            self._sweep(nest, Position.start(len(self.values)), self._element)
        elif nest and not nest[-1].reduced:
            self._in_memory(kept[:-1], summed, kept[-1])
        else:
            self._in_registers(kept, summed)
        self.b.ret_void()

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

    def _reduction(self, y: Value) -> Instruction | None:
        step = self.makers[y]
        return step if isinstance(step.op, REDUCTIONS) else None

    def _steps(self, y: Value, view: View) -> tuple[int, ...]:
        step = self._reduction(y)
        if step is None:
            return view.strides
        kept = iter(view.strides)
        op: Any = step.op
        if op.keepdims:
            return tuple(0 if i in op.axes else s for i, s in enumerate(kept))
        return tuple(0 if i in op.axes else next(kept) for i in range(len(self.loop.shape)))

    def _sweep(self, nest: Sequence[Axis], at: Position, body: Callable[[Place], None]) -> None:
        """Write loops over axes, the last of them in vectors."""
        if not self.lanes or not nest:
            run(self.b, nest, at, lambda inner: body(Place(inner, 0)))
            return
        *outer, last = nest
        whole = last.length // self.lanes * self.lanes

        def row(start: Position) -> None:
            def place(i: ir.Value, width: int) -> Place:
                return Place(moved(self.b, start, i, last), width)

            counted(self.b, whole, lambda i: body(place(i, self.lanes)), self.lanes)
            if whole < last.length:
                body(place(ir.Constant(INT64, whole), last.length - whole))

        run(self.b, outer, at, row)

    def _in_registers(self, kept: list[Axis], summed: list[Axis]) -> None:
        b = self.b
        cells = {y: b.alloca(self._register(y.dtype)) for y in self.reductions}

        def add(y: Value, x: Lane, place: Place) -> None:
            lane = x.of(b.load(cells[y]), y.dtype)
            x = self._masked(cast(x, y.dtype), y, place.width)
            b.store(self._combine(y)(lane, x).value, cells[y])

        def outer(at: Position) -> None:
            for y in self.reductions:
                b.store(filled(self._register(y.dtype), self._identity(y), y.dtype), cells[y])
            self._sweep(summed, at, lambda place: self._element(place, add))
            for y in self.reductions:
                total = Lane(b, b.load(cells[y]), y.dtype)
                self._store(y, self._together(y, total), Place(at, 0))

        run(b, kept, Position.start(len(self.values)), outer)

    def _in_memory(self, kept: list[Axis], summed: list[Axis], last: Axis) -> None:
        def clear(place: Place) -> None:
            for y in self.reductions:
                kind = self._register(y.dtype) if place.width else register_type(y.dtype)
                value = filled(kind, self._identity(y), y.dtype)
                self._store(y, Lane(self.b, value, y.dtype), place)

        def add(y: Value, x: Lane, place: Place) -> None:
            self._store(y, self._combine(y)(self._load(y, place), cast(x, y.dtype)), place)

        def outer(at: Position) -> None:
            self._sweep([last], at, clear)
            self._sweep([*summed, last], at, lambda place: self._element(place, add))

        run(self.b, kept, Position.start(len(self.values)), outer)

    def _element(self, place: Place, add: Add | None = None) -> None:
        """Compute everything for one turn of the innermost loop."""
        program = self.loop.program
        known = {x: self._load(x, place) for x in program.inputs}
        for x, array in program.constants.items():
            kind = self._register(x.dtype)
            known[x] = Lane(self.b, filled(kind, array.flat[0], x.dtype), x.dtype)
        for step in program.body:
            (y,) = step.results
            if add is not None and isinstance(step.op, REDUCTIONS):
                add(y, known[step.operands[0]], place)
                continue
            known[y] = step.op.forward(SPACE, *(known[x] for x in step.operands))
            if y in program.outputs:
                self._store(y, known[y], place)

    def _register(self, dtype: np.dtype) -> ir.Type:
        kind = register_type(dtype)
        return ir.VectorType(kind, self.lanes) if self.lanes else kind

    def _number(self, x: Value) -> int:
        """Which pointer is a value's."""
        program = self.loop.program
        if x in program.inputs:
            return int(program.inputs.index(x))
        return len(program.inputs) + int(program.outputs.index(x))

    def _load(self, x: Value, place: Place) -> Lane:
        n, b = self._number(x), self.b
        pointer = b.gep(self.function.args[n], [place.at.offsets[n]], inbounds=True)
        if place.width and self.steps[n]:
            return Lane(b, vectors.load(b, pointer, x.dtype, self.lanes, place.width), x.dtype)
        value = b.load(pointer)
        if register_type(x.dtype) is BIT:
            value = b.icmp_unsigned("!=", value, ir.Constant(BYTE, 0))
        return Lane(b, vectors.broadcast(b, value, self.lanes) if place.width else value, x.dtype)

    def _store(self, y: Value, lane: Lane, place: Place) -> None:
        n, b = self._number(y), self.b
        pointer = b.gep(self.function.args[n], [place.at.offsets[n]], inbounds=True)
        if place.width:
            vectors.store(b, lane.value, pointer, y.dtype, place.width)
        else:
            bit = lane.value.type is BIT
            b.store(b.zext(lane.value, BYTE) if bit else lane.value, pointer)

    def _masked(self, x: Lane, y: Value, width: int) -> Lane:
        """The lanes of a vector that count, and what changes nothing in the others."""
        if width == self.lanes:
            return x
        rest = filled(x.value.type, self._identity(y), y.dtype)
        return x.of(self.b.select(vectors.mask(self.lanes, width), x.value, rest))

    def _together(self, y: Value, x: Lane) -> Lane:
        """The lanes of a vector combined: halves with halves."""
        lanes = self.lanes
        while lanes > 1:
            lanes //= 2
            low, high = (vectors.part(self.b, x.value, start, lanes) for start in (0, lanes))
            x = self._combine(y)(x.of(low), x.of(high))
        if not self.lanes:
            return x
        return x.of(self.b.extract_element(x.value, ir.Constant(ir.IntType(32), 0)))

    def _identity(self, y: Value) -> float:
        """What a reduction begins with."""
        op = self.makers[y].op
        if isinstance(op, reduce.Sum | reduce.Verdict):
            return isinstance(op, reduce.All)
        if y.dtype.kind == "f":
            return -math.inf if isinstance(op, reduce.Max) else math.inf
        limits = np.iinfo(y.dtype)
        return limits.min if isinstance(op, reduce.Max) else limits.max

    def _combine(self, y: Value) -> Combine:
        return _COMBINE[type(self.makers[y].op)]


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


def spread(strides: Sequence[int], shape: Sequence[int], full: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array that is broadcast to a shape."""
    own = [0 if n == 1 else s for n, s in zip(shape, strides, strict=True)]
    return (*(0,) * (len(full) - len(own)), *own)


def declared(
    module: ir.Module, name: str, dtypes: Sequence[np.dtype], apart: bool = True
) -> tuple[ir.Function, ir.IRBuilder]:
    """A new function of pointers to elements, and its first block.

    ``apart`` says that what it writes is not read by another pointer.
    """
    kinds = [memory_type(dtype).as_pointer() for dtype in dtypes]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    for arg in function.args if apart else ():
        arg.add_attribute("noalias")
    return function, ir.IRBuilder(function.append_basic_block("entry"))


def _sum(x: Lane, y: Lane) -> Lane:
    """Floats may be added in any order, so that many lanes can add at once."""
    if x.kind == "f":
        return x.of(x.builder.fadd(x.value, y.value, flags=("reassoc",)))
    return x + y


def _maximum(x: Lane, y: Lane) -> Lane:
    return x.call("llvm.maximum", y) if x.kind == "f" else SPACE.maximum(x, y)


def _minimum(x: Lane, y: Lane) -> Lane:
    return x.call("llvm.minimum", y) if x.kind == "f" else SPACE.minimum(x, y)


_COMBINE: dict[type[Op], Combine] = {
    reduce.Sum: _sum,
    reduce.Max: _maximum,
    reduce.Min: _minimum,
    reduce.Any: Lane.__or__,
    reduce.All: Lane.__and__,
}
"""What a reduction does with two elements."""
