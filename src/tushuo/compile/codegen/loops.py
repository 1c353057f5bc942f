"""Machine code for a loop: elementwise operations, and reductions of what they compute.

Loops over kept axes are outside of those over reduced ones, so that a reduction adds up in a
register. If the last axis is kept, it is the innermost all the same, because its elements lie side
by side; then the reduction adds up in its result's memory, a row at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.lane import BIT, BYTE, Lane, constant, memory_type, register_type
from tushuo.compile.codegen.nest import Axis, Position, axes, run
from tushuo.compile.codegen.space import SPACE, cast
from tushuo.compile.codegen.support import REDUCTIONS
from tushuo.compile.layout import View
from tushuo.compile.program import Instruction, Value
from tushuo.graph.op import Op
from tushuo.graph.ops import reduce

Combine = Callable[[Lane, Lane], Lane]


def write_loop(
    module: ir.Module, name: str, loop: Any, operands: Sequence[View], results: Sequence[View]
) -> ir.Function:
    """Write the function that computes a loop.

    Args:
        module: Where it is put.
        name: Its name.
        loop: The :class:`~tushuo.compile.passes.fuse.Loop`.
        operands: How each operand is read. The function takes a pointer to the first element of
            each operand, then of each result.
        results: How each result is written.
    """
    return _Writer(module, name, loop, operands, results).function


class _Writer:
    def __init__(
        self, module: ir.Module, name: str, loop: Any, operands: Any, results: Any
    ) -> None:
        self.loop, program = loop, loop.program
        self.values: list[Value] = [*program.inputs, *program.outputs]
        self.function = _declare(module, name, self.values)
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.makers = program.producers()
        self.reductions = [y for y in program.outputs if self._reduction(y)]
        strides = [
            *(spread(v.strides, v.shape, loop.shape) for v in operands),
            *(self._steps(y, v) for y, v in zip(program.outputs, results, strict=True)),
        ]
        nest = axes(loop.shape, loop.axes, strides)
        kept = [a for a in nest if not a.reduced]
        summed = [a for a in nest if a.reduced]
        if nest and self.reductions and not nest[-1].reduced:
            self._in_memory(kept[:-1], summed, kept[-1])
        else:
            self._in_registers(kept, summed)
        self.b.ret_void()

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

    def _in_registers(self, kept: list[Axis], summed: list[Axis]) -> None:
        b = self.b
        cells = {y: b.alloca(register_type(y.dtype)) for y in self.reductions}

        def add(y: Value, x: Lane, at: Position) -> None:
            lane = x.of(b.load(cells[y]), y.dtype)
            b.store(self._combine(y)(lane, cast(x, y.dtype)).value, cells[y])

        def outer(at: Position) -> None:
            for y in self.reductions:
                b.store(self._identity(y), cells[y])
            run(b, summed, at, lambda inner: self._element(inner, add))
            for y in self.reductions:
                self._store(y, Lane(b, b.load(cells[y]), y.dtype), at)

        run(b, kept, Position.start(len(self.values)), outer)

    def _in_memory(self, kept: list[Axis], summed: list[Axis], last: Axis) -> None:
        b = self.b

        def clear(at: Position) -> None:
            for y in self.reductions:
                self._store(y, Lane(b, self._identity(y), y.dtype), at)

        def add(y: Value, x: Lane, at: Position) -> None:
            self._store(y, self._combine(y)(self._load(y, at), cast(x, y.dtype)), at)

        def outer(at: Position) -> None:
            run(b, [last], at, clear)
            run(b, [*summed, last], at, lambda inner: self._element(inner, add))

        run(b, kept, Position.start(len(self.values)), outer)

    def _element(self, at: Position, add: Callable[[Value, Lane, Position], None]) -> None:
        """Compute everything for one element of the loop."""
        program = self.loop.program
        known = {x: self._load(x, at) for x in program.inputs}
        for x, array in program.constants.items():
            known[x] = Lane(self.b, constant(array.flat[0], x.dtype), x.dtype)
        for step in program.body:
            (y,) = step.results
            if isinstance(step.op, REDUCTIONS):
                add(y, known[step.operands[0]], at)
                continue
            known[y] = step.op.forward(SPACE, *(known[x] for x in step.operands))
            if y in program.outputs:
                self._store(y, known[y], at)

    def _pointer(self, x: Value, at: Position, output: bool) -> ir.Value:
        program = self.loop.program
        n = len(program.inputs) + program.outputs.index(x) if output else program.inputs.index(x)
        return self.b.gep(self.function.args[n], [at.offsets[n]], inbounds=True)

    def _load(self, x: Value, at: Position) -> Lane:
        value = self.b.load(self._pointer(x, at, x not in self.loop.program.inputs))
        if register_type(x.dtype) is BIT:
            value = self.b.icmp_unsigned("!=", value, ir.Constant(BYTE, 0))
        return Lane(self.b, value, x.dtype)

    def _store(self, y: Value, lane: Lane, at: Position) -> None:
        value = self.b.zext(lane.value, BYTE) if lane.value.type is BIT else lane.value
        self.b.store(value, self._pointer(y, at, output=True))

    def _identity(self, y: Value) -> ir.Constant:
        op = self.makers[y].op
        if isinstance(op, reduce.Sum | reduce.Verdict):
            return constant(isinstance(op, reduce.All), y.dtype)
        if y.dtype.kind == "f":
            return constant(-math.inf if isinstance(op, reduce.Max) else math.inf, y.dtype)
        limits = np.iinfo(y.dtype)
        return constant(limits.min if isinstance(op, reduce.Max) else limits.max, y.dtype)

    def _combine(self, y: Value) -> Combine:
        return _COMBINE[type(self.makers[y].op)]


def spread(strides: Sequence[int], shape: Sequence[int], full: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array that is broadcast to a shape."""
    own = [0 if n == 1 else s for n, s in zip(shape, strides, strict=True)]
    return (*(0,) * (len(full) - len(own)), *own)


def _declare(module: ir.Module, name: str, values: Sequence[Value]) -> ir.Function:
    kinds = [memory_type(x.dtype).as_pointer() for x in values]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    for arg in function.args:
        arg.add_attribute("noalias")
    return function


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
