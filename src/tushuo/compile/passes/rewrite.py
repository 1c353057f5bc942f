"""Rewriting by tracing again: rules are written with Tensor functions, as everything else.

A pass that replaces instructions runs the program anew on abstract Tensors. Its rule may answer an
instruction with other Tensors; constants are real Tensors, so what depends on them alone is
computed at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tushuo.compile.program import Instruction, Program, Value
from tushuo.compile.trace import Tracer
from tushuo.graph.abstract import Abstract
from tushuo.graph.op import Op, apply
from tushuo.graph.tensor import Tensor


class Retrace(Tracer):
    """A program being built from another one; shows rules what made a Tensor."""

    def made_by(self, x: Tensor) -> tuple[Op | None, tuple[Tensor, ...]]:
        """The operation that made a Tensor, and its operands; None for inputs and constants."""
        step = self._steps.get(self.value(x.data)) if isinstance(x.data, Abstract) else None
        if step is None:
            return None, ()
        return step.op, tuple(map(self._tensor, step.operands))

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._steps: dict[Value, Instruction] = {}
        self._given = {id(array): x for x, array in program.constants.items()}

    def _tensor(self, value: Value) -> Tensor:
        known = self.constants.get(value)
        return self.tensor(value) if known is None else Tensor.of(known)

    def constant(self, array: np.ndarray) -> Value:
        """A value that is known; the program's own ones stay what they are."""
        value = self._given.get(id(array))
        if value is None:
            return super().constant(array)
        self.constants[value] = array
        return value

    def record(self, op: Op, arrays: object) -> Abstract:
        """Note an operation, and what it made."""
        result = super().record(op, arrays)  # type: ignore[arg-type]
        self._steps[self.value(result)] = self.body[-1]
        return result

    def kept(self, step: Instruction, operands: tuple[Tensor, ...]) -> Tensor:
        """The result of an instruction that stays, on operands of the same types."""
        if not any(isinstance(x.data, Abstract) for x in operands):
            return apply(step.op, *operands)  # what is known is computed at once
        values = tuple(self.value(x.data) for x in operands)
        if values != step.operands:
            result = Value(step.result.shape, step.result.dtype)
            step = Instruction(step.op, values, (result,), step.source)
        self.body.append(step)
        self._steps[step.result] = step
        return self.tensor(step.result)


Rule = Callable[[Retrace, Op, tuple[Tensor, ...]], Tensor | None]
"""What an operation on Tensors is replaced by; None where it stays."""


def rewritten(program: Program, rule: Rule) -> Program:
    """The program with a rule applied to each instruction, in order."""
    tracer = Retrace(program)
    known = {x: tracer.tensor(x) for x in program.inputs}
    known.update({x: Tensor.of(array) for x, array in program.constants.items()})
    for step in program.body:
        operands = tuple(known[x] for x in step.operands)
        first = len(tracer.body)
        result = rule(tracer, step.op, operands)
        if result is None:
            known[step.result] = tracer.kept(step, operands)
            continue
        known[step.result] = result
        tracer.body[first:] = [replace(new, source=step.source) for new in tracer.body[first:]]
    outputs = tuple(tracer.value(known[y].data) for y in program.outputs)
    return replace(program, constants=tracer.constants, body=tuple(tracer.body), outputs=outputs)
