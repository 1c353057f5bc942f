"""Products of small whole numbers: operands rounded to multiples of a step, sums exact.

An activation ``x`` is ``s (q - z)``, a weight of map o is ``s_o p``, with whole numbers q and p, so
a map is ``s s_o (sum of q p - z sum of p)``: Jacob et al., "Quantization and training of neural
networks for efficient integer-arithmetic-only inference" (2018), section 2. Steps of activations
come from examples (:mod:`tushuo.compile.calibration`), those of weights from each map's largest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tushuo.compile.direct import Rows, taps
from tushuo.compile.lowered import (
    DenseInt8,
    DenseInt16,
    DepthwiseInt8,
    DepthwiseInt16,
    Grouped,
    RowsInt8,
    RowsInt16,
    ToWhole,
)
from tushuo.compile.passes.lowering import (
    Product,
    flat,
    packed,
    padded,
    per_map,
    product_of,
    shaped,
)
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.passes.scaling import Affine, scaled
from tushuo.compile.program import Program
from tushuo.errors import CompileError
from tushuo.graph import ops
from tushuo.graph.op import Op, apply
from tushuo.graph.tensor import Tensor

Range = tuple[float, float]
"""The least and the largest of an operand."""

_INT32 = 2**31 - 1


@dataclass(frozen=True)
class Format:
    """How numbers are rounded.

    Attributes:
        dense: Convolutions of them.
        rows: Products of rows of them.
        depthwise: Depthwise convolutions of them.
        rounding: From float32 to them.
        weight: The data type of weights.
        shifted: Whether 0 may be any of them; else it is 0, and steps are those of magnitudes.
    """

    dense: type[Grouped]
    rows: type[Rows]
    depthwise: type[Any]
    rounding: ToWhole
    weight: str
    shifted: bool

    def step_and_zero(self, low: float, high: float) -> tuple[float, int]:
        """The step between neighbours, and the number that 0 becomes."""
        least, most = self.rounding.low, self.rounding.high
        if not self.shifted:
            return max(-low, high) / most or 1.0, 0
        low, high = min(low, 0.0), max(high, 0.0)
        step = (high - low) / (most - least) or 1.0
        return step, round(least - low / step)

    def weights(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights (O, C, kh, kw) as whole numbers, and the step of each map, (O,).

        The sums of their products with activations stay within int32, whatever these are.
        """
        rows = np.abs(w.reshape(len(w), -1).astype(np.float64))
        most = _INT32 // (max(self.rounding.high, -self.rounding.low) + 1) - rows.shape[1]
        step = np.maximum(rows.max(axis=1) / np.iinfo(self.weight).max, rows.sum(axis=1) / most)
        step = np.maximum(step, np.finfo(np.float32).tiny)
        return np.rint(w / step[:, None, None, None]).astype(self.weight), step


INT8 = Format(DenseInt8, RowsInt8, DepthwiseInt8, ToWhole("uint8", 0, 255), "int8", True)
INT16 = Format(DenseInt16, RowsInt16, DepthwiseInt16, ToWhole("int16", -4095, 4095), "int16", False)


def int8(program: Program, ranges: Sequence[Range]) -> Program:
    """The program with products with constant weights in 8 bits."""
    return _Whole(INT8, ranges).lowered(program)


def int16(program: Program, ranges: Sequence[Range]) -> Program:
    """The program with products with constant weights in 16 bits, activations in 13 of them."""
    return _Whole(INT16, ranges).lowered(program)


class _Whole:
    """Lowers a program.

    Args:
        format: How numbers are rounded.
        ranges: For each product with constant weights, in order, the range of its operand.
    """

    def __init__(self, format: Format, ranges: Sequence[Range]) -> None:
        self.format = format
        self.ranges: Iterator[Range] = iter(ranges)

    def lowered(self, program: Program) -> Program:
        """The program with other products."""
        found = rewritten(program, self._rule)
        if next(self.ranges, None) is not None:
            raise _other_way()
        return found

    def _rule(self, tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> Tensor | None:
        product = product_of(op, operands)
        if product is None:
            return None
        known = next(self.ranges, None)
        if known is None:
            raise _other_way()
        step, zero = self.format.step_and_zero(*known)
        if zero and product.margins:  # margins are 0, which is another number then
            return None
        if not np.isfinite(product.w).all():
            return None
        rows = flat(product.x) if product.rows else product.x
        rounded = self._rounded(tracer, rows, step, zero, known)
        write = self._depthwise if product.depthwise else self._dense
        return write(product, rounded, step, zero)

    def _rounded(self, tracer: Retrace, x: Tensor, step: float, zero: int, known: Range) -> Tensor:
        """A Tensor as whole numbers."""
        rounding = self.format.rounding
        if known[0] >= 0 and not zero:
            rounding = replace(rounding, low=0)
        limits = (rounding.low - zero) * step, (rounding.high - zero) * step
        return apply(rounding, scaled(tracer, x, Affine(1 / step, float(zero)), limits))

    def _depthwise(self, product: Product, rounded: Tensor, step: float, zero: int) -> Tensor:
        w = (product.w * np.float32(step)).astype(np.float32)
        y = apply(self.format.depthwise(product.geometry), rounded, taps(Tensor.of(w)))
        return y + per_map(-zero * w.sum(axis=(1, 2, 3), dtype=np.float64), product) if zero else y

    def _dense(self, product: Product, rounded: Tensor, step: float, zero: int) -> Tensor:
        whole, steps = self.format.weights(product.w)
        group, maps = self.format.dense.group, len(whole)
        full = padded(product._replace(x=rounded, w=whole), group)
        panels = Tensor.of(packed(product, full.w, group))
        kind = self.format.rows if product.rows else self.format.dense
        sums = ops.astype(apply(kind(product.geometry, maps), full.x, panels), "float32")
        y = sums * per_map(step * steps, product)
        if zero:
            total = whole.reshape(maps, -1).sum(axis=1, dtype=np.int64)
            y = y + per_map(-zero * total * step * steps, product)
        return shaped(y, product)


def _other_way() -> CompileError:
    return CompileError(
        "the examples for calibration led another way through the function",
        hint="give examples of the same structure as the arguments of the calls",
    )
