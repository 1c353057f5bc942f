"""The module of machine code for a plan: one function a segment, one for each kind of kernel."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from llvmlite import ir

from tushuo.compile.codegen.assembly import ASSEMBLIES, write_assembly
from tushuo.compile.codegen.byimage import write_group
from tushuo.compile.codegen.dense import write_dense
from tushuo.compile.codegen.depthwise import write_depthwise
from tushuo.compile.codegen.gather import GATHERS, write_gather
from tushuo.compile.codegen.lane import BYTE, INT64, memory_type
from tushuo.compile.codegen.loops import write_loop
from tushuo.compile.codegen.product import write_product, write_tailed
from tushuo.compile.codegen.target import Target
from tushuo.compile.codegen.transpose import turn_of, write_turn
from tushuo.compile.codegen.weigh_dense import write_dense_weight
from tushuo.compile.codegen.weigh_depthwise import write_depthwise_weight
from tushuo.compile.direct import Dense, DenseWeight, Depthwise, DepthwiseWeight, Direct, Rows
from tushuo.compile.images import Group
from tushuo.compile.layout import View
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.passes.tails import Tailed
from tushuo.compile.plan import Plan, Task
from tushuo.compile.program import Instruction, Program, Value, describe, lines
from tushuo.graph.op import Op

BYTES = BYTE.as_pointer()

DATA = object.__basicsize__
"""Where CPython keeps the pointer to an array's elements: behind the head of every object."""


def write_module(plan: Plan, target: Target) -> tuple[str, list[str]]:
    """The text of LLVM's module, and the names of the kernels that the tasks call.

    A segment's function ``segment_0``, ... takes two pointers: to those to the objects of the
    outside values' arrays, in the order of the plan, and to the arena.
    """
    writer = _Writer(plan, target)
    for number, tasks in enumerate(plan.segments):
        if tasks[0].native:
            writer.segment(number, tasks)
    return str(writer.module), writer.kernels


