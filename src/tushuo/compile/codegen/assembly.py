"""Machine code for arrays put together: each operand is copied to its place in the result."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from llvmlite import ir

from tushuo.compile.codegen.lane import BIT, BYTE, INT64, Lane, constant, intrinsic, memory_type
from tushuo.compile.codegen.nest import Position, axes, run
from tushuo.compile.layout import View, placed
from tushuo.graph.op import Op
from tushuo.graph.ops.index import Key, Place, Range
from tushuo.graph.ops.joining import Concat, Stack
from tushuo.graph.ops.movement import Pad

ASSEMBLIES = (Concat, Stack, Pad, Place)


class Regions(NamedTuple):
    """Where the operands go.

    Attributes:
        keys: For each operand, the index of its place.
        fill: What stands where none of them goes; None if they cover everything.
        adds: Whether operands are added up where they meet.
    """

    keys: tuple[Key, ...]
    fill: float | None
    adds: bool


def regions(op: Any, views: Sequence[View]) -> Regions:
    """The places of the operands of an operation."""
    if isinstance(op, Place):
        return Regions(op.keys, 0, adds=True)
    if isinstance(op, Pad):
        shape = views[0].shape
        key = tuple(Range(a, a + n, 1) for (a, _), n in zip(op.widths, shape, strict=True))
        return Regions((key,), op.value, adds=False)
    before = (Range(None, None, None),) * op.axis
    if isinstance(op, Stack):
        return Regions(tuple((*before, i) for i in range(len(views))), None, adds=False)
    keys, start = [], 0
    for view in views:
        stop = start + view.shape[op.axis]
        keys.append((*before, Range(start, stop, 1)))
        start = stop
    return Regions(tuple(keys), None, adds=False)


def write_assembly(
    module: ir.Module, name: str, op: Op, operands: Sequence[View], result: View
) -> ir.Function:
    """Write the function; it takes pointers to the operands and to the result."""
    found, kind = regions(op, operands), memory_type(result.root.dtype)
    pointers = [kind.as_pointer()] * (len(operands) + 1)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), pointers), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.args[-1].add_attribute("noalias")
    b = ir.IRBuilder(function.append_basic_block("entry"))
    if found.fill is not None:
        _fill(b, function.args[-1], result, found.fill)
    for pointer, view, key in zip(function.args, operands, found.keys, strict=False):
        _put(b, pointer, view, function.args[-1], placed(result, key), found.adds)
    b.ret_void()
    return function


def _fill(b: ir.IRBuilder, pointer: ir.Value, view: View, number: float) -> None:
    value = ir.Constant(memory_type(view.root.dtype), constant(number, view.root.dtype).constant)

    def store(at: Position) -> None:
        b.store(value, b.gep(pointer, [at.offsets[0]], inbounds=True))

    run(b, axes(view.shape, (), [view.strides]), Position.start(1), store)


def _put(
    b: ir.IRBuilder, source: ir.Value, view: View, target: ir.Value, region: View, adds: bool
) -> None:
    start = b.gep(target, [ir.Constant(INT64, region.offset)], inbounds=True)
    dtype = view.root.dtype

    def places(at: Position) -> list[ir.Value]:
        pairs = zip((source, start), at.offsets, strict=True)
        return [b.gep(pointer, [offset], inbounds=True) for pointer, offset in pairs]

    def move(at: Position) -> None:
        here, there = places(at)
        value = b.load(here)
        if adds:
            value = (Lane(b, b.load(there), dtype) + Lane(b, value, dtype)).value
        b.store(value, there)

    def move_row(at: Position) -> None:
        here, there = (b.bitcast(p, BYTE.as_pointer()) for p in places(at))
        size = ir.Constant(INT64, nest[-1].length * dtype.itemsize)
        args, kinds = [there, here, size, ir.Constant(BIT, 0)], [there.type, here.type, INT64]
        intrinsic(b, "llvm.memcpy", ir.VoidType(), args, kinds)

    nest = axes(view.shape, (), [view.strides, region.strides])
    rows = not adds and nest and nest[-1].steps == (1, 1) and prod(view.shape) > 0
    if rows:
        run(b, nest[:-1], Position.start(2), move_row)
    else:
        run(b, nest, Position.start(2), move)
