"""Many steps in one call: a loop of which Python sees only the beginning and the end."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.codegen.drive import driver
from tushuo.compile.codegen.segments import DATA
from tushuo.compile.executable import Executable
from tushuo.compile.memory import aligned
from tushuo.compile.passes.tails import Tailed
from tushuo.compile.plan import Plan, Task
from tushuo.compile.program import Value
from tushuo.compile.signature import is_tensor
from tushuo.errors import CompileError, ShapeError
from tushuo.graph.tree import named_leaves


class Carried(NamedTuple):
    """What a scan returns: the last carry, and for each other output all steps' values."""

    carry: list[np.ndarray]
    stacked: list[np.ndarray]


def steps_of(arrays: Sequence[np.ndarray]) -> int:
    """The common length of the first axes.

    Raises:
        ShapeError: There is none, or they differ.
    """
    lengths = {x.shape[0] if x.ndim else -1 for x in arrays}
    if len(lengths) != 1 or -1 in lengths or 0 in lengths:
        raise ShapeError(
            f"scan needs arrays with one step a row, got shapes {[x.shape for x in arrays]}",
            hint="stack the steps along a new first axis",
        )
    return lengths.pop()


def check_pair(carry: Any, result: Any, count: int) -> None:
    """Require a result (carry, more) whose carry is a tree like the one given, of Tensors alone.

    Args:
        carry: A tree, with values.
        result: What the step returned.
        count: How many different arrays the carry has.

    Raises:
        CompileError: It is another.
    """
    given = named_leaves(carry)
    if isinstance(result, tuple) and len(result) == 2:
        returned = named_leaves(result[0])
        tensors = all(is_tensor(x) for _, x in (*given, *returned))
        if tensors and len(given) == count and [x for x, _ in given] == [x for x, _ in returned]:
            return
    raise CompileError(
        "scan needs a function from (carry, row) to (carry, more), the carries trees of the same "
        "structure, of Tensors that stand in one place each",
        hint="put numbers into Tensors, and return (carry, None) if there is nothing more",
    )


def check_carry(program_inputs: Sequence[Value], outputs: Sequence[Value]) -> None:
    """Require that a step returns a carry of the types that it takes.

    Raises:
        CompileError: It does not.
    """
    taken, given = [x.spec for x in program_inputs], [y.spec for y in outputs]
    if taken != given:
        raise CompileError(
            f"scan needs a step that returns the carry it takes: it takes {list(program_inputs)} "
            f"and returns {list(outputs)}",
            hint="cast and shape the new carry like the old one",
        )


def scanned(
    executable: Executable, carry: Sequence[np.ndarray], rows: Sequence[np.ndarray], steps: int
) -> Carried:
    """The results of many steps.

    Args:
        executable: A step from (carry, row) to (carry, more).
        carry: The arrays of the first carry.
        rows: Arrays whose first axis counts the steps.
        steps: How many.
    """
    if executable.single and all(kind == "output" for kind, *_ in executable.returns):
        return _in_one_call(executable, carry, rows, steps)
    return _one_by_one(executable, carry, rows, steps)


def _one_by_one(
    executable: Executable, carry: Sequence[np.ndarray], rows: Sequence[np.ndarray], steps: int
) -> Carried:
    state, found = list(carry), []
    for i in range(steps):
        results = executable([*state, *(np.asarray(x[i]) for x in rows)])
        state = results[: len(carry)]
        found.append(results[len(carry) :])
    return Carried(state, [np.stack(column) for column in zip(*found, strict=True)])


def _in_one_call(
    executable: Executable, carry: Sequence[np.ndarray], rows: Sequence[np.ndarray], steps: int
) -> Carried:
    """Two sets of arrays for the carry take turns, but for those that a step may overwrite.

    What else there is moves on a row a step.
    """
    plan, count = executable.plan, len(carry)
    now = [aligned(x.shape, x.dtype) for x in carry]
    kept = _updated_in_place(plan, count)
    following = [now[i] if i in kept else aligned(x.shape, x.dtype) for i, x in enumerate(carry)]
    for x, first in zip(now, carry, strict=True):
        x[...] = first
    stacked = [np.empty((steps, *y.shape), y.dtype) for y in plan.program.outputs[count:]]
    places = {y: i for i, y in enumerate(plan.outside)}
    roots = [places[plan.views[y].root] for y in plan.program.outputs]
    outside = dict(zip(range(count + len(rows)), [*now, *rows], strict=True))
    outside.update(zip(roots, [*following, *stacked], strict=True))
    outside.update(zip(executable.constant_places, executable.constants, strict=True))
    pointers = np.array([outside[i].ctypes.data for i in range(len(plan.outside))], np.uint64)
    moves = [(count + i, x[0].nbytes) for i, x in enumerate(rows)]
    moves += [(roots[count + i], y[0].nbytes) for i, y in enumerate(stacked)]
    swaps = [(i, roots[i]) for i in range(count) if i not in kept]
    _drive(executable, steps, pointers, moves, swaps)
    return Carried(now if steps % 2 == 0 else following, stacked)


def _updated_in_place(plan: Plan, count: int) -> set[int]:
    """The numbers of the carried arrays whose new elements may take the places of the old ones."""
    tasks = [task for segment in plan.segments for task in segment]
    inputs, outputs = plan.program.inputs[:count], plan.program.outputs[:count]
    return {
        i
        for i, (x, y) in enumerate(zip(inputs, outputs, strict=True))
        if _may_overwrite(tasks, x, plan.views[y].root)
    }


def _may_overwrite(tasks: Sequence[Task], x: Value, y: Value) -> bool:
    """Whether ``x`` is last read where ``y`` is written, and there each element at its place."""
    last = max((i for i, t in enumerate(tasks) if any(v.root is x for v in t.operands)), default=0)
    made = next((i for i, t in enumerate(tasks) if any(v.root is y for v in t.results)), -1)
    if made < last or not isinstance(tasks[made].step.op, Tailed):
        return False
    task = tasks[made]
    place = next(v[1:] for v in task.results if v.root is y)
    reads = [v for v in task.operands if v.root is x]
    factors = [v for v in task.operands[:2] if v.root is x]
    return not factors and all(v[1:] == place for v in reads)


def _drive(
    executable: Executable,
    steps: int,
    pointers: np.ndarray,
    moves: list[tuple[int, int]],
    swaps: list[tuple[int, int]],
) -> None:
    first = pointers.ctypes.data - DATA  # what the code takes for objects of arrays
    boxes = (ctypes.c_void_p * len(pointers))(*range(first, first + pointers.nbytes, 8))
    tables = [np.array(table or [(0, 0)], np.int64) for table in (moves, swaps)]
    with executable.arena() as address:
        driver()(
            executable.address,
            steps,
            ctypes.addressof(boxes),
            address,
            pointers.ctypes.data,
            len(moves),
            tables[0].ctypes.data,
            len(swaps),
            tables[1].ctypes.data,
        )
