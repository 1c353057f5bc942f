"""The module of a plan's segments: functions that call the kernels of tasks in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from tushuo.compile.codegen.byimage import write_group
from tushuo.compile.codegen.lane import BYTE, INT64
from tushuo.compile.codegen.target import Target
from tushuo.compile.images import Group
from tushuo.compile.layout import View
from tushuo.compile.plan import Plan, Task
from tushuo.compile.program import Value

BYTES = BYTE.as_pointer()

DATA = object.__basicsize__
"""Where CPython keeps the pointer to an array's elements: behind the head of every object."""

Naming = Callable[[Task], str]
"""The name of the kernel that computes a task."""


def write_segments(plan: Plan, target: Target, kernel: Naming) -> str:
    """The text of LLVM's module.

    A segment's function ``segment_0``, ... takes two pointers: to those to the objects of the
    outside values' arrays, in the order of the plan, and to the arena. Kernels are functions of
    other modules, asked for in the order in which they run.
    """
    writer = _Writer(plan, target, kernel)
    for number, tasks in enumerate(plan.segments):
        if tasks[0].native:
            writer.segment(number, tasks)
    return str(writer.module)


class _Writer:
    def __init__(self, plan: Plan, target: Target, kernel: Naming) -> None:
        self.plan, self.kernel = plan, kernel
        self.module = ir.Module("tushuo")
        self.module.triple = target.triple
        self._boxes = {x: i for i, x in enumerate(plan.outside)}
        self._checks = {task: i for i, task in enumerate(plan.checks)}
        self._groups = {task: group for group in plan.groups for task in group.tasks}

    def segment(self, number: int, tasks: Sequence[Task]) -> None:
        """Write the function that runs the tasks of a segment in order."""
        kind = ir.FunctionType(ir.VoidType(), [BYTES.as_pointer(), BYTES])
        function = ir.Function(self.module, kind, f"segment_{number}")
        boxes, arena = function.args
        b = ir.IRBuilder(function.append_basic_block("entry"))
        roots: dict[Value, ir.Value] = {}
        for task in tasks:
            group = self._groups.get(task)
            if group is not None:
                if task is group.tasks[0]:
                    b.call(self._group(group), [boxes, arena])
                continue
            args = []
            for view in (*task.operands, *task.results):
                if view.root not in roots:
                    roots[view.root] = self._start(b, view.root, boxes, arena)
                args.append(_first(b, roots[view.root], view))
            if task in self._checks:
                args.append(_moved(b, arena, 8 * self._checks[task]))
            self._call(b, task, args)
        b.ret_void()

    def _call(self, b: ir.IRBuilder, task: Task, args: Sequence[ir.Value]) -> None:
        name = self.kernel(task)
        function = self.module.globals.get(name)
        if function is None:
            kind = ir.FunctionType(ir.VoidType(), [BYTES] * len(args))
            function = ir.Function(self.module, kind, name)
        b.call(function, args)

    def _group(self, group: Group) -> ir.Function:
        """The function that runs a group of tasks image by image."""

        def image(
            b: ir.IRBuilder, boxes: ir.Value, arena: ir.Value, number: ir.Value, slot: ir.Value
        ) -> None:
            for part in group.parts:
                args = []
                views = (*part.task.operands, *part.task.results)
                for view, move in zip(views, part.moves, strict=True):
                    inside = group.inside.offsets.get(view.root)
                    if inside is not None:
                        args.append(_first(b, _moved(b, slot, inside), view))
                        continue
                    first = _first(b, self._start(b, view.root, boxes, arena), view)
                    size = ir.Constant(INT64, move * view.root.dtype.itemsize)
                    args.append(b.gep(first, [b.mul(number, size)]))
                self._call(b, part.task, args)

        name = f"group_{self.plan.groups.index(group)}"
        return write_group(self.module, name, group, self.plan.offset(group.block), image)

    def _start(self, b: ir.IRBuilder, root: Value, boxes: ir.Value, arena: ir.Value) -> ir.Value:
        """The pointer to a buffer."""
        if root in self._boxes:
            box = b.load(b.gep(boxes, [ir.Constant(INT64, self._boxes[root])]))
            return b.load(b.bitcast(_moved(b, box, DATA), BYTES.as_pointer()))
        return _moved(b, arena, self.plan.offset(root))


def _first(b: ir.IRBuilder, start: ir.Value, view: View) -> ir.Value:
    return _moved(b, start, view.offset * view.root.dtype.itemsize)


def _moved(b: ir.IRBuilder, pointer: ir.Value, distance: int) -> ir.Value:
    return b.gep(pointer, [ir.Constant(INT64, distance)]) if distance else pointer
