"""Compiled results against the interpreter's, and the search for where they part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tushuo.compile.interpret import interpret
from tushuo.compile.program import Program, describe
from tushuo.errors import CompileError

TOLERANCE = {"float32": 2e-5, "float64": 1e-11}
"""By data type, how far a value may be off, of its own size and the array's largest."""


def compare(
    program: Program,
    inputs: Sequence[np.ndarray],
    outputs: Sequence[np.ndarray],
    slack: float = 0.0,
) -> None:
    """Require the results of the interpreter.

    Args:
        program: The program as it was traced, its products lowered if they are to be.
        inputs: Its inputs.
        outputs: What compiled code made of them.
        slack: How far values may be off, of an array's largest, where products are lowered.

    Raises:
        CompileError: A result differs; the message names the first value of the program that does.
    """
    wanted = interpret(program, inputs)
    if all(agree(x, y, slack) for x, y in zip(outputs, wanted, strict=True)):
        return
    raise CompileError(
        f"compiled code differs from the interpreter: {_first(program, inputs, slack)}",
        hint="find the pass at fault with compile(f, verify=True, without=[...]), and report it",
    )


def agree(found: np.ndarray, wanted: np.ndarray, slack: float = 0.0) -> bool:
    """Whether two results are equal but for rounding; NaN equals NaN.

    With some slack, whole numbers may be neighbours, and sums of them further apart.
    """
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return False
    tolerance = max(TOLERANCE.get(wanted.dtype.name, 0.0), slack)
    if not tolerance or wanted.size == 0 or wanted.dtype.kind == "b":
        return bool(np.array_equal(found, wanted))
    finite = np.abs(wanted[np.isfinite(wanted)])
    largest = float(finite.max()) if finite.size else 0.0
    least = tolerance * largest if wanted.dtype.kind == "f" else max(tolerance * largest, 1.0)
    found, wanted = (x.astype(np.float64) for x in (found, wanted))
    return bool(np.allclose(found, wanted, rtol=tolerance, atol=least, equal_nan=True))


def _first(program: Program, inputs: Sequence[np.ndarray], slack: float) -> str:
    """The first instruction whose compiled result differs, when all results are returned."""
    from tushuo.compile.executable import Executable
    from tushuo.compile.passes import optimise
    from tushuo.compile.plan import planned

    everything = program.with_body(program.body, [step.result for step in program.body])
    found = Executable(planned(optimise(everything)), None)(inputs)
    wanted = interpret(everything, inputs)
    for step, x, y in zip(program.body, found, wanted, strict=True):
        if not agree(x, y, slack):
            return f"{describe(step.op)} -> {step.result!r}, asked for at {step.source}"
    return "only when values in between are not returned"
