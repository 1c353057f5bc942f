"""Products of bfloat16: operands rounded to 8 digits, sums in float32."""

from __future__ import annotations

from tushuo.compile.direct import taps
from tushuo.compile.lowered import (
    TO_BFLOAT16,
    DenseBFloat16,
    DepthwiseBFloat16,
    RowsBFloat16,
    to_bfloat16,
)
from tushuo.compile.passes.lowering import flat, packed, padded, product_of, shaped
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program
from tushuo.graph.op import Op, apply
from tushuo.graph.tensor import Tensor


def bfloat16(program: Program) -> Program:
    """The program with products with constant weights in bfloat16.

    The weights of depthwise convolutions, which are few, stay in float32.
    """
    return rewritten(program, _lowered)


def _lowered(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> Tensor | None:
    product = product_of(op, operands)
    if product is None:
        return None
    geometry, maps = product.geometry, product.w.shape[0]
    if product.depthwise:
        rounded = apply(TO_BFLOAT16, product.x)
        return apply(DepthwiseBFloat16(geometry), rounded, taps(Tensor.of(product.w)))
    group = DenseBFloat16.group
    full = padded(product, group)
    panels = Tensor.of(to_bfloat16(packed(product, full.w, group)))
    if product.rows:
        rows = apply(TO_BFLOAT16, flat(full.x))
        return shaped(apply(RowsBFloat16(geometry, maps), rows, panels), product)
    return apply(DenseBFloat16(geometry, maps), apply(TO_BFLOAT16, full.x), panels)
