"""The plan of a program: what runs as machine code, what in NumPy, and where the values lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tushuo.compile.codegen.gather import GATHERS
from tushuo.compile.codegen.support import single
from tushuo.compile.images import Group, grouped
from tushuo.compile.layout import View, layout, viewed
from tushuo.compile.memory import ALIGNMENT, Arena, Interval, plan
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.program import Instruction, Program, Value


@dataclass(frozen=True, eq=False)
class Task:
    """An instruction that computes, with the views that it reads and writes."""

    step: Instruction
    operands: tuple[View, ...]
    results: tuple[View, ...]

    @property
    def native(self) -> bool:
        """Whether it runs as machine code."""
        op = self.step.op
        return isinstance(op, Loop) or single(op, tuple(x.spec for x in self.step.operands))

    @property
    def checks(self) -> bool:
        """Whether it looks at indices, and may find one out of range."""
        return self.native and isinstance(self.step.op, GATHERS)


@dataclass(frozen=True, eq=False)
class Plan:
    """All that code generation and execution have to know.

    Attributes:
        program: The program.
        views: How each value is read.
        segments: Tasks in order; those of one segment are all machine code or all NumPy's.
        outside: The values that do not lie in the arena, in the order of their pointers: inputs,
            then outputs, then constants.
        arena: The places of all others.
        checks: The tasks that look at indices.
        groups: Those that run image by image.
    """

    program: Program
    views: dict[Value, View]
    segments: list[list[Task]]
    outside: tuple[Value, ...]
    outputs: tuple[Value, ...]
    arena: Arena
    checks: list[Task]
    groups: tuple[Group, ...] = ()

    @property
    def status_bytes(self) -> int:
        """The start of the arena, where kernels note what is wrong: a word for each that checks."""
        return -(-8 * len(self.checks) // ALIGNMENT) * ALIGNMENT

    @property
    def arena_bytes(self) -> int:
        """The length of the arena, status words and all."""
        return self.status_bytes + self.arena.size

    def offset(self, root: Value) -> int:
        """Where a value lies in the arena, in bytes."""
        return self.status_bytes + self.arena.offsets[root]


def planned(program: Program, by_image: bool = True) -> Plan:
    """The plan of an optimised program, some of it image by image unless that is forbidden."""
    views = layout(program)
    tasks = list(_tasks(program, views))
    own = {*program.inputs, *program.constants}
    outputs = tuple(dict.fromkeys(views[y].root for y in program.outputs if y not in own))
    constants = [x for x in program.constants if any(_reads(task, x) for task in tasks)]
    outside = (*program.inputs, *outputs, *constants)
    items: list[list[Task | Group]] = []
    for native, some in groupby(tasks, key=lambda task: task.native):
        these = list(some)
        items.append(grouped(these, tasks, set(outside)) if native and by_image else [*these])
    order = [item for segment in items for item in segment]
    arena = plan(list(_intervals(order, set(outside))))
    checks = [task for task in tasks if task.checks]
    segments = [[task for item in segment for task in _tasks_of(item)] for segment in items]
    groups = tuple(item for item in order if isinstance(item, Group))
    return Plan(program, views, segments, outside, outputs, arena, checks, groups)


def _tasks(program: Program, views: dict[Value, View]) -> Iterator[Task]:
    for step in program.body:
        if viewed(step, views) is None:
            operands = tuple(views[x] for x in step.operands)
            yield Task(step, operands, tuple(views[y] for y in step.results))


def _reads(task: Task, x: Value) -> bool:
    return any(view.root is x for view in task.operands)


def _tasks_of(item: Task | Group) -> tuple[Task, ...]:
    return item.tasks if isinstance(item, Group) else (item,)


def _intervals(items: Sequence[Task | Group], outside: set[Value]) -> Iterator[Interval]:
    """From the step that writes a buffer to the last one that reads it, both included.

    A group is one step.
    """
    first: dict[Value, int] = {}
    last: dict[Value, int] = {}
    inside: set[Value] = set()
    for i, item in enumerate(items):
        for task in _tasks_of(item):
            for view in task.results:
                first[view.root] = i
            for view in (*task.operands, *task.results):
                last[view.root] = i
        if isinstance(item, Group):
            inside |= set(item.inside.offsets)
            yield Interval(item.block, i, i)
    for value, start in first.items():
        if value not in outside | inside:
            yield Interval(value, start, last[value])
