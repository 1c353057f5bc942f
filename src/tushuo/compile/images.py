"""Which tasks run image by image.

Layer by layer, a batch of images goes through memory again and again; image by image, what one
layer makes is still in the cache when the next one reads it, and what only these layers read needs
memory for one image a thread. This is done for runs of convolutions and of loops over maps that
are large enough in all, where each image's results depend on that image alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tushuo.compile.direct import MAPS
from tushuo.compile.layout import View
from tushuo.compile.memory import ALIGNMENT, Arena, Interval, plan
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.op import Shape

if TYPE_CHECKING:
    from tushuo.compile.plan import Task

POSITIONS = 128
"""Maps of fewer positions an image stay together: weights are read once for all images then."""

BYTES = 4 << 20
"""How large a value must be to begin with: more than a cache keeps for the next task."""


@dataclass(frozen=True, eq=False)
class Group:
    """A run of tasks for one image after the other.

    Attributes:
        tasks: The tasks, for all images.
        parts: The same for one image; their views of inside values are those of the first image.
        images: How many images there are.
        inside: Where values lie that only these tasks use, an image each.
        slots: How many images may be under way at the same time.
        block: Stands for the slots in the plan of memory.
    """

    tasks: tuple[Task, ...]
    parts: tuple[Part, ...]
    images: int
    inside: Arena
    slots: int
    block: Value

    @property
    def slot_bytes(self) -> int:
        """The length of a slot."""
        return self.inside.size


@dataclass(frozen=True, eq=False)
class Part:
    """A task for one image.

    Attributes:
        task: The task.
        moves: For each of its views, from image to image, in elements.
    """

    task: Task
    moves: tuple[int, ...]


def grouped(
    tasks: Sequence[Task], program: Sequence[Task], outside: set[Value]
) -> list[Task | Group]:
    """Tasks in an order in which they can run, those image by image in groups.

    Args:
        tasks: Tasks of machine code.
        program: All tasks.
        outside: Values that need a buffer for all images: inputs, outputs and constants.
    """
    found: list[Task | Group] = []
    for run in _runs(tasks):
        if len(run) == 1:
            found += run
        else:
            found.append(_group(run, [t for t in program if t not in run], outside))
    return found


def _runs(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Runs of tasks that can go image by image, and others alone.

    A run begins with a task of large values. What reads nothing of it goes before it, what does
    and cannot be a part of it, after it.
    """
    rest = list(tasks)
    while rest:
        before, run, rest = _first_run(rest)
        yield from _runs(before) if run else ([task] for task in before)
        if run:
            yield run


def _first_run(tasks: Sequence[Task]) -> tuple[list[Task], list[Task], list[Task]]:
    """The tasks before the first run, the run, and the tasks after it."""
    before: list[Task] = []
    run: list[Task] = []
    after: list[Task] = []
    made: set[Value] = set()
    late: set[Value] = set()
    for task in tasks:
        reads = {view.root for view in task.operands}
        part = None if reads & late else _part(task)
        if part is not None and (_fits(run, task, part) if run else _is_large(task)):
            run.append(task)
            made |= {view.root for view in task.results}
        elif reads & (made | late):
            after.append(task)
            late |= {view.root for view in task.results}
        else:
            before.append(task)
    return before, run, after


def _fits(run: Sequence[Task], task: Task, part: Part) -> bool:
    """Whether a task has the images of a run, and what it reads of the run is of the same image."""
    if _images(task) != _images(run[0]):
        return False
    made = {view.root for one in run for view in one.results}
    views = zip(task.operands, part.moves, strict=False)
    return all(_own_image(v, move, _images(task)) for v, move in views if v.root in made)


def _own_image(view: View, move: int, images: int) -> bool:
    """Whether each image of a view is a stretch of its buffer, all as long and in order."""
    size = view.root.size // images
    axes = zip(view.shape[1:], view.strides[1:], strict=True)
    last = view.offset + sum((n - 1) * step for n, step in axes)
    return move == size and min((*view.strides, view.offset)) >= 0 and last < size


