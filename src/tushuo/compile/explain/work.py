"""What a task has to do: over which shape, how many operations, how many bytes."""

from __future__ import annotations

from math import prod
from typing import Any

from tushuo.compile.codegen.gather import GATHERS
from tushuo.compile.codegen.support import PRODUCTS, VIEWS
from tushuo.compile.direct import MAPS, Direct
from tushuo.compile.layout import View
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.passes.tails import Tailed
from tushuo.compile.passes.views import Copy
from tushuo.compile.plan import Task
from tushuo.compile.program import Instruction, Value
from tushuo.graph.op import Op, Shape
from tushuo.graph.ops.movement import AsType

_MOVES = (*VIEWS, Copy, AsType)
"""Operations of loops that compute nothing."""


def work(task: Task) -> tuple[Shape, int]:
    """What a task runs over, (m, n, k) of a product, and its floating-point operations.

    An exponential counts as one operation, and so does a comparison.
    """
    op: Any = task.step.op
    first: Op = op.program.body[0].op if isinstance(op, Tailed) else op
    result = task.results[0].shape
    if isinstance(op, Tailed):
        after = prod(op.shape) * _operations(op.program.body[1:])
        shape, flops = _product(first, task, op.shape)
        return shape, flops + after
    if isinstance(op, Loop):
        return op.shape, prod(op.shape) * _operations(op.program.body)
    if isinstance(op, (Direct, *PRODUCTS)):
        return _product(first, task, result)
    return result, 0


def _product(op: Op, task: Task, result: Shape) -> tuple[Shape, int]:
    if isinstance(op, Direct):
        maps = result if isinstance(op, MAPS) else task.operands[1].shape
        return task.results[0].shape, op.flops(task.operands[0].shape, maps[1])
    k = task.operands[0].shape[-1]
    return (*result, k), 2 * prod(result) * k


def _operations(body: tuple[Instruction, ...]) -> int:
    return sum(not isinstance(step.op, _MOVES) for step in body)


def moved(task: Task) -> int:
    """The bytes that a task reads and writes, each once."""
    seen: dict[Value, int] = {}
    for i, view in enumerate((*task.operands, *task.results)):
        size = _seen(view)
        if i == 0 and isinstance(task.step.op, GATHERS):
            size = min(size, _seen(task.results[0]))
        seen[view.root] = min(seen.get(view.root, 0) + size, view.root.nbytes)
    return sum(seen.values())


def _seen(view: View) -> int:
    """The bytes of a buffer that a view reaches."""
    axes = zip(view.shape, view.strides, strict=True)
    return prod(n for n, step in axes if step) * view.root.dtype.itemsize if view.root.size else 0
