"""The module of a kernel, and what makes two tasks' kernels equal."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import is_dataclass
from itertools import count
from typing import Any

from llvmlite import ir

from tushuo.compile.codegen import blas
from tushuo.compile.codegen.assembly import ASSEMBLIES, write_assembly
from tushuo.compile.codegen.dense import write_dense
from tushuo.compile.codegen.depthwise import write_depthwise
from tushuo.compile.codegen.gather import GATHERS, write_gather
from tushuo.compile.codegen.loops import write_loop
from tushuo.compile.codegen.product import write_product, write_tailed
from tushuo.compile.codegen.running import write_running
from tushuo.compile.codegen.support import RUNNING
from tushuo.compile.codegen.target import Module, Target
from tushuo.compile.codegen.transpose import turn_of, write_turn
from tushuo.compile.codegen.weigh_dense import write_dense_weight
from tushuo.compile.codegen.weigh_depthwise import write_depthwise_weight
from tushuo.compile.direct import Dense, DenseWeight, Depthwise, DepthwiseWeight, Direct, Rows
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.passes.tails import Tailed
from tushuo.compile.plan import Task
from tushuo.compile.program import Instruction, Program, Value, describe, lines
from tushuo.compile.signature import Same
from tushuo.compile.sources import sources
from tushuo.graph.op import Op

KERNEL = "kernel"
"""The name of the function in the module of a kernel."""


def write_kernel(task: Task, target: Target) -> str:
    """The text of LLVM's module for a task.

    The function takes a pointer to the first element of each operand and each result, and a task
    that looks at indices one more, to the word where it notes what is wrong.
    """
    module = Module("tushuo", target)
    _written(module, task, target).linkage = ""
    return str(module)


def _written(module: ir.Module, task: Task, target: Target) -> ir.Function:
    op: Any = task.step.op
    views = (*task.operands, *task.results)
    if isinstance(op, Direct) or (isinstance(op, Tailed) and isinstance(_first_op(op), Direct)):
        program = op.program if isinstance(op, Tailed) else _alone(task.step)
        kinds = type(program.body[0].op).__mro__
        write = next(WRITERS[kind] for kind in kinds if kind in WRITERS)
        return write(module, KERNEL, program, task.operands, task.results, target)
    if isinstance(op, Tailed):
        return write_tailed(module, KERNEL, op.program, task.operands, task.results, target)
    turn = turn_of(op, *views) if isinstance(op, Loop) and len(views) == 2 else None
    if turn is not None:
        return write_turn(module, KERNEL, turn, views, target)
    if isinstance(op, Loop):
        return write_loop(module, KERNEL, op, task.operands, task.results, target)
    if isinstance(op, GATHERS):
        return write_gather(module, KERNEL, op, task.operands, task.results[0])
    if isinstance(op, RUNNING):
        return write_running(module, KERNEL, op, task.operands, task.results[0])
    if isinstance(op, ASSEMBLIES):
        return write_assembly(module, KERNEL, op, task.operands, task.results[0])
    return write_product(module, KERNEL, op, task.operands, task.results[0], target)


def identity(task: Task) -> Hashable:
    """What makes the code of two tasks equal: operations, types, shapes and strides."""
    op = task.step.op
    ways = tuple((v.root.dtype, v.shape, v.strides) for v in (*task.operands, *task.results))
    inner = (type(op), op.shape, op.axes, _wiring(op.program)) if isinstance(op, Loop) else _own(op)
    return inner, ways


def portable(task: Task) -> str | None:
    """The same as text that means the same in other processes; None where there is none.

    That is so if the operations are the package's own, and their code can be read.
    """
    op = task.step.op
    ops = [step.op for step in op.program.body] if isinstance(op, Loop) else [op]
    version = sources()
    if version is None or not all(type(x).__module__.startswith(_OURS) for x in ops):
        return None
    text = "\n".join(lines(op.program)) if isinstance(op, Loop) else ""
    ways = [(v.root.dtype.str, v.shape, v.strides) for v in (*task.operands, *task.results)]
    return f"{version} {blas.vector_bytes()} {describe(op)} {text} {ways}"


_OURS = ("tushuo.compile.", "tushuo.graph.")  # what the version of the cache stands for


def _wiring(program: Program) -> Hashable:
    """A program, its values by number."""
    numbers = {x: i for i, x in enumerate((*program.inputs, *program.constants))}
    steps = []
    for step in program.body:
        steps.append((_own(step.op), tuple(numbers[x] for x in step.operands)))
        numbers.update(zip(step.results, count(len(numbers)), strict=False))
    known = tuple((repr(x.flat[0]), x.dtype) for x in program.constants.values())
    kinds = tuple((x.shape, x.dtype) for x in numbers)
    return kinds, known, tuple(steps), tuple(numbers[y] for y in program.outputs)


def _own(op: Op) -> Hashable:
    """What stands for an operation: its class and its fields, else the very same one."""
    if is_dataclass(op):
        try:
            hash(op)
        except TypeError:
            return Same(op)
        return op, describe(op)
    return Same(op) if getattr(op, "__dict__", None) else (type(op),)


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
"""Convolutions, and what writes their kernels and those of lower precision."""


def _first_op(op: Tailed) -> Op:
    return op.program.body[0].op