def _is_large(task: Task) -> bool:
    """Whether one of its values is more than a cache keeps for the next task."""
    return any(view.root.nbytes >= BYTES for view in (*task.operands, *task.results))


def _images(task: Task) -> int:
    return task.results[0].shape[0]


def _part(task: Task) -> Part | None:
    """A task for one image, None where there is no such thing."""
    op: Any = task.step.op
    shape: Shape = op.shape if isinstance(op, Loop) else task.results[0].shape
    axes = op.axes if isinstance(op, Loop) else ()
    fits = isinstance(op, (*MAPS, Loop)) and len(shape) >= 4 and 0 not in axes
    if not fits or shape[0] < 2 or prod(shape[2:]) < POSITIONS:
        return None
    if isinstance(op, Loop):
        known = _narrowed_values(op.program, shape)
        op = replace(op, shape=(1, *shape[1:]), program=_narrowed(op.program, known))
    views = (*task.operands, *task.results)
    count = len(task.operands)
    batch = [i >= count or _has_images(v.shape, shape) for i, v in enumerate(views)]
    moves = tuple(v.strides[0] if own else 0 for v, own in zip(views, batch, strict=True))
    narrow = [_first(v) if own else v for v, own in zip(views, batch, strict=True)]
    written = zip(task.results, moves[count:], strict=True)
    if not all(_own_image(v, move, shape[0]) for v, move in written):
        return None
    values = [Value(v.shape, v.root.dtype) for v in narrow]
    step = Instruction(op, tuple(values[:count]), tuple(values[count:]), task.step.source)
    part = replace(task, step=step, operands=tuple(narrow[:count]), results=tuple(narrow[count:]))
    return Part(part, moves)


def _first(view: View) -> View:
    """The first image of a view."""
    return View(view.root, (1, *view.shape[1:]), (0, *view.strides[1:]), view.offset)


def _has_images(shape: Shape, full: Shape) -> bool:
    return len(shape) == len(full) and shape[0] == full[0]


def _narrowed_values(program: Program, shape: Shape) -> dict[Value, Value]:
    """The values of a loop, each for one image."""
    made = set(program.producers())
    known = {}
    for x in (*program.inputs, *program.constants, *program.producers()):
        own = x in made or _has_images(x.shape, shape)
        known[x] = Value((1, *x.shape[1:]), x.dtype) if own else x
    return known


def _narrowed(program: Program, known: dict[Value, Value]) -> Program:
    """The program of a loop, for one image."""

    def each(values: Sequence[Value]) -> tuple[Value, ...]:
        return tuple(known[x] for x in values)

    constants = {
        known[x]: np.broadcast_to(array.flat[0], known[x].shape)
        for x, array in program.constants.items()
    }
    body = [replace(s, operands=each(s.operands), results=each(s.results)) for s in program.body]
    return Program(each(program.inputs), constants, tuple(body), each(program.outputs))


def _group(run: Sequence[Task], others: Sequence[Task], outside: set[Value]) -> Group:
    """The group of a run."""
    parts = tuple(part for part in map(_part, run) if part is not None)
    images = _images(run[0])
    read = {view.root for task in others for view in (*task.operands, *task.results)}
    made = {view.root for task in run for view in task.results}
    inside = _inside([x for x in made if x not in read | outside], run, images)
    slots = min(images, os.cpu_count() or 1, 64)
    block = Value((ALIGNMENT + slots * inside.size,), np.dtype(np.uint8))
    return Group(tuple(run), parts, images, inside, slots, block)


def _inside(values: Sequence[Value], run: Sequence[Task], images: int) -> Arena:
    """Places for one image of values."""
    one = {x: Value((x.nbytes // images,), np.dtype(np.uint8)) for x in values}
    intervals = []
    for x in values:
        times = [
            i
            for i, task in enumerate(run)
            if any(view.root is x for view in (*task.operands, *task.results))
        ]
        intervals.append(Interval(one[x], times[0], times[-1]))
    found = plan(intervals)
    return found._replace(offsets={x: found.offsets[one[x]] for x in values})
