"""Recomputation: what later loops make as quickly as they read it is not kept for them.

A derivative like ``1 - t * t`` of a hyperbolic tangent is two operations away from ``t``, which is
kept anyway, and logits less their maximum are one away from the logits. A loop that reads those in
its place saves the memory for the other ones, and the time to write them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tushuo.compile.codegen.support import PRODUCTS
from tushuo.compile.direct import MAPS
from tushuo.compile.passes.dead import prune
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.program import Instruction, Program, Value

_FAR = 1 << 16
"""From how many bytes on; less is still in the nearest cache when it is read."""

_FEW = 4
"""How many operations take no longer than reading."""

_SLACK = 1.125
"""How many times as much may be read: rows and columns beside what is as large."""

_QUICK = frozenset(
    (
        *(
            "Add",
            "Subtract",
            "Multiply",
            "GuardedMultiply",
            "Square",
            "Negative",
            "AsType",
            "Where",
        ),
        *(
            "Greater",
            "GreaterEqual",
            "Less",
            "LessEqual",
            "Equal",
            "NotEqual",
            "Maximum",
            "Minimum",
        ),
    )
)


class _Recipe(NamedTuple):
    """How a loop makes a value of others that it reads or keeps."""

    steps: Sequence[Instruction]
    leaves: Sequence[Value]
    program: Program


def recompute(program: Program) -> Program:
    """The program whose loops keep less for later ones."""
    found = _Program(program)
    for i, step in enumerate(program.body):
        if isinstance(step.op, Loop):
            for y in reversed(step.results):
                found.drop(i, y)
    return program.with_body([s for s in found.body if s.results]) if found.changed else program


class _Program:
    """A program whose loops change.

    Attributes:
        body: Its instructions.
        changed: Whether they are others.
    """

    def __init__(self, program: Program) -> None:
        self.body = list(program.body)
        self.changed = False
        self._outputs = set(program.outputs)
        self._makers = program.producers()
        self._readers: dict[Value, list[int]] = {}
        for i, step in enumerate(program.body):
            for x in step.operands:
                self._readers.setdefault(x, []).append(i)

    def drop(self, i: int, y: Value) -> None:
        """Let the readers of a loop's result make it themselves, if all of them can."""
        step = self.body[i]
        recipe = None if y.nbytes < _FAR or y in self._outputs else _recipe(step, y)
        readers = self._readers.get(y, [])
        if recipe is None or self._takes_tail(recipe, step):
            return
        if not all(_may(self.body[j], y, recipe) for j in readers):
            return
        for j in readers:
            for x in recipe.leaves:
                if x not in self.body[j].operands:
                    self._readers.setdefault(x, []).append(j)
            self.body[j] = _making(self.body[j], y, recipe)
        self.body[i] = _without(step, y)
        self.changed = True

    def _takes_tail(self, recipe: _Recipe, step: Instruction) -> bool:
        """Whether others would read a product that a loop alone can be a tail of."""
        makers = (self._makers.get(x) for x in recipe.leaves if x in step.operands)
        products = any(m is not None and isinstance(m.op, (*PRODUCTS, *MAPS)) for m in makers)
        return products and not step.op.axes  # type: ignore[attr-defined]


def _recipe(step: Instruction, y: Value) -> _Recipe | None:
    """How a loop makes one of its results of its other ones and of what it reads."""
    program: Program = step.op.program  # type: ignore[attr-defined]
    kept = set(step.results) - {y}
    needed: dict[Value, None] = {y: None}
    steps: list[Instruction] = []
    for one in reversed(program.body):
        if one.result in needed and one.result not in kept:
            steps.insert(0, one)
            del needed[one.result]
            needed.update(dict.fromkeys(one.operands))
    leaves = tuple(x for x in needed if x not in program.constants)
    quick = len(steps) <= _FEW and all(one.op.name in _QUICK for one in steps)
    return _Recipe(steps, leaves, program) if quick else None


def _may(reader: Instruction, y: Value, recipe: _Recipe) -> bool:
    """Whether a loop can make a value, and reads no more for it than the value."""
    op = reader.op
    if not isinstance(op, Loop) or op.shape != y.shape:
        return False
    if any(one.op.name == "Copy" for one in op.program.body):
        return False
    more = sum(x.nbytes for x in recipe.leaves if x not in reader.operands)
    return more <= y.nbytes * _SLACK


def _making(reader: Instruction, y: Value, recipe: _Recipe) -> Instruction:
    """A loop that makes what it read."""
    op: Loop = reader.op  # type: ignore[assignment]
    new: dict[Value, Value] = {}
    steps = [_renamed(one, new) for one in recipe.steps]
    body = (*steps, *(_reading(one, new) for one in op.program.body))
    inputs = tuple(dict.fromkeys((*(x for x in reader.operands if x is not y), *recipe.leaves)))
    read = {x for one in steps for x in one.operands}
    known = {x: a for x, a in recipe.program.constants.items() if x in read}
    inner = Program(inputs, {**op.program.constants, **known}, body, op.program.outputs)
    return Instruction(Loop(op.shape, op.axes, inner), inputs, reader.results, reader.source)


def _renamed(step: Instruction, new: dict[Value, Value]) -> Instruction:
    """The instruction with a result of its own."""
    operands = tuple(new.get(x, x) for x in step.operands)
    result = new[step.result] = Value(step.result.shape, step.result.dtype)
    return Instruction(step.op, operands, (result,), step.source)


def _reading(step: Instruction, new: dict[Value, Value]) -> Instruction:
    operands = tuple(new.get(x, x) for x in step.operands)
    return Instruction(step.op, operands, step.results, step.source)


def _without(step: Instruction, y: Value) -> Instruction:
    """A loop that keeps one value less."""
    op: Loop = step.op  # type: ignore[assignment]
    results = tuple(x for x in step.results if x is not y)
    inner = prune(op.program.with_body(op.program.body, results))
    read = {x for one in inner.body for x in one.operands}
    inputs = tuple(x for x in inner.inputs if x in read)
    inner = Program(inputs, inner.constants, inner.body, results)
    return Instruction(Loop(op.shape, op.axes, inner), inputs, results, step.source)
