"""Why operations are one kernel, and why others are not: by the rules of the passes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tushuo.compile.codegen.support import PRODUCTS
from tushuo.compile.direct import MAPS, Direct
from tushuo.compile.explain.kernel import Apart
from tushuo.compile.layout import viewed
from tushuo.compile.passes.fuse import Loop, unlike
from tushuo.compile.passes.tails import Tailed, obstacle
from tushuo.compile.plan import Plan, Task
from tushuo.compile.program import Instruction, Program, Value

_BETWEEN = "what lies between needs the one and is needed by the other"


def fused(task: Task) -> str:
    """Why the operations of a task are together."""
    op: Any = task.step.op
    if not task.native:
        return "there is no machine code for it"
    if isinstance(op, Tailed):
        count = len(op.program.body) - 1
        return f"{_many(count)} on the vectors of the product before they leave the registers"
    if not isinstance(op, Loop):
        return "a kernel of its own"
    count = len(op.program.body)
    if count == 1:
        return "one operation"
    ends = " and its sums" if op.axes else ""
    return f"{_many(count)} in one pass over {_lengths(op.shape)}{ends}; no memory in between"


class Reasons:
    """Why the kernels of a plan are apart.

    Args:
        plan: The plan.
        first: The number of its first kernel.
    """

    def __init__(self, plan: Plan, first: int = 0) -> None:
        tasks = [task for segment in plan.segments for task in segment]
        self._plan = plan
        self._uses = plan.program.uses()
        self._makers = plan.program.producers()
        self._number = {task.step: i for i, task in enumerate(tasks, first)}
        self._native = {task.step: task.native for task in tasks}

    def apart(self, task: Task) -> tuple[Apart, ...]:
        """For each kernel that a task reads from, why they are two."""
        found: dict[int, str] = {}
        for x in task.step.operands:
            maker, through = self._kernel(x)
            if maker is not None:
                why, number = self._why(task.step, x, maker, through), self._number[maker]
                if found.get(number, _BETWEEN) == _BETWEEN:
                    found[number] = why
        return tuple(Apart(number, why) for number, why in found.items())

    def _kernel(self, x: Value) -> tuple[Instruction | None, str]:
        """The kernel that makes a value, and the last movement that it is read through."""
        maker, through = self._makers.get(x), ""
        while maker is not None and viewed(maker, self._plan.views) is not None:
            through = through or maker.op.name
            maker = self._makers.get(maker.operands[0])
        return maker, through

    def _why(self, step: Instruction, x: Value, maker: Instruction, through: str) -> str:
        if not (self._native[step] and self._native[maker]):
            return "one of them runs in NumPy"
        if _reads_whole(step, x):
            return f"{_first(step)} reads it again and again, so it has to be complete"
        if through:
            return f"it is read by {through}, in another shape or order"
        if isinstance(step.op, Tailed):
            return "it is the tail of another product"
        if isinstance(maker.op, (*PRODUCTS, *MAPS)):
            why = obstacle(step, x, maker, self._plan.views, self._uses)
            return why or "the product has another tail"
        if not isinstance(maker.op, Loop) or not isinstance(step.op, Loop):
            name = maker.op.name if not isinstance(maker.op, Loop) else _first(step)
            return f"{name} is a kernel of its own"
        shapes = maker.op.shape, maker.op.axes, step.op.shape, step.op.axes
        return unlike(x, *shapes) or self._other(maker, step)

    def _other(self, maker: Instruction, step: Instruction) -> str:
        if any(one.op.name == "Copy" for one in _body(step)):
            return "a copy in another order is fastest alone"
        if isinstance(maker.op, Tailed):
            return "the product before has its tail already"
        return _BETWEEN


def _reads_whole(step: Instruction, x: Value) -> bool:
    """Whether a value is a factor of a product, or read by a kernel of its own kind."""
    if isinstance(step.op, Tailed):
        return x in step.operands[:2]
    return isinstance(step.op, (*PRODUCTS, Direct))


def _body(step: Instruction) -> Iterator[Instruction]:
    inner: Program | None = getattr(step.op, "program", None)
    yield from (step,) if inner is None else inner.body


def _first(step: Instruction) -> str:
    return next(_body(step)).op.name


def _many(count: int) -> str:
    return "one operation" if count == 1 else f"{count} operations"


def _lengths(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one element"
