"""Machine code for what goes along an axis in order: running sums, and the place of an extreme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from tushuo.compile.codegen.element import load_one, store_one
from tushuo.compile.codegen.lane import INT64, Lane, filled, memory_type, register_type
from tushuo.compile.codegen.nest import Position, axes, run
from tushuo.compile.layout import View
from tushuo.graph.op import Op
from tushuo.graph.ops.reduce import ArgMax, CumulativeSum


def write_running(
    module: ir.Module, name: str, op: Op, operands: Sequence[View], result: View
) -> ir.Function:
    """Write the function; it takes pointers to the operand and to the result."""
    views = (operands[0], result)
    kinds = [memory_type(v.root.dtype).as_pointer() for v in views]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    b = ir.IRBuilder(function.append_basic_block("entry"))
    write = _write_sums if isinstance(op, CumulativeSum) else _write_place
    write(b, op, *views, *function.args)
    b.ret_void()
    return function


def _write_sums(
    b: ir.IRBuilder, op: Any, x: View, y: View, source: ir.Value, target: ir.Value
) -> None:
    dtype = x.root.dtype
    cell = b.alloca(register_type(dtype))
    steps = [x.strides, y.strides]
    along = axes((x.shape[op.axis],), (), [s[op.axis : op.axis + 1] for s in steps])
    rest = [i for i in range(len(x.shape)) if i != op.axis]
    others = axes(tuple(x.shape[i] for i in rest), (), [[s[i] for i in rest] for s in steps])

    def add(at: Position) -> None:
        total = Lane(b, b.load(cell), dtype) + _at(b, source, at, x)
        b.store(total.value, cell)
        store_one(total, b.gep(target, [at.offsets[1]], inbounds=True))

    def row(at: Position) -> None:
        b.store(filled(register_type(dtype), -0.0 if dtype.kind == "f" else 0, dtype), cell)
        run(b, along, at, add)

    run(b, others, Position.start(2), row)


def _write_place(
    b: ir.IRBuilder, op: Any, x: View, y: View, source: ir.Value, target: ir.Value
) -> None:
    cell, place, number = (b.alloca(t) for t in (register_type(x.root.dtype), INT64, INT64))
    rank = range(len(x.shape))
    kept = [i for i in rank if i not in op.axes]
    written = [y.strides[i] for i in kept] if op.keepdims else y.strides
    lengths, steps = tuple(x.shape[i] for i in kept), [x.strides[i] for i in kept]
    others = axes(lengths, (), [steps, written])
    searched = [x.strides[i] for i in op.axes]
    along = axes(tuple(x.shape[i] for i in op.axes), (), [searched, [0] * len(searched)])

    def look(at: Position) -> None:
        found, best = _at(b, source, at, x), Lane(b, b.load(cell), x.root.dtype)
        better = found > best if isinstance(op, ArgMax) else found < best
        if found.kind == "f":  # the first NaN wins
            better = better | ((found != found) & (best == best))
        here = b.load(number)
        b.store(b.select(better.value, found.value, best.value), cell)
        b.store(b.select(better.value, here, b.load(place)), place)
        b.store(b.add(here, ir.Constant(INT64, 1)), number)

    def search(at: Position) -> None:
        b.store(_at(b, source, at, x).value, cell)
        for counter in (place, number):
            b.store(ir.Constant(INT64, 0), counter)
        run(b, along, at, look)
        b.store(b.load(place), b.gep(target, [at.offsets[1]], inbounds=True))

    run(b, others, Position.start(2), search)


def _at(b: ir.IRBuilder, source: ir.Value, at: Position, x: View) -> Lane:
    """The element of the operand at a position."""
    return load_one(b, b.gep(source, [at.offsets[0]], inbounds=True), x.root.dtype)
