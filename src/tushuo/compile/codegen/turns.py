"""Loops of kernels that carry registers along, and how kernels are cut into chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from tushuo.compile.codegen.lane import INT64

_WORK = 600_000
"""From how many products, of numbers that are in the cache, threads share a kernel."""

_CHUNKS = 64


def offset(b: ir.IRBuilder, *parts: tuple[ir.Value, int]) -> ir.Value:
    """A sum of products of registers and numbers."""
    total: ir.Value = word(0)
    for register, step in parts:
        if step:
            turn = register if step == 1 else b.mul(register, word(step), flags=("nsw",))
            total = turn if is_zero(total) else b.add(total, turn, flags=("nsw",))
    return total


def is_zero(x: ir.Value) -> bool:
    """Whether a register is known to be 0."""
    return isinstance(x, ir.Constant) and x.constant == 0


def word(number: int) -> ir.Constant:
    """A number as an operand."""
    return ir.Constant(INT64, number)


def carried(
    b: ir.IRBuilder,
    start: ir.Value,
    end: ir.Value,
    values: Sequence[ir.Value],
    body: Callable[[ir.Value, list[ir.Value]], list[ir.Value]],
    step: int = 1,
) -> list[ir.Value]:
    """A loop that may run no time at all, and the registers that it carries along."""
    before = b.block
    head, inside, done = (b.append_basic_block(n) for n in ("carry", "turn", "carried"))
    b.branch(head)
    b.position_at_end(head)
    i = b.phi(INT64)
    i.add_incoming(start, before)
    phis = [b.phi(x.type) for x in values]
    for phi, x in zip(phis, values, strict=True):
        phi.add_incoming(x, before)
    b.cbranch(b.icmp_signed("<", i, end), inside, done)
    b.position_at_end(inside)
    found = body(i, list(phis))
    i.add_incoming(b.add(i, word(step), flags=("nsw",)), b.block)
    for phi, x in zip(phis, found, strict=True):
        phi.add_incoming(x, b.block)
    b.branch(head)
    b.position_at_end(done)
    return list(phis)


def each(b: ir.IRBuilder, start: ir.Value, end: ir.Value, body: Callable[[ir.Value], None]) -> None:
    """A loop that carries nothing."""

    def turn(i: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        body(i)
        return []

    if isinstance(start, ir.Constant) and isinstance(end, ir.Constant):
        count = end.constant - start.constant
        if count <= 1:
            if count == 1:
                body(start)
            return
    carried(b, start, end, (), turn)


def chunks_of(units: int, work: int) -> int:
    """Into how many chunks so many units are cut that take so many operations on numbers."""
    return min(units, _CHUNKS) if work >= _WORK else 1


def share_of(
    b: ir.IRBuilder, number: ir.Value, units: int, chunks: int
) -> tuple[ir.Value, ir.Value]:
    """The units of a chunk, from the first to the end."""
    if chunks == 1:
        return word(0), word(units)
    ends = number, b.add(number, word(1))
    first, end = (b.udiv(b.mul(n, word(units)), word(chunks)) for n in ends)
    return first, end


def in_widths(
    b: ir.IRBuilder, part: ir.Value, length: int, width: int, body: Callable[[int], None]
) -> None:
    """Code for the parts of a length, that are ``width`` long, and for the last if it is shorter.

    Args:
        b: Where to write.
        part: The number of a part.
        length: Of all parts.
        width: Of a part.
        body: Writes the code for a part of a width.
    """
    whole, rest = divmod(length, width)
    if not whole or not rest:
        body(rest or width)
        return
    with b.if_else(b.icmp_unsigned("<", part, word(whole))) as (before, last):
        with before:
            body(width)
        with last:
            body(rest)
