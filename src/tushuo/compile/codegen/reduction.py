"""Reductions: what they begin with, and how elements, lanes and vectors are combined."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import Lane, filled
from tushuo.compile.codegen.space import SPACE
from tushuo.compile.program import Instruction
from tushuo.graph.op import Op
from tushuo.graph.ops import reduce


class Reduction:
    """What a sum, maximum or the like does with elements.

    Args:
        step: The instruction.
    """

    def __init__(self, step: Instruction) -> None:
        self.dtype = step.result.dtype
        self.combine = _COMBINE[type(step.op)]
        self.identity = _identity(step.op, self.dtype)

    def start(self, kind: ir.Type) -> ir.Constant:
        """What it begins with, in a register of a type."""
        return filled(kind, self.identity, self.dtype)

    def masked(self, x: Lane, width: int) -> Lane:
        """The first lanes of a vector, and what changes nothing in the others."""
        kind = x.value.type
        if not isinstance(kind, ir.VectorType) or width == kind.count:
            return x
        mask = vectors.mask(kind.count, width)
        return x.of(x.builder.select(mask, x.value, self.start(kind)))

    def together(self, x: Lane) -> Lane:
        """The lanes of a vector combined: halves with halves."""
        b, kind = x.builder, x.value.type
        if not isinstance(kind, ir.VectorType):
            return x
        lanes = kind.count
        while lanes > 1:
            lanes //= 2
            low, high = (vectors.part(b, x.value, start, lanes) for start in (0, lanes))
            x = self.combine(x.of(low), x.of(high))
        return x.of(b.extract_element(x.value, ir.Constant(ir.IntType(32), 0)))


def _identity(op: Op, dtype: np.dtype) -> float:
    if isinstance(op, reduce.Sum | reduce.Verdict):
        return isinstance(op, reduce.All)
    largest = isinstance(op, reduce.Max)
    if dtype.kind == "f":
        return -math.inf if largest else math.inf
    limits = np.iinfo(dtype)
    return limits.min if largest else limits.max


def _sum(x: Lane, y: Lane) -> Lane:
    """Floats may be added in any order, so that many lanes can add at once."""
    if x.kind == "f":
        return x.of(x.builder.fadd(x.value, y.value, flags=("reassoc",)))
    return x + y


def _maximum(x: Lane, y: Lane) -> Lane:
    return x.call("llvm.maximum", y) if x.kind == "f" else SPACE.maximum(x, y)


def _minimum(x: Lane, y: Lane) -> Lane:
    return x.call("llvm.minimum", y) if x.kind == "f" else SPACE.minimum(x, y)


_COMBINE: dict[type[Op], Callable[[Lane, Lane], Lane]] = {
    reduce.Sum: _sum,
    reduce.Max: _maximum,
    reduce.Min: _minimum,
    reduce.Any: Lane.__or__,
    reduce.All: Lane.__and__,
}
"""What a reduction does with two elements."""
