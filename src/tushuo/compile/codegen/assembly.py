"""Machine code for arrays put together: each operand is copied to its place in the result."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from llvmlite import ir

from tushuo.compile.codegen.lane import BIT, BYTE, INT64, Lane, constant, intrinsic, memory_type
from tushuo.compile.codegen.nest import Position, axes, run
from tushuo.compile.layout import View, placed
from tushuo.graph.op import Op, Shape
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
        to_zero: Whether each is added to 0 instead, which makes 0.0 of -0.0.
    """

    keys: tuple[Key, ...]
    fill: float | None
    adds: bool
    to_zero: bool = False


def regions(op: Any, views: Sequence[View]) -> Regions:
    """The places of the operands of an operation."""
    if isinstance(op, Place):
        if _are_slices(op.keys, op.shape):
            return Regions(op.keys, None, adds=False, to_zero=views[0].root.dtype.kind == "f")
        return Regions(op.keys, 0, adds=True)
    if isinstance(op, Pad):
        shape = views[0].shape
        key = tuple(Range(a, a + n, 1) for (a, _), n in zip(op.widths, shape, strict=True))
        return Regions((key,), op.value, adds=False)
    before = (_ALL,) * op.axis
    if isinstance(op, Stack):
        return Regions(tuple((*before, i) for i in range(len(views))), None, adds=False)
    keys, start = [], 0
    for view in views:
        stop = start + view.shape[op.axis]
        keys.append((*before, Range(start, stop, 1)))
        start = stop
    return Regions(tuple(keys), None, adds=False)


def _are_slices(keys: Sequence[Key], shape: Shape) -> bool:
    """Whether the places are all slices along one axis, which meet nowhere and leave nothing."""
    axis = next((i for i, part in enumerate(keys[0]) if not isinstance(part, Range)), None)
    if axis is None or any(len(key) <= axis for key in keys):
        return False
    rest = {(*key[:axis], *key[axis + 1 :]) for key in keys}
    at = [key[axis] for key in keys]
    if any(part != _ALL for key in rest for part in key) or not all(type(i) is int for i in at):
        return False
    return sorted(i % shape[axis] for i in at) == list(range(shape[axis]))  # type: ignore[operator]


_ALL = Range(None, None, None)


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
        _put(b, pointer, view, function.args[-1], placed(result, key), found)
    b.ret_void()
    return function


def _fill(b: ir.IRBuilder, pointer: ir.Value, view: View, number: float) -> None:
    value = ir.Constant(memory_type(view.root.dtype), constant(number, view.root.dtype).constant)

    def store(at: Position) -> None:
        b.store(value, b.gep(pointer, [at.offsets[0]], inbounds=True))

    run(b, axes(view.shape, (), [view.strides]), Position.start(1), store)


def _put(
    b: ir.IRBuilder, source: ir.Value, view: View, target: ir.Value, region: View, how: Regions
) -> None:
    start = b.gep(target, [ir.Constant(INT64, region.offset)], inbounds=True)
    dtype = view.root.dtype

    def places(at: Position) -> list[ir.Value]:
        pairs = zip((source, start), at.offsets, strict=True)
        return [b.gep(pointer, [offset], inbounds=True) for pointer, offset in pairs]

    def move(at: Position) -> None:
        here, there = places(at)
        value = b.load(here)
        if how.adds:
            value = (Lane(b, b.load(there), dtype) + Lane(b, value, dtype)).value
        if how.to_zero:
            value = (Lane(b, value, dtype) + 0.0).value
        b.store(value, there)

    def move_row(at: Position) -> None:
        here, there = (b.bitcast(p, BYTE.as_pointer()) for p in places(at))
        size = ir.Constant(INT64, nest[-1].length * dtype.itemsize)
        args, kinds = [there, here, size, ir.Constant(BIT, 0)], [there.type, here.type, INT64]
        intrinsic(b, "llvm.memcpy", ir.VoidType(), args, kinds)

    nest = axes(view.shape, (), [view.strides, region.strides])
    rows = (
        not (how.adds or how.to_zero) and nest and nest[-1].steps == (1, 1) and prod(view.shape) > 0
    )
    if rows:
        run(b, nest[:-1], Position.start(2), move_row)
    else:
        run(b, nest, Position.start(2), move)
