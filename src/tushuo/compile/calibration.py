"""Calibration: between which numbers the operands of products lie, in calls that are examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tushuo.compile.passes.lowering import product_of
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.passes.whole import Range
from tushuo.compile.program import Program
from tushuo.errors import CompileError
from tushuo.graph import ops
from tushuo.graph.op import Op
from tushuo.graph.tensor import Tensor


def observed(program: Program) -> Program:
    """A program that returns the extremes of what its products with constant weights multiply.

    Args:
        program: The program, as it is before its products are lowered.

    Returns:
        The same inputs; for each such product the least and the largest element of its operand.

    Raises:
        CompileError: There is no such product.
    """
    found: list[Tensor] = []
    last: list[Retrace] = []

    def look(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> None:
        last[:] = [tracer]
        product = product_of(op, operands)
        if product is not None:
            found.extend((ops.min(product.x), ops.max(product.x)))

    seen = rewritten(program, look)
    if not found:
        raise CompileError(
            "nothing here can have a lower precision",
            hint="it is for products and convolutions whose weights are float32 constants: close "
            "over the model instead of passing it",
        )
    return seen.with_body(last[0].body, [last[0].value(x.data) for x in found])


def combined(results: Sequence[Sequence[np.ndarray]]) -> tuple[Range, ...]:
    """The ranges of all examples, from what the observed programs returned for each.

    Raises:
        CompileError: The examples led different ways through the function, or something was not
            finite.
    """
    if len({len(result) for result in results}) != 1:
        raise CompileError(
            "the examples for calibration led different ways through the function",
            hint="give examples of one structure",
        )
    extremes = np.array(results, dtype=np.float64).reshape(len(results), -1, 2)
    low, high = extremes[:, :, 0].min(axis=0), extremes[:, :, 1].max(axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise CompileError(
            "the examples for calibration lead to numbers that are not finite",
            hint="calibrate with arguments like those of later calls",
        )
    return tuple((float(a), float(b)) for a, b in zip(low, high, strict=True))
