"""Products of a few rows with constant weights: the weights are laid out for them here, once.

Such a product takes as long as its weights take to be read. In panels they are read from the first
to the last, and a row of panels after the other; see :mod:`tushuo.compile.codegen.dense`.
"""

from __future__ import annotations

from tushuo.compile.codegen.dense import tiling
from tushuo.compile.codegen.target import host
from tushuo.compile.direct import ONE_PIXEL, Rows, panels
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program
from tushuo.graph import ops
from tushuo.graph.abstract import Abstract
from tushuo.graph.op import Op, apply
from tushuo.graph.ops.matmul import Inner, MatMul
from tushuo.graph.tensor import Tensor

_ROWS = 64
"""More rows read the weights often enough for other ways to be as fast."""

_WEIGHTS = 4096
"""Fewer weights are in the cache anyway."""


def pack(program: Program) -> Program:
    """The program with constant weights in panels."""
    return rewritten(program, _packed)


def _packed(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> Tensor | None:
    if not isinstance(op, Inner | MatMul):
        return None
    x, w = operands
    if not isinstance(x.data, Abstract) or isinstance(w.data, Abstract):
        return None
    if x.ndim != 2 or w.ndim != 2 or x.dtype.name not in ("float32", "float64"):
        return None
    w = w if isinstance(op, Inner) else ops.matrix_transpose(w)
    (rows, k), maps, target = x.shape, w.shape[0], host()
    if not 0 < rows <= _ROWS or maps * k < _WEIGHTS:
        return None
    lanes = target.vector_bytes // x.dtype.itemsize
    wide = tiling(rows, maps, k, lanes, target.registers).vectors
    return apply(Rows(ONE_PIXEL, maps), x, panels(w[:, :, None, None], wide * lanes))