class _Writer:
    def __init__(self, plan: Plan, target: Target) -> None:
        self.plan, self.target = plan, target
        self.module = ir.Module("tushuo")
        self.module.triple = target.triple
        self.kernels: list[str] = []
        self._known: dict[Hashable, ir.Function] = {}
        self._boxes = {x: i for i, x in enumerate(plan.outside)}

    def segment(self, number: int, tasks: Sequence[Task]) -> None:
        """Write the function that runs the tasks of a segment in order."""
        kind = ir.FunctionType(ir.VoidType(), [BYTES.as_pointer(), BYTES])
        function = ir.Function(self.module, kind, f"segment_{number}")
        boxes, arena = function.args
        b = ir.IRBuilder(function.append_basic_block("entry"))
        roots: dict[Value, ir.Value] = {}
        groups = {task: group for group in self.plan.groups for task in group.tasks}
        for task in tasks:
            if task in groups:
                if task is groups[task].tasks[0]:
                    b.call(self._group(groups[task]), [boxes, arena])
                continue
            kernel = self._kernel(task)
            args = []
            for view in (*task.operands, *task.results):
                if view.root not in roots:
                    roots[view.root] = self._start(b, view.root, boxes, arena)
                args.append(_first(b, roots[view.root], view))
            if task.checks:
                args.append(b.gep(arena, [ir.Constant(INT64, 8 * self.plan.checks.index(task))]))
            b.call(kernel, args)
            self.kernels.append(kernel.name)
        b.ret_void()

    def _group(self, group: Group) -> ir.Function:
        """The function that runs a group of tasks image by image."""

        def image(
            b: ir.IRBuilder, boxes: ir.Value, arena: ir.Value, number: ir.Value, slot: ir.Value
        ) -> None:
            for part in group.parts:
                kernel, args = self._kernel(part.task), []
                views = (*part.task.operands, *part.task.results)
                for view, move in zip(views, part.moves, strict=True):
                    inside = group.inside.offsets.get(view.root)
                    if inside is not None:
                        args.append(_first(b, b.gep(slot, [ir.Constant(INT64, inside)]), view))
                        continue
                    first = _first(b, self._start(b, view.root, boxes, arena), view)
                    args.append(b.gep(first, [b.mul(number, ir.Constant(INT64, move))]))
                b.call(kernel, args)
                self.kernels.append(kernel.name)

        name = f"group_{self.plan.groups.index(group)}"
        return write_group(self.module, name, group, self.plan.offset(group.block), image)

    def _start(self, b: ir.IRBuilder, root: Value, boxes: ir.Value, arena: ir.Value) -> ir.Value:
        """The pointer to a buffer."""
        if root in self._boxes:
            box = b.load(b.gep(boxes, [ir.Constant(INT64, self._boxes[root])]))
            place = b.bitcast(b.gep(box, [ir.Constant(INT64, DATA)]), BYTES.as_pointer())
            return b.load(place)
        return b.gep(arena, [ir.Constant(INT64, self.plan.offset(root))])

    def _kernel(self, task: Task) -> ir.Function:
        """The function that computes a task; equal tasks share one."""
        key = _key(task)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._written(task)
        return found

    def _convolution(self, name: str, task: Task) -> ir.Function:
        step, op = task.step, task.step.op
        program = op.program if isinstance(op, Tailed) else _alone(step)
        write = WRITERS[type(program.body[0].op)]
        return write(self.module, name, program, task.operands, task.results, self.target)

    def _written(self, task: Task) -> ir.Function:
        op: Any = task.step.op
        name = f"kernel_{len(self._known)}"
        views = (*task.operands, *task.results)
        if isinstance(op, Direct) or (isinstance(op, Tailed) and isinstance(_first_op(op), Direct)):
            return self._convolution(name, task)
        if isinstance(op, Tailed):
            args = op.program, task.operands, task.results, self.target
            return write_tailed(self.module, name, *args)
        turn = turn_of(op, *views) if isinstance(op, Loop) and len(views) == 2 else None
        if turn is not None:
            return write_turn(self.module, name, turn, views, self.target)
        if isinstance(op, Loop):
            return write_loop(self.module, name, op, task.operands, task.results, self.target)
        if isinstance(op, GATHERS):
            return write_gather(self.module, name, op, task.operands, task.results[0])
        if isinstance(op, ASSEMBLIES):
            return write_assembly(self.module, name, op, task.operands, task.results[0])
        return write_product(self.module, name, op, task.operands, task.results[0], self.target)


def _alone(step: Instruction) -> Program:
    """The program of one instruction."""
    inputs = tuple(Value(x.shape, x.dtype) for x in step.operands)
    (result,) = (Value(y.shape, y.dtype) for y in step.results)
    return Program(inputs, {}, (Instruction(step.op, inputs, (result,)),), (result,))


WRITERS: dict[type[Op], Callable[..., ir.Function]] = {
    Dense: write_dense,
    Rows: write_dense,
    Depthwise: write_depthwise,
    DenseWeight: write_dense_weight,
    DepthwiseWeight: write_depthwise_weight,
}
"""Convolutions, and what writes their kernels."""


def _first_op(op: Tailed) -> Op:
    return op.program.body[0].op


def _key(task: Task) -> Hashable:
    """What makes the code of two tasks equal: operations, types, shapes and strides."""
    op: Any = task.step.op
    text = "\n".join(lines(op.program)) if isinstance(op, Loop) else ""
    views = (*task.operands, *task.results)
    ways = tuple((v.root.dtype.name, v.shape, v.strides) for v in views)
    axes = (op.shape, op.axes) if isinstance(op, Loop) else ()
    return describe(op), text, ways, axes


def _first(b: ir.IRBuilder, start: ir.Value, view: View) -> ir.Value:
    kind = memory_type(view.root.dtype).as_pointer()
    pointer = b.bitcast(start, kind)
    return b.gep(pointer, [ir.Constant(INT64, view.offset)]) if view.offset else pointer
