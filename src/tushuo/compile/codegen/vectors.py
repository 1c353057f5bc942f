"""Vectors: several elements side by side in one register, and how they are read and written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.lane import BIT, BYTE, intrinsic, memory_type, register_type

_WORD = ir.IntType(32)


def load(
    b: ir.IRBuilder, pointer: ir.Value, dtype: np.dtype, lanes: int, width: int | ir.Value
) -> ir.Value:
    """The first ``width`` elements at a pointer, the other lanes 0; a bool is a bit."""
    kind = ir.VectorType(memory_type(dtype), lanes)
    where = b.bitcast(pointer, kind.as_pointer())
    if width == lanes:
        vector = b.load(where, align=dtype.itemsize)
    else:
        align = ir.Constant(_WORD, dtype.itemsize)
        args = [where, align, _mask(b, lanes, width), ir.Constant(kind, None)]
        vector = intrinsic(b, "llvm.masked.load", kind, args, [kind, where.type])
    if register_type(dtype) is BIT:
        return b.icmp_unsigned("!=", vector, ir.Constant(kind, None))
    return vector


def store(
    b: ir.IRBuilder, vector: ir.Value, pointer: ir.Value, dtype: np.dtype, width: int | ir.Value
) -> None:
    """Write the first ``width`` lanes."""
    lanes = vector.type.count
    if register_type(dtype) is BIT:
        vector = b.zext(vector, ir.VectorType(BYTE, lanes))
    where = b.bitcast(pointer, vector.type.as_pointer())
    if width == lanes:
        b.store(vector, where, align=dtype.itemsize)
        return
    args = [vector, where, ir.Constant(_WORD, dtype.itemsize), _mask(b, lanes, width)]
    intrinsic(b, "llvm.masked.store", ir.VoidType(), args, [vector.type, where.type])


def prefetch(b: ir.IRBuilder, pointers: Sequence[ir.Value]) -> None:
    """Ask for what will be read soon; an address outside of memory does no harm."""
    settings = [ir.Constant(_WORD, number) for number in (0, 3, 1)]  # to read, to keep, of data
    for pointer in pointers:
        where = b.bitcast(pointer, BYTE.as_pointer())
        intrinsic(b, "llvm.prefetch", ir.VoidType(), [where, *settings], [where.type])


def broadcast(b: ir.IRBuilder, element: ir.Value, lanes: int) -> ir.Value:
    """An element in all lanes."""
    undefined = ir.Constant(ir.VectorType(element.type, lanes), ir.Undefined)
    one = b.insert_element(undefined, element, ir.Constant(_WORD, 0))
    return b.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(_WORD, lanes), [0] * lanes))


def part(b: ir.IRBuilder, vector: ir.Value, start: int, lanes: int) -> ir.Value:
    """Some lanes of a vector."""
    chosen = ir.Constant(ir.VectorType(_WORD, lanes), list(range(start, start + lanes)))
    return b.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), chosen)


def transposed(b: ir.IRBuilder, rows: Sequence[ir.Value]) -> list[ir.Value]:
    """The columns of a square of vectors: at each step blocks of half the side change places."""
    found, half = list(rows), len(rows) // 2
    while half:
        for i in range(len(rows)):
            if not i & half:
                found[i], found[i + half] = _exchanged(b, found[i], found[i + half], half)
        half //= 2
    return found


def _exchanged(b: ir.IRBuilder, x: ir.Value, y: ir.Value, half: int) -> tuple[ir.Value, ir.Value]:
    """Two vectors after the second blocks of x and the first of y changed places."""
    lanes = x.type.count
    kind = ir.VectorType(_WORD, lanes)
    first = [i - half + lanes if i & half else i for i in range(lanes)]
    second = [i + lanes if i & half else i + half for i in range(lanes)]
    low, high = (b.shuffle_vector(x, y, ir.Constant(kind, order)) for order in (first, second))
    return low, high


def mask(lanes: int, width: int) -> ir.Constant:
    """A bit a lane, set in the first ``width``."""
    return ir.Constant(ir.VectorType(BIT, lanes), [int(i < width) for i in range(lanes)])


def _mask(b: ir.IRBuilder, lanes: int, width: int | ir.Value) -> ir.Value:
    """The same for a width that may be known when the code runs only."""
    if isinstance(width, int):
        return mask(lanes, width)
    numbers = ir.Constant(ir.VectorType(_WORD, lanes), list(range(lanes)))
    return b.icmp_signed("<", numbers, broadcast(b, b.trunc(width, _WORD), lanes))
