"""Where a loop is cut into chunks, so that threads can share it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from tushuo.compile.codegen.nest import Axis
from tushuo.compile.codegen.share import CHUNKS, WORK
from tushuo.compile.program import Program

_ENOUGH = 4
"""Parts of a kept axis that are as good as parts of a reduced one, which take more memory."""

_PIECE = 256
"""Of how many elements a chunk adds up rows; memory is slow to give shorter pieces of many rows."""

_ROOM = 1 << 15
"""How many elements the chunks' results may have together."""

LONG = frozenset(("Exp", "Expm1", "Log", "Log1p", "Tanh", "Sigmoid", "Softplus", "Pow", "Erf"))
"""Operations that take about as long as ten others."""


class Split(NamedTuple):
    """How a loop is cut into chunks.

    Attributes:
        axis: Along which of its axes.
        parts: How many.
    """

    axis: int
    parts: int


def split(loop: Any, nest: Sequence[Axis], results: int, lanes: int) -> Split | None:
    """Where to cut a loop: at an outer kept axis if it is long enough.

    Args:
        loop: The :class:`~tushuo.compile.passes.fuse.Loop`.
        nest: Its axes in the order in which they run.
        results: How many elements its reductions have, 0 if there are none.
        lanes: Of the vectors along the last axis, 0 if there are none.

    Returns:
        None for a short loop.
    """
    if _work(loop) < WORK:
        return None
    ways = [_way(i, nest, bool(results), lanes) for i in range(len(nest))]
    kept, summed = (
        [w for w in ways if nest[w.axis].reduced is reduced] for reduced in (False, True)
    )
    outer = (w for w in kept if w.parts == CHUNKS)
    best = next(outer, max(kept, key=_parts, default=Split(0, 1)))
    room = _ROOM // max(1, results)
    if summed and room > _ENOUGH:
        longest = max(summed, key=_parts)
        other = longest._replace(parts=min(longest.parts, room))
        pieces = bool(results) and best.axis == len(nest) - 1  # of each row
        if best.parts < _ENOUGH or (pieces and other.parts >= _ENOUGH):
            best = other
    return best if best.parts > 1 else None


def _work(loop: Any) -> int:
    """About how many elementary operations on elements a loop takes."""
    program: Program = loop.program
    steps = sum(10 if step.op.name in LONG else 1 for step in program.body)
    passed = len(program.inputs) + len(program.outputs)
    size: int = prod(loop.shape)
    return (2 * passed + steps) * size


def _way(axis: int, nest: Sequence[Axis], reduces: bool, lanes: int) -> Split:
    """The most parts of an axis."""
    last = axis == len(nest) - 1
    unit = lanes or 1 if last else 1
    if last and reduces and not nest[axis].reduced:
        unit = max(unit, _PIECE)
    return Split(axis, min(CHUNKS, -(-nest[axis].length // unit)))


def _parts(way: Split) -> int:
    return way.parts
