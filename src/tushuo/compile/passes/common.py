"""Common subexpressions: what is computed twice from the same values is computed once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from tushuo.compile.program import Instruction, Program, Value, describe


def share(program: Program) -> Program:
    """The program without instructions that repeat an earlier one, or equal constants."""
    same: dict[Value, Value] = {}
    constants = _distinct(program, same)
    seen: dict[Hashable, Value] = {}
    body = []
    for step in program.body:
        operands = tuple(same.get(x, x) for x in step.operands)
        moved = step if operands == step.operands else replace(step, operands=operands)
        key = _key(moved)
        first = seen.setdefault(key, step.result)
        if first is step.result:
            body.append(moved)
        else:
            same[step.result] = first
    outputs = tuple(same.get(y, y) for y in program.outputs)
    return replace(program, constants=constants, body=tuple(body), outputs=outputs)


def _key(step: Instruction) -> Hashable:
    """What makes two instructions equal; an operation without a hash is equal to none.

    Its text tells 0.0 from -0.0, which are equal.
    """
    try:
        return hash(step.op), type(step.op), step.op, describe(step.op), step.operands
    except TypeError:
        return step.result


def _distinct(program: Program, same: dict[Value, Value]) -> dict[Value, np.ndarray]:
    kept = {}
    seen: dict[Hashable, Value] = {}
    for value, array in program.constants.items():
        small = array.size == 1
        key = (value.spec, array.tobytes()) if small else id(array)
        first = seen.setdefault(key, value)
        if first is value:
            kept[value] = array
        else:
            same[value] = first
    return kept
