"""Lower precision: what products with constant weights have in common, however they are rounded.

Such a product is a convolution of one group of channels, one of each channel by itself, or a
product of rows and a matrix. Its operand is rounded right before it, so that whatever computes the
operand writes the smaller numbers; all else stays in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.codegen.target import host
from tushuo.compile.codegen.tiling import tiling
from tushuo.compile.direct import ONE_PIXEL, panels
from tushuo.compile.lowered import together
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program, Value
from tushuo.graph import ops
from tushuo.graph.abstract import Abstract
from tushuo.graph.op import Op
from tushuo.graph.ops.conv import Conv2d
from tushuo.graph.ops.conv_arrays import Geometry
from tushuo.graph.ops.matmul import Inner, MatMul
from tushuo.graph.ops.windows import POINT
from tushuo.graph.tensor import Tensor

_FEW = 8
"""Fewer products to a sum are hardly worth rounding what they are made of."""

SUM_BYTES = 4


class Product(NamedTuple):
    """A product of float32 whose weights are constants.

    Attributes:
        x: Images (N, C, H, W), or rows (..., K).
        w: Weights (O, C/G, kh, kw), or (O, K, 1, 1).
        geometry: Where it takes place.
        rows: Whether it is a product of rows.
    """

    x: Tensor
    w: np.ndarray
    geometry: Geometry
    rows: bool

    @property
    def depthwise(self) -> bool:
        """Whether each channel is by itself."""
        return self.geometry.groups > 1

    @property
    def margins(self) -> bool:
        """Whether windows reach beyond the images."""
        return any(map(any, self.geometry.margins))


def product_of(op: Op, operands: Sequence[Tensor]) -> Product | None:
    """An instruction as such a product, None where it is none."""
    if not isinstance(op, Conv2d | Inner | MatMul):
        return None
    x, w = operands
    if not isinstance(x.data, Abstract) or isinstance(w.data, Abstract):
        return None
    if x.dtype.name != "float32" or w.dtype.name != "float32" or 0 in (*x.shape, *w.shape):
        return None
    weights = np.asarray(w.data)
    if isinstance(op, Conv2d):
        return _convolution(op.geometry, x, weights)
    if w.ndim != 2 or x.ndim < 2 or x.shape[-1] < _FEW:
        return None
    matrix = weights if isinstance(op, Inner) else weights.T
    if len(matrix) == 1:  # a sum that the loop before it computes on the way, see `narrow`
        return None
    return Product(x, matrix[:, :, None, None], ONE_PIXEL, rows=True)


def _convolution(geometry: Geometry, x: Tensor, w: np.ndarray) -> Product | None:
    alone = geometry.groups == w.shape[0] > 1 and w.shape[1] == 1
    if not alone and (geometry.groups > 1 or w.shape[1] < _FEW):
        return None
    return Product(x, w, geometry, rows=False)


def padded(product: Product, group: int) -> Product:
    """The product with zeros for channels that a group lacks."""
    missing = -product.w.shape[1] % group
    if not missing:
        return product
    w = np.pad(product.w, ((0, 0), (0, missing), (0, 0), (0, 0)))
    before = [(0, 0)] * (product.x.ndim - 1) if product.rows else [(0, 0)]
    after = [] if product.rows else [(0, 0)] * 2
    return product._replace(x=ops.pad(product.x, (*before, (0, missing), *after)), w=w)


def packed(product: Product, w: np.ndarray, group: int) -> np.ndarray:
    """Weights (O, C, kh, kw), of few bits, in panels for a kernel."""
    target, geometry, x = host(), product.geometry, product.x
    if product.rows:
        columns = prod(x.shape[:-1])
    elif geometry.window == POINT:
        columns = prod((x.shape[0], *geometry.positions))
    else:
        columns = geometry.positions[1]
    lanes = target.vector_bytes // SUM_BYTES
    depth = prod(w.shape[1:]) // group
    tile = tiling(columns, w.shape[0], depth, lanes, target.registers)
    return together(np.asarray(panels(Tensor.of(w), tile.vectors * lanes).data), group)


def flat(x: Tensor) -> Tensor:
    """Rows (..., K) as (M, K)."""
    return x if x.ndim == 2 else ops.reshape(x, (-1, x.shape[-1]))


def shaped(y: Tensor, product: Product) -> Tensor:
    """The result of rows (M, O) as (..., O)."""
    if not product.rows or product.x.ndim == 2:
        return y
    return ops.reshape(y, (*product.x.shape[:-1], y.shape[-1]))


def products(program: Program) -> list[Value]:
    """What the products with constant weights multiply, in the order of the program."""
    found: list[Value] = []

    def look(tracer: Retrace, op: Op, operands: Any) -> None:
        product = product_of(op, operands)
        if product is not None:
            found.append(tracer.value(product.x.data))

    rewritten(program, look)
    return found


def per_map(values: Any, product: Product) -> Tensor:
    """Numbers (O,), one for each map, as a constant that the product's result is combined with."""
    array = np.ascontiguousarray(values, dtype=np.float32)
    return Tensor.of(array if product.rows else array[:, None, None])
