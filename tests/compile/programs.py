"""Programs for tests, by text."""

from __future__ import annotations

import numpy as np

from tushuo.compile.program import Program
from tushuo.compile.trace import trace
from tushuo.graph.op import Spec


def f32(*shape: int) -> Spec:
    """The type of an argument."""
    return Spec(shape, np.dtype(np.float32))


def traced(f, *specs: Spec) -> Program:
    """The program of a function that returns one Tensor or several."""

    def several(*args):
        result = f(*args)
        return result if isinstance(result, tuple) else (result,)

    return trace(several, specs)[0]


def body(program: Program) -> list[str]:
    """The lines between the braces."""
    return [line[2:] for line in str(program).splitlines()[1:-1]]
