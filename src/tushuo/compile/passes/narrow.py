"""Narrow products: what is hardly a product of matrices becomes part of a loop.

A product over a single k is a multiplication with broadcasting, and one with a vector of what a
loop computes is a sum in that loop: neither needs to go through memory. A vector times many
matrices that were put below each other, as a weight's gradient over all steps, is the sum of its
products with each.
"""

from __future__ import annotations

from functools import reduce
from operator import add

from tushuo.compile.codegen.support import ELEMENTWISE
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.passes.simplify import simplify
from tushuo.compile.program import Program
from tushuo.graph import ops
from tushuo.graph.op import Op
from tushuo.graph.ops.joining import Concat
from tushuo.graph.ops.matmul import Inner, MatMul
from tushuo.graph.ops.movement import PermuteDims, Reshape
from tushuo.graph.tensor import Tensor


def narrow(program: Program) -> Program:
    """The program without products that a loop computes as well."""
    changed = rewritten(program, _loop)
    before, after = ([step.op for step in each.body] for each in (program, changed))
    return program if before == after else simplify(changed)


def _loop(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> Tensor | None:
    if not isinstance(op, MatMul | Inner):
        return None
    x, y = operands
    if isinstance(op, Inner):
        y = ops.matrix_transpose(y)
    if 0 in (*x.shape, *y.shape):
        return None
    if x.shape[-1] == 1:
        return _outer(tracer, x, y)
    if y.shape[-1] == 1 and y.ndim == 2:
        return _with_vector(tracer, x, y)
    if x.shape[-2] == 1 and x.ndim == y.ndim == 2:
        return _of_parts(tracer, x, y)
    return None


def _outer(tracer: Retrace, x: Tensor, y: Tensor) -> Tensor:
    """(..., M, 1) times (..., 1, N)."""
    if x.ndim > 2 or y.ndim > 2:
        return x * y
    origin = _unshaped(tracer, x)
    lead = origin.shape[:-1] if origin.shape[-1:] == (1,) else origin.shape
    found = ops.reshape(origin, (*lead, 1)) * ops.reshape(y, (-1,))
    return ops.reshape(found, (x.shape[0], y.shape[1]))


def _with_vector(tracer: Retrace, x: Tensor, y: Tensor) -> Tensor | None:
    """(..., M, K) times (K, 1), if a loop computes the first."""
    origin, k = _unshaped(tracer, x), y.shape[0]
    maker, _ = tracer.made_by(origin)
    if not isinstance(maker, ELEMENTWISE) or origin.shape[-1] != k:
        return None
    found = ops.sum(origin * ops.reshape(y, (k,)), axis=-1)
    return ops.reshape(found, (*x.shape[:-1], 1))


def _of_parts(tracer: Retrace, x: Tensor, y: Tensor) -> Tensor | None:
    """(1, K) times (K, N), where each consists of parts of K that a loop computes."""
    turned, inside = tracer.made_by(x)
    column, parts = tracer.made_by(inside[0]) if isinstance(turned, PermuteDims) else (None, ())
    below, blocks = tracer.made_by(y)
    if not (isinstance(column, Concat) and isinstance(below, Concat)):
        return None
    lengths = [p.shape[0] for p in parts] == [b.shape[0] for b in blocks]
    if column.axis or below.axis or not lengths:
        return None
    pairs = zip(parts, blocks, strict=True)
    sums = [_weighted(weights, _unshaped(tracer, block)) for weights, block in pairs]
    return ops.reshape(reduce(add, sums), (1, y.shape[1]))


def _weighted(weights: Tensor, rows: Tensor) -> Tensor:
    """The sum of rows (..., N), each times a weight."""
    product = rows * ops.reshape(weights, (*rows.shape[:-1], 1))
    return ops.sum(product, axis=tuple(range(rows.ndim - 1)))


def _unshaped(tracer: Retrace, x: Tensor) -> Tensor:
    """What a Tensor was before its leading axes became one."""
    maker, inner = tracer.made_by(x)
    if isinstance(maker, Reshape) and x.shape[-1] in (1, inner[0].shape[-1]):
        return inner[0]
    return x
