"""Products of matrices: which way each is computed, by a micro-kernel or by BLAS."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import panel
from tushuo.compile.codegen.blas import strength, symbol, write_call
from tushuo.compile.codegen.kernel import PANEL, Kernel
from tushuo.compile.codegen.loops import declared, spread
from tushuo.compile.codegen.matrix import Matrix, Sizes
from tushuo.compile.codegen.nest import Position, axes, run
from tushuo.compile.codegen.tail import Tail
from tushuo.compile.codegen.target import Target, host
from tushuo.compile.layout import View
from tushuo.compile.program import Program
from tushuo.graph.op import Op
from tushuo.graph.ops.matmul import Inner

SMALL = 1_000_000
"""Up to how many multiplications a product is always written out."""

_SMALL_STACKS = ("windows", "musl")
"""Systems whose threads may have no room for a panel."""


def write_product(
    module: ir.Module, name: str, op: Op, operands: Sequence[View], result: View, target: Target
) -> ir.Function:
    """Write the function that computes a product; it takes pointers to A, B and C."""
    x, y = factors(op, *operands)
    dtype = result.root.dtype
    function, b = declared(module, name, [dtype] * 3)
    lead = result.shape[:-2]
    strides = [spread(v.strides[:-2], v.shape[:-2], lead) for v in (x, y, result)]

    def one(at: Position) -> None:
        a, second, c = (
            Matrix(b.gep(arg, [offset], inbounds=True), *_steps(v))
            for arg, offset, v in zip(function.args, at.offsets, (x, y, result), strict=True)
        )
        _write(b, dtype, _sizes(x, y), a, second, c, target)

    if prod(result.shape):
        run(b, axes(lead, (), strides), Position.start(3), one)
    b.ret_void()
    return function


def write_tailed(
    module: ir.Module,
    name: str,
    program: Program,
    operands: Sequence[View],
    results: Sequence[View],
    target: Target,
) -> ir.Function:
    """Write the function that computes a product by rows and what follows it.

    An output may lie where an input other than the factors is read that is of its shape.

    Args:
        module: Where it is put.
        name: Its name.
        program: The product, then elementwise operations; its first two inputs are the factors.
        operands: How each input is read. The function takes a pointer to each input and output.
        results: How each output is written.
        target: The processor.
    """
    product = program.body[0]
    x, y = factors(product.op, *operands[:2])
    values = (*program.inputs, *program.outputs)
    function, b = declared(module, name, [v.dtype for v in values], apart=False)
    pointers = function.args
    tail = Tail(program, operands[2:], results, pointers[2:])
    a, second = Matrix(pointers[0], *_steps(x)), Matrix(pointers[1], *_steps(y))
    dtype = product.result.dtype
    kernel = Kernel(b, dtype, _sizes(x, y), a, second, second, target, tail)
    if _is_large(kernel.sizes):
        kernel.by_panels()
    else:
        kernel.by_rows()
    b.ret_void()
    return function


def takes_tail(op: Op, x: View, y: View) -> bool:
    """Whether a product is computed by rows, so that vectors of it are complete in registers."""
    x, y = factors(op, x, y)
    if len(x.shape) != 2 or len(y.shape) != 2 or not all((*x.shape, *y.shape)):
        return False
    sizes, left, right = _sizes(x, y), _steps(x), _steps(y)
    if _is_large(sizes):
        room = PANEL * host().vector_bytes * sizes.k <= panel.BYTES
        return room and _in_panels(x.root.dtype, right, host())
    return not _lies_along(sizes, left, right)


def factors(op: Op, x: View, y: View) -> tuple[View, View]:
    """The A (m, k) and B (k, n) of a product."""
    if isinstance(op, Inner):
        y = View(y.root, y.shape[::-1], y.strides[::-1], y.offset)
    return x, y


def wants_copy(op: Op, x: View, y: View) -> bool:
    """Whether a product is faster with the rows of its second operand laid out anew.

    A small product reads vectors along the rows of the second operand, or along k of both.
    """
    x, y = factors(op, x, y)
    sizes = _sizes(x, y)
    (_, along), (row, column) = _steps(x), _steps(y)
    return column != 1 and not (_is_large(sizes) or (along == 1 and row == 1))


def _sizes(x: View, y: View) -> Sizes:
    return Sizes(x.shape[-2], y.shape[-1], x.shape[-1])


def _lies_along(s: Sizes, x: tuple[int, int], y: tuple[int, int]) -> bool:
    """Whether vectors along k are better than those along n."""
    return x[1] == 1 and y[0] == 1 and s.k > 1 and (y[1] != 1 or s.n == 1)


def _is_large(s: Sizes) -> bool:
    return s.m * s.n * s.k > SMALL


def _in_panels(dtype: np.dtype, y: tuple[int, int], target: Target) -> bool:
    """Whether a micro-kernel is at least as fast as BLAS for a large product."""
    roomy = not any(name in target.triple for name in _SMALL_STACKS)
    return roomy and 1 in y and target.vector_bytes >= strength(dtype)


def _steps(view: View) -> tuple[int, int]:
    """Steps of the last two axes; those along an axis of length 1 may be anything."""
    (rows, columns), (row, column) = view.shape[-2:], view.strides[-2:]
    if rows == 1 and columns == 1:
        return 1, 1
    return (row if rows > 1 else columns * column, column if columns > 1 else 1)


def _write(
    b: ir.IRBuilder, dtype: np.dtype, s: Sizes, x: Matrix, y: Matrix, c: Matrix, target: Target
) -> None:
    kernel = Kernel(b, dtype, s, x, y, c, target)
    if _is_large(s) and c.column == 1 and _in_panels(dtype, y[1:], target):
        kernel.by_panels()
        return
    if _is_large(s) and symbol(dtype) and write_call(b, dtype, s, x, y, c):
        return
    if _lies_along(s, x[1:], y[1:]):
        kernel.by_dots()
    else:
        kernel.by_rows()
