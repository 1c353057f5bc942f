"""Machine code for elements picked by arrays of indices, and for the sums that undo it.

Indices are looked at when they are used: one that is out of range is noted in the status word and
counts as 0, so that nothing outside of an array is ever touched; the caller raises the error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from llvmlite import ir

from tushuo.compile.codegen.lane import BYTE, INT64, Lane, memory_type
from tushuo.compile.codegen.nest import Axis, Position, axes, run
from tushuo.compile.layout import View
from tushuo.graph.op import Op
from tushuo.graph.ops.gather import PutAlongAxisAdd, ScatterAdd, Take, TakeAlongAxis

GATHERS = (Take, TakeAlongAxis, ScatterAdd, PutAlongAxisAdd)


class Indexed(NamedTuple):
    """How an operation uses its indices.

    Attributes:
        adds: Whether elements are added at the index, else read there.
        rows: Whether an index stands for a whole row of the other axes.
        many: The view whose axis the indices count along.
        few: The view with an element for each index (and element of a row).
        indices: The view of the indices.
    """

    adds: bool
    rows: bool
    many: View
    few: View
    indices: View

    @property
    def axis(self) -> int:
        """The axis that the indices count along."""
        return 0 if self.rows else len(self.many.shape) - 1


def write_gather(
    module: ir.Module, name: str, op: Op, operands: Sequence[View], result: View
) -> ir.Function:
    """Write the function; it takes pointers to the operands, the result and the status word."""
    views = [*operands, result]
    kinds = [memory_type(v.root.dtype).as_pointer() for v in views]
    kind = ir.FunctionType(ir.VoidType(), [*kinds, BYTE.as_pointer()])
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    b = ir.IRBuilder(function.append_basic_block("entry"))
    adds = isinstance(op, ScatterAdd | PutAlongAxisAdd)
    many, few = (result, operands[0]) if adds else (operands[0], result)
    use = Indexed(adds, isinstance(op, Take | ScatterAdd), many, few, operands[1])
    values, indices, target, status = function.args
    pointers = (target, values) if adds else (values, target)
    if adds:
        _clear(b, target, result)
    _write(b, use, *pointers, indices, b.bitcast(status, INT64.as_pointer()))
    b.ret_void()
    return function


def _clear(b: ir.IRBuilder, pointer: ir.Value, view: View) -> None:
    zero = ir.Constant(memory_type(view.root.dtype), 0)

    def store(at: Position) -> None:
        b.store(zero, b.gep(pointer, [at.offsets[0]], inbounds=True))

    run(b, axes(view.shape, (), [view.strides]), Position.start(1), store)


def _write(
    b: ir.IRBuilder,
    use: Indexed,
    many: ir.Value,
    few: ir.Value,
    indices: ir.Value,
    status: ir.Value,
) -> None:
    length, step = use.many.shape[use.axis], use.many.strides[use.axis]
    outer, inner = _nests(use)

    def each(at: Position) -> None:
        number = b.load(b.gep(indices, [at.offsets[2]], inbounds=True))
        row = b.mul(_checked(b, number, use, length, status), ir.Constant(INT64, step))
        start = Position((b.add(at.offsets[0], row), at.offsets[1]))
        run(b, inner, start, lambda place: _move(b, use, many, few, place))

    if length:
        run(b, outer, Position.start(3), each)
    elif 0 not in use.indices.shape:
        b.store(ir.Constant(INT64, 1), status)


def _nests(use: Indexed) -> tuple[list[Axis], list[Axis]]:
    """The loops over the indices, and those over the elements of a row."""
    if not use.rows:
        lead = (*use.many.strides[:-1], 0)
        return axes(use.indices.shape, (), [lead, use.few.strides, use.indices.strides]), []
    rank = len(use.indices.shape)
    outer = axes(use.indices.shape, (), [(0,) * rank, use.few.strides[:rank], use.indices.strides])
    return outer, axes(use.many.shape[1:], (), [use.many.strides[1:], use.few.strides[rank:]])


def _checked(
    b: ir.IRBuilder, number: ir.Value, use: Indexed, length: int, status: ir.Value
) -> ir.Value:
    """An index from 0; one out of range is noted, and becomes 0."""
    if number.type.width < 64:
        widen = b.sext if use.indices.root.dtype.kind == "i" else b.zext
        number = widen(number, INT64)
    zero, end = ir.Constant(INT64, 0), ir.Constant(INT64, length)
    if use.indices.root.dtype.kind == "i":
        below = b.icmp_signed("<", number, zero)
        number = b.select(below, b.add(number, end), number)
    good = b.icmp_unsigned("<", number, end)
    with b.if_then(b.not_(good), likely=False):
        b.store(ir.Constant(INT64, 1), status)
    return b.select(good, number, zero)


def _move(b: ir.IRBuilder, use: Indexed, many: ir.Value, few: ir.Value, at: Position) -> None:
    far = b.gep(many, [at.offsets[0]], inbounds=True)
    near = b.gep(few, [at.offsets[1]], inbounds=True)
    if not use.adds:
        b.store(b.load(far), near)
        return
    dtype = use.many.root.dtype
    b.store((Lane(b, b.load(far), dtype) + Lane(b, b.load(near), dtype)).value, far)
