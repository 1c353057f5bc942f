"""Nests of loops: the axes to run over, simplified, and the code that runs over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from llvmlite import ir

from tushuo.compile.codegen.lane import INT64
from tushuo.graph.op import Shape


class Axis(NamedTuple):
    """One loop.

    Attributes:
        length: How often it runs.
        reduced: Whether its results are summed up (or the like).
        steps: For each pointer, how many elements it moves a turn.
        ends: The first turn and the one after the last, if not all are run.
    """

    length: int
    reduced: bool
    steps: tuple[int, ...]
    ends: tuple[ir.Value, ir.Value] | None = None

    def part(self, b: ir.IRBuilder, chunk: ir.Value, parts: int, unit: int = 1) -> Axis:
        """One of several parts of the axis, that begins at a multiple of some turns."""
        units = ir.Constant(INT64, -(-self.length // unit))

        def start(number: ir.Value) -> ir.Value:
            first = b.udiv(b.mul(number, units), ir.Constant(INT64, parts))
            return b.mul(first, ir.Constant(INT64, unit))

        end, length = start(b.add(chunk, ir.Constant(INT64, 1))), ir.Constant(INT64, self.length)
        inside = b.select(b.icmp_unsigned("<", end, length), end, length)
        return self._replace(ends=(start(chunk), inside))


def axes(shape: Shape, reduced: Sequence[int], strides: Sequence[Sequence[int]]) -> list[Axis]:
    """The loops over a shape, as few as possible.

    Axes of length 1 vanish; two that all pointers run through evenly become one.

    Args:
        shape: What to run over.
        reduced: The axes that are reduced.
        strides: For each pointer, its stride along each axis.
    """
    found: list[Axis] = []
    for i, length in enumerate(shape):
        axis = Axis(length, i in reduced, tuple(s[i] for s in strides))
        if length == 1:
            continue
        if found and found[-1].reduced == axis.reduced and _even(found[-1], axis):
            axis = axis._replace(length=length * found.pop().length)
        found.append(axis)
    return found


def _even(outer: Axis, inner: Axis) -> bool:
    return all(a == b * inner.length for a, b in zip(outer.steps, inner.steps, strict=True))


class Position(NamedTuple):
    """Where a nest stands: for each pointer, the distance from its start in elements."""

    offsets: tuple[ir.Value, ...]

    @staticmethod
    def start(count: int) -> Position:
        """The first element of each pointer."""
        return Position((ir.Constant(INT64, 0),) * count)


def run(
    b: ir.IRBuilder, nest: Sequence[Axis], at: Position, body: Callable[[Position], None]
) -> None:
    """Write loops over axes, the first outermost, around a body."""
    if not nest:
        body(at)
        return
    axis, rest = nest[0], nest[1:]
    start, end = axis.ends or (None, axis.length)
    counted(b, end, lambda i: run(b, rest, moved(b, at, i, axis), body), start=start)


def counted(
    b: ir.IRBuilder,
    end: int | ir.Value,
    body: Callable[[ir.Value], None],
    step: int = 1,
    start: ir.Value | None = None,
) -> None:
    """Write one loop to an end, a number or a register, from 0 or a start; it may be empty."""
    if end == 0:
        return
    sure = isinstance(end, int) and start is None
    first = ir.Constant(INT64, 0) if start is None else start
    last = ir.Constant(INT64, end) if isinstance(end, int) else end
    before = b.block
    head, done = b.append_basic_block("loop"), b.append_basic_block("done")
    if sure:
        b.branch(head)
    else:
        b.cbranch(b.icmp_unsigned("<", first, last), head, done)
    b.position_at_end(head)
    i = b.phi(INT64)
    i.add_incoming(first, before)
    body(i)
    following = b.add(i, ir.Constant(INT64, step), flags=("nuw", "nsw"))
    i.add_incoming(following, b.block)
    b.cbranch(b.icmp_unsigned("<", following, last), head, done)
    b.position_at_end(done)


def moved(b: ir.IRBuilder, at: Position, i: ir.Value, axis: Axis) -> Position:
    """The position of turn ``i`` along an axis."""
    offsets = []
    for offset, step in zip(at.offsets, axis.steps, strict=True):
        if step:
            turn = i if step == 1 else b.mul(i, ir.Constant(INT64, step), flags=("nsw",))
            offset = b.add(offset, turn, flags=("nsw",))
        offsets.append(offset)
    return Position(tuple(offsets))
