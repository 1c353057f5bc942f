"""Products of a few rows with weights that are constant, or used often: laid out for them once.

Such a product takes as long as its weights take to be read. In panels they are read from the first
to the last, and a row of panels after the other; see :mod:`tushuo.compile.codegen.dense`. A product
of its own would lay them out again each time: a recurrent network multiplies by the same weights at
every step.
"""

from __future__ import annotations

from collections import Counter

from tushuo.compile.codegen.target import host
from tushuo.compile.codegen.tiling import tiling
from tushuo.compile.direct import ONE_PIXEL, Rows, panels
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program, Value
from tushuo.graph import ops
from tushuo.graph.abstract import Abstract
from tushuo.graph.op import Op, Spec, apply
from tushuo.graph.ops.matmul import Inner, MatMul
from tushuo.graph.tensor import Tensor

_ROWS = 64
"""More rows read the weights often enough for other ways to be as fast."""

_WEIGHTS = 4096
"""Fewer weights are in the cache anyway."""

_USES = 4
"""From how many products on weights are laid out that are no constants."""


def pack(program: Program) -> Program:
    """The program with such weights in panels."""
    uses: Counter[Value] = Counter()
    for step in program.body:
        if _suits(step.op, *(x.spec for x in step.operands)):
            uses[step.operands[1]] += 1
    often = {x for x, count in uses.items() if count >= _USES}

    def rule(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> Tensor | None:
        if not _suits(op, *(Spec(x.shape, x.dtype) for x in operands)):
            return None
        x, w = operands
        if not isinstance(x.data, Abstract):
            return None
        if isinstance(w.data, Abstract) and tracer.value(w.data) not in often:
            return None
        return _in_panels(x, w if isinstance(op, Inner) else ops.matrix_transpose(w))

    return rewritten(program, rule)


def _suits(op: Op, *operands: Spec) -> bool:
    """Whether an operation is a product of a few rows with many weights."""
    if not isinstance(op, Inner | MatMul):
        return False
    x, w = operands
    if len(x.shape) != 2 or len(w.shape) != 2 or x.dtype.name not in ("float32", "float64"):
        return False
    return 0 < x.shape[0] <= _ROWS and w.shape[0] * w.shape[1] >= _WEIGHTS


def _in_panels(x: Tensor, w: Tensor) -> Tensor:
    """The product of rows (M, K) and weights (O, K)."""
    (rows, k), maps, target = x.shape, w.shape[0], host()
    lanes = target.vector_bytes // x.dtype.itemsize
    wide = tiling(rows, maps, k, lanes, target.registers).vectors
    if isinstance(w.data, Abstract) and maps % lanes == 0:
        while maps % (wide * lanes):  # zeros after the last would be copied each time
            wide -= 1
    return apply(Rows(ONE_PIXEL, maps), x, panels(w[:, :, None, None], wide * lanes))
