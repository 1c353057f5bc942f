"""Programs for tests, by text."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.compile.program import Program
from tushuo.compile.trace import trace
from tushuo.graph.op import Op, Spec


class Sorted(Op):
    """An operation that has no machine code: the elements of each row in order."""

    def infer(self, *inputs: Spec) -> Spec:
        return inputs[0]

    def forward(self, xp: Any, *inputs: Any) -> Any:
        return xp.sort(inputs[0], axis=-1)


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
