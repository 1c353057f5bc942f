"""Copies where an operand cannot be read from the buffer that it lies in, or only slowly."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from tushuo.compile.codegen.product import wants_copy, wants_turn
from tushuo.compile.codegen.support import PRODUCTS
from tushuo.compile.direct import Direct
from tushuo.compile.layout import View, layout, viewed, whole
from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.node import Source
from tushuo.graph.op import Elementwise, Op
from tushuo.graph.ops import movement
from tushuo.graph.ops.matmul import Inner


class Copy(Elementwise):
    """The elements, in a buffer of their own."""

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The elements."""
        return inputs[0]


COPY = Copy()


def copies(program: Program) -> Program:
    """The program with copies for reshapings and products, and of outputs that share memory.

    An output is a buffer of its own, unless it is an input or a constant and returned as it is.
    """
    views = layout(program)
    body: list[Instruction] = []
    known: dict[tuple[Value, bool], Value] = {}
    for step in program.body:
        new = {}
        for x in _to_copy(step, views):
            key = x, _by_channels(x, step)
            new[x] = known[key] = known.get(key) or _copy(x, views, body, step)
        operands = tuple(new.get(x, x) for x in step.operands)
        body.append(replace(step, operands=operands) if new else step)
    taken: set[Value] = set()
    own = {*program.inputs, *program.constants}
    outputs = []
    for y in program.outputs:
        if y not in own and (views[y].root in own | taken or not _complete(views[y])):
            y = _copy(y, views, body, None)
        taken.add(views[y].root)
        outputs.append(y)
    return program.with_body(body, outputs)


def _to_copy(step: Instruction, views: dict[Value, View]) -> list[Value]:
    """The operands that an instruction cannot read as they lie, or not well."""
    if isinstance(step.op, movement.Reshape):
        return [] if viewed(step, views) else [step.operands[0]]
    if isinstance(step.op, Direct):
        return [x for i, x in enumerate(step.operands) if not _reads(step.op, i, views[x])]
    if isinstance(step.op, PRODUCTS) and wants_turn(step.op, *(views[x] for x in step.operands)):
        return [step.operands[0]]
    if isinstance(step.op, PRODUCTS) and wants_copy(step.op, *(views[x] for x in step.operands)):
        if isinstance(step.op, Inner):
            return [x for x in step.operands if views[x].strides[-1] != 1]
        return [step.operands[1]]
    return []


def _reads(op: Direct, i: int, view: View) -> bool:
    """Whether a convolution can read an operand: weights in order, channels side by side."""
    if len(view.shape) != 4:
        return view.contiguous
    return i not in op.by_channels or view.strides[1] == 1 or view.shape[1] == 1


def _copy(
    x: Value, views: dict[Value, View], body: list[Instruction], step: Instruction | None
) -> Value:
    source = step.source if step else None
    if step is None or not _by_channels(x, step):
        return _moved(COPY, x, views, body, source)
    last = _moved(movement.PermuteDims((0, 2, 3, 1)), x, views, body, source)
    copied = _moved(COPY, last, views, body, source)
    return _moved(movement.PermuteDims((0, 3, 1, 2)), copied, views, body, source)


def _by_channels(x: Value, step: Instruction) -> bool:
    """Whether a copy for an instruction is one of images, with their channels side by side."""
    return isinstance(step.op, Direct) and len(x.shape) == 4


def _moved(
    op: Op, x: Value, views: dict[Value, View], body: list[Instruction], source: Source | None
) -> Value:
    """The result of a movement, which is now part of the program."""
    result = Value(*op.infer(x.spec))
    step = Instruction(op, (x,), (result,), source)
    body.append(step)
    views[result] = viewed(step, views) or whole(result)
    return result


def _complete(view: View) -> bool:
    return view.contiguous and view.root.size == prod(view.shape)
