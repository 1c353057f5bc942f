"""The loop around a step: pointers move on, and what one step made is what the next one takes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir

from tushuo.compile.codegen.lane import BYTE, INT64
from tushuo.compile.codegen.library import Library
from tushuo.compile.codegen.nest import counted
from tushuo.compile.codegen.target import host

_BYTES, _NUMBERS = BYTE.as_pointer(), INT64.as_pointer()
_STEP = ir.FunctionType(ir.VoidType(), [_BYTES, _BYTES]).as_pointer()
_ARGUMENTS = [_STEP, INT64, _BYTES, _BYTES, _NUMBERS, INT64, _NUMBERS, INT64, _NUMBERS]


@cache
def driver() -> Callable[..., None]:
    """The loop as a function of C.

    ``drive(step, count, boxes, arena, pointers, moving, moves, pairs, swaps)`` calls ``step(boxes,
    arena)`` ``count`` times. After each call it adds ``moves[2 i + 1]`` to ``pointers[moves[2 i]]``
    for each i below ``moving``, and exchanges ``pointers[swaps[2 i]]`` and ``pointers[swaps[2 i +
    1]]`` for each i below ``pairs``.
    """
    module = ir.Module("drive")
    module.triple = host().triple
    kind = ir.FunctionType(ir.VoidType(), _ARGUMENTS)
    function = ir.Function(module, kind, "drive")
    step, count, boxes, arena, pointers, moving, moves, pairs, swaps = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))

    def place(table: ir.Value, i: ir.Value, second: int) -> ir.Value:
        n = b.add(b.mul(i, ir.Constant(INT64, 2)), ir.Constant(INT64, second))
        return b.load(b.gep(table, [n]))

    def move(i: ir.Value) -> None:
        pointer = b.gep(pointers, [place(moves, i, 0)])
        b.store(b.add(b.load(pointer), place(moves, i, 1)), pointer)

    def swap(i: ir.Value) -> None:
        first, second = (b.gep(pointers, [place(swaps, i, n)]) for n in (0, 1))
        x, y = b.load(first), b.load(second)
        b.store(y, first)
        b.store(x, second)

    def turn(i: ir.Value) -> None:
        b.call(step, [boxes, arena])
        counted(b, moving, move)
        counted(b, pairs, swap)

    counted(b, count, turn)
    b.ret_void()
    library = Library(str(module), host(), None, ["drive"])
    arguments: list[Any] = [ctypes.c_void_p if k != INT64 else ctypes.c_int64 for k in _ARGUMENTS]
    return library.function("drive", *arguments)
