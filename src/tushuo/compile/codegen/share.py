"""Kernels cut into chunks, that the threads of the pool share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.lane import INT64, memory_type
from tushuo.compile.codegen.pool import BYTES, CHUNK, SHARE

WORK = 1_500_000
"""From how many elementary operations on elements, readings and writings twice, a loop is cut."""

CHUNKS = 16
"""Into how many chunks a kernel is cut; the results depend on it, so it does not on the threads."""


def declared(
    module: ir.Module, name: str, dtypes: Sequence[np.dtype], apart: bool = True
) -> tuple[ir.Function, ir.IRBuilder]:
    """A new function of pointers to elements and the number of a chunk, and its first block.

    ``apart`` says that what it writes is not read by another pointer.
    """
    kinds = [memory_type(dtype).as_pointer() for dtype in dtypes]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [*kinds, INT64]), f"{name}_chunk")
    function.linkage = "internal"
    function.attributes.add("nounwind")
    for arg in function.args[:-1] if apart else ():
        arg.add_attribute("noalias")
    return function, ir.IRBuilder(function.append_basic_block("entry"))


Finish = Callable[[ir.IRBuilder, Sequence[ir.Value], dict[int, ir.Value]], None]
"""Writes what follows when all chunks are done, of the pointers and the chunks' own memory."""


def shared(
    chunk: ir.Function,
    count: int,
    own: Mapping[int, int] | None = None,
    finish: Finish | None = None,
) -> ir.Function:
    """A function that computes all chunks, on the threads of the pool if there are several.

    Args:
        chunk: Takes pointers and, last, the number of a chunk. Chunks may run in any order and at
            the same time.
        count: How many there are; a single one is computed where it is called.
        own: The pointers that are not handed on: in their stead each chunk has so many elements of
            its own, side by side with those of the others.
        finish: Makes of these what the pointers are to point to.

    Returns:
        A function of the pointers, internal to the module.
    """
    name, kinds = chunk.name.removesuffix("_chunk"), [x.type for x in chunk.args[:-1]]
    whole = ir.Function(chunk.module, ir.FunctionType(ir.VoidType(), kinds), name)
    whole.linkage = "internal"
    whole.attributes.add("noinline")
    b = ir.IRBuilder(whole.append_basic_block("entry"))
    if count == 1:
        b.call(chunk, [*whole.args, ir.Constant(INT64, 0)])
    else:
        args = list(whole.args)
        memory = {
            i: b.alloca(args[i].type.pointee, size=ir.Constant(INT64, size * count))
            for i, size in (own or {}).items()
        }
        _call(b, chunk, count, [memory.get(i, x) for i, x in enumerate(args)])
        if finish is not None:
            finish(b, args, memory)
    b.ret_void()
    return whole


def _call(b: ir.IRBuilder, chunk: ir.Function, count: int, pointers: Sequence[ir.Value]) -> None:
    pack = ir.LiteralStructType([x.type for x in pointers])
    context = b.alloca(pack)
    for i, pointer in enumerate(pointers):
        b.store(pointer, b.gep(context, [_word(0), _word(i)], inbounds=True))
    args = ir.Constant(INT64, count), _part(chunk, pack), b.bitcast(context, BYTES)
    b.call(_share(chunk.module), args)


def _part(chunk: ir.Function, pack: ir.Type) -> ir.Function:
    """A chunk's function as the pool calls it."""
    part = ir.Function(chunk.module, CHUNK, f"{chunk.name}_part")
    part.linkage = "internal"
    b = ir.IRBuilder(part.append_basic_block("entry"))
    packed = b.load(b.bitcast(part.args[0], pack.as_pointer()))
    pointers = (b.extract_value(packed, i) for i in range(len(pack.elements)))
    b.call(chunk, [*pointers, part.args[1]])
    b.ret_void()
    return part


def _share(module: ir.Module) -> ir.Function:
    kind = ir.FunctionType(ir.VoidType(), [INT64, CHUNK.as_pointer(), BYTES])
    return module.globals.get(SHARE) or ir.Function(module, kind, SHARE)


def _word(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(32), number)
