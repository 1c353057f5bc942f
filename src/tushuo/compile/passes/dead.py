"""Dead code: what no output depends on is not computed."""

from __future__ import annotations

from dataclasses import replace

from tushuo.compile.program import Instruction, Program


def prune(program: Program) -> Program:
    """The program without instructions and constants that nobody reads."""
    needed = set(program.outputs)
    body: list[Instruction] = []
    for step in reversed(program.body):
        if not needed.isdisjoint(step.results):
            needed.update(step.operands)
            body.append(step)
    constants = {x: array for x, array in program.constants.items() if x in needed}
    return replace(program, constants=constants, body=tuple(reversed(body)))
