"""The reference: a program run by NumPy, instruction by instruction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.backend import lock

Watch = Callable[[Instruction, Value, np.ndarray], None]
"""Called with each result as soon as it is computed."""


def interpret(
    program: Program, inputs: Sequence[np.ndarray], watch: Watch | None = None
) -> list[np.ndarray]:
    """The outputs of a program.

    Args:
        program: The program.
        inputs: An array for each of its inputs.
        watch: What is to be called with each result.
    """
    known: dict[Value, np.ndarray] = dict(program.constants)
    known.update(zip(program.inputs, inputs, strict=True))
    with np.errstate(all="ignore"):
        for step in program.body:
            for value, array in zip(step.results, execute(step, known), strict=True):
                known[value] = array
                if watch is not None:
                    watch(step, value, array)
    return [known[value] for value in program.outputs]


def execute(step: Instruction, known: dict[Value, np.ndarray]) -> list[np.ndarray]:
    """The results of one instruction."""
    arrays = [known[x] for x in step.operands]
    inner = getattr(step.op, "program", None)
    if isinstance(inner, Program):
        return interpret(inner, arrays)
    return [lock(np.asarray(step.op.forward(np, *arrays)))]
