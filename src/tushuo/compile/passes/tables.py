"""Tables: rows picked from a constant and multiplied by one are picked from their product.

A recurrent network that reads words multiplies each word's vector by the same matrix, ``E[i] @ W``.
At inference both are constants, so ``(E @ W)[i]`` is the same, and its rows are there already: the
matrix, which would have to be read at every step, is not. A bias added to the rows is a part of
them, too. Other readers of ``E[i]`` keep it.

This costs memory, and time when the function is compiled, so both are limited.
"""

from __future__ import annotations

from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program
from tushuo.graph import ops
from tushuo.graph.abstract import Abstract
from tushuo.graph.op import Op, apply
from tushuo.graph.ops.arithmetic import Add
from tushuo.graph.ops.gather import Take
from tushuo.graph.ops.matmul import Inner, MatMul
from tushuo.graph.ops.movement import Reshape
from tushuo.graph.tensor import Tensor

_BYTES = 64 << 20
"""A larger table is not worth its memory: a vocabulary of 8,000 and gates of 2,048 still fit."""

_PRODUCTS = 1 << 32
"""More multiplications take more than some hundredths of a second, at each start of a process."""


def tables(program: Program) -> Program:
    """The program with rows of products instead of products of rows."""
    made: set[int] = set()

    def rule(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> Tensor | None:
        if isinstance(op, Inner | MatMul):
            found = _multiplied(tracer, op, *operands)
        elif isinstance(op, Add):
            found = _shifted(tracer, made, *operands) or _shifted(tracer, made, *operands[::-1])
        else:
            return None
        if found is None:
            return None
        table, indices, lead = found
        made.add(id(table.data))
        return ops.reshape(apply(Take(), table, indices), (*lead, table.shape[1]))

    return rewritten(program, rule)


_Rows = tuple[Tensor, Tensor, tuple[int, ...]]
"""A table (V, O), the numbers of its rows, and the leading axes of what they are."""


def _multiplied(tracer: Retrace, op: Op, x: Tensor, w: Tensor) -> _Rows | None:
    """Rows of the product of a table and a matrix."""
    rows = _picked(tracer, x)
    if rows is None or isinstance(w.data, Abstract) or w.ndim != 2:
        return None
    table, indices = rows
    matrix = ops.matrix_transpose(w) if isinstance(op, Inner) else w
    size = table.shape[0] * matrix.shape[1]
    if size * table.dtype.itemsize > _BYTES or size * table.shape[1] > _PRODUCTS:
        return None
    return ops.matmul(table, matrix), indices, x.shape[:-1]


def _shifted(tracer: Retrace, made: set[int], x: Tensor, bias: Tensor) -> _Rows | None:
    """Rows of such a product with a bias (O,) added to each."""
    rows = _picked(tracer, x)
    if rows is None or id(rows[0].data) not in made or isinstance(bias.data, Abstract):
        return None
    table, indices = rows
    if bias.shape[-1:] != table.shape[1:] or bias.size != table.shape[1] or bias.ndim > x.ndim:
        return None
    return table + ops.reshape(bias, (-1,)), indices, x.shape[:-1]


def _picked(tracer: Retrace, x: Tensor) -> tuple[Tensor, Tensor] | None:
    """The constant table (V, K) of which a Tensor (..., K) is rows, and their numbers."""
    maker, inner = tracer.made_by(x)
    width = x.shape[-1:]
    while isinstance(maker, Reshape) and inner[0].shape[-1:] == width:
        maker, inner = tracer.made_by(inner[0])
    if not isinstance(maker, Take):
        return None
    table, indices = inner
    if isinstance(table.data, Abstract) or table.ndim != 2 or table.shape[1:] != width:
        return None
    return table, indices
