"""Products of matrices: which way each is computed, by a micro-kernel or by BLAS."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import panel
from tushuo.compile.codegen.blas import callable_by_blas, vector_bytes, write_call
from tushuo.compile.codegen.kernel import Kernel
from tushuo.compile.codegen.large import PANEL, STRIPS, Large
from tushuo.compile.codegen.matrix import Matrix, Sizes
from tushuo.compile.codegen.nest import Position, axes, counted, moved, run
from tushuo.compile.codegen.share import declared, shared
from tushuo.compile.codegen.tail import Tail
from tushuo.compile.codegen.target import Target, host
from tushuo.compile.layout import View, spread
from tushuo.compile.program import Program
from tushuo.graph.op import Op
from tushuo.graph.ops.matmul import Inner

SMALL = 1_000_000
"""Up to how many multiplications a product is always written out, and by one thread."""

SHARED = 4_000_000
"""From how many multiplications on a batch of products is shared by threads."""

_SMALL_STACKS = ("windows", "musl")
"""Systems whose threads may have no room for a panel."""


def write_product(
    module: ir.Module, name: str, op: Op, operands: Sequence[View], result: View, target: Target
) -> ir.Function:
    """Write the function that computes a product; it takes pointers to A, B and C."""
    x, y = factors(op, *operands)
    dtype, lead, sizes = result.root.dtype, result.shape[:-2], _sizes(x, y)
    strides = [spread(v.strides[:-2], v.shape[:-2], lead) for v in (x, y, result)]
    nest = axes(lead, (), strides)
    function, b = declared(module, name, [dtype] * 3)
    *pointers, chunk = function.args
    way = _way(dtype, sizes, x, y, result, target)
    total = prod(lead) * prod(sizes)
    batch = nest[0].length if nest and total > SHARED else 1
    parts = 1

    def one(at: Position) -> None:
        nonlocal parts
        a, second, c = (
            Matrix(b.gep(pointer, [offset], inbounds=True), *_steps(v))
            for pointer, offset, v in zip(pointers, at.offsets, (x, y, result), strict=True)
        )
        kernel = (Large if way == "panels" else Kernel)(b, dtype, sizes, a, second, c, target)
        parts = _compute(kernel, way, None if nest else chunk)

    if prod(result.shape):
        start = Position.start(3)
        if batch > 1:
            run(b, nest[1:], moved(b, start, chunk, nest[0]), one)
        else:
            run(b, nest, start, one)
    b.ret_void()
    return shared(function, batch if nest else parts)


def _way(dtype: np.dtype, s: Sizes, x: View, y: View, c: View, target: Target) -> str:
    """How a product is computed."""
    left, right, along = _steps(x), _steps(y), _steps(c)[1] == 1
    if _is_large(s) and along and _in_panels(dtype, right, target):
        return "panels"
    if _is_large(s) and along and callable_by_blas(dtype, s, left, right):
        return "BLAS"
    return "dots" if _lies_along(s, left, right) else "rows"


def _compute(kernel: Kernel, way: str, chunk: ir.Value | None) -> int:
    """Write a chunk of a product, or all of it; returns how many chunks there are."""
    parts = 1
    if isinstance(kernel, Large):
        parts = kernel.prepare()
        if chunk is None:
            counted(kernel.b, parts, kernel.write)
        else:
            kernel.write(chunk)
    elif way == "BLAS":
        write_call(kernel.b, kernel.dtype, kernel.sizes, kernel.x, kernel.y, kernel.c)
    elif way == "dots":
        kernel.by_dots()
    else:
        kernel.by_rows()
    return parts


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
    *pointers, chunk = function.args
    tail = Tail(program, operands[2:], results, pointers[2:])
    a, second = Matrix(pointers[0], *_steps(x)), Matrix(pointers[1], *_steps(y))
    dtype = product.result.dtype
    sizes = _sizes(x, y)
    kind = Large if _is_large(sizes) else Kernel
    parts = _compute(kind(b, dtype, sizes, a, second, second, target, tail), "rows", chunk)
    b.ret_void()
    return shared(function, parts)


def takes_tail(op: Op, x: View, y: View) -> bool:
    """Whether a product is computed by rows, so that vectors of it are complete in registers."""
    x, y = factors(op, x, y)
    if len(x.shape) != 2 or len(y.shape) != 2 or not all((*x.shape, *y.shape)):
        return False
    sizes, left, right = _sizes(x, y), _steps(x), _steps(y)
    if _is_large(sizes):
        room = PANEL * host().vector_bytes * sizes.k <= panel.BYTES
        complete = left[1] == 1 or room
        return complete and _in_panels(x.root.dtype, right, host())
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


def wants_turn(op: Op, x: View, y: View) -> bool:
    """Whether a product is faster with the rows of its first operand laid out anew.

    A large product copies parts of it otherwise, and the other operand again for each of them.
    """
    x, y = factors(op, x, y)
    (row, along), sizes = _steps(x), _sizes(x, y)
    parts = sizes.m * sizes.k * x.root.dtype.itemsize > STRIPS
    return _is_large(sizes) and parts and row == 1 and along != 1


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
    return roomy and 1 in y and target.vector_bytes >= vector_bytes()


def _steps(view: View) -> tuple[int, int]:
    """Steps of the last two axes; those along an axis of length 1 may be anything."""
    (rows, columns), (row, column) = view.shape[-2:], view.strides[-2:]
    if rows == 1 and columns == 1:
        return 1, 1
    return (row if rows > 1 else columns * column, column if columns > 1 else 1)
