"""Machine code for groups of tasks that run image by image.

Images are chunks that threads share. Each takes a slot of memory for what is computed in between:
a bit in a word says whether a slot is free.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from tushuo.compile.codegen.lane import BIT, BYTE, INT64, intrinsic
from tushuo.compile.codegen.share import shared
from tushuo.compile.codegen.turns import each, word
from tushuo.compile.images import Group
from tushuo.compile.memory import ALIGNMENT

BYTES = BYTE.as_pointer()

Body = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value, ir.Value], None]
"""Writes the code for an image: builder, boxes, arena, number of the image, start of its slot."""


def write_group(module: ir.Module, name: str, group: Group, block: int, body: Body) -> ir.Function:
    """Write the function that runs a group; it takes the pointers to boxes and arena.

    Args:
        module: Where it is put.
        name: Its name.
        group: The group.
        block: Where the slots begin in the arena, in bytes.
        body: Writes the code for an image.
    """
    kind = ir.FunctionType(ir.VoidType(), [BYTES.as_pointer(), BYTES, INT64])
    chunk = ir.Function(module, kind, f"{name}_image_chunk")
    chunk.linkage = "internal"
    boxes, arena, number = chunk.args
    b = ir.IRBuilder(chunk.append_basic_block("entry"))
    place = b.gep(arena, [word(block)])
    free = b.bitcast(place, INT64.as_pointer())
    slot = _taken(b, free, group.slots)
    start = b.gep(place, [b.add(word(ALIGNMENT), b.mul(slot, word(group.slot_bytes)))])
    body(b, boxes, arena, number, start)
    b.atomic_rmw("and", free, b.not_(b.shl(word(1), slot)), "seq_cst")
    b.ret_void()
    images = shared(chunk, group.images) if group.images >= group.slots > 1 else None
    whole = ir.Function(module, ir.FunctionType(ir.VoidType(), kind.args[:2]), name)
    whole.linkage = "internal"
    b = ir.IRBuilder(whole.append_basic_block("entry"))
    boxes, arena = whole.args
    b.store(word(0), b.bitcast(b.gep(arena, [word(block)]), INT64.as_pointer()))
    if images is None:
        each(b, word(0), word(group.images), lambda n: b.call(chunk, [boxes, arena, n]))
    else:
        b.call(images, [boxes, arena])
    b.ret_void()
    return whole


def _taken(b: ir.IRBuilder, free: ir.Value, slots: int) -> ir.Value:
    """The number of a slot that was free; if none is, wait for one."""
    look, take, done = (b.append_basic_block(n) for n in ("look", "take", "taken"))
    b.branch(look)
    b.position_at_end(look)
    old = b.load_atomic(free, "seq_cst", 8)
    args = [b.not_(old), ir.Constant(BIT, 0)]
    slot = intrinsic(b, "llvm.cttz", INT64, args, [INT64])
    b.cbranch(b.icmp_unsigned("<", slot, word(slots)), take, look)
    b.position_at_end(take)
    new = b.or_(old, b.shl(word(1), slot))
    result = b.cmpxchg(free, old, new, "seq_cst", "seq_cst")
    b.cbranch(b.extract_value(result, 1), done, look)
    b.position_at_end(done)
    return slot
