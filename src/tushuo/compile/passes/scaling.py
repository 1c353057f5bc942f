"""Factors and shifts carried back to constants, so that rounding needs no arithmetic of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.direct import Depthwise
from tushuo.compile.passes.rewrite import Retrace
from tushuo.graph.abstract import Abstract
from tushuo.graph.op import Op, apply
from tushuo.graph.ops.activations import Relu
from tushuo.graph.ops.arithmetic import Add, Multiply
from tushuo.graph.ops.rounding import Clip
from tushuo.graph.tensor import Tensor


class Affine(NamedTuple):
    """The function ``factor x + shift``, of numbers or arrays that broadcast."""

    factor: Any
    shift: Any


Limits = tuple[float, float]


def scaled(tracer: Retrace, x: Tensor, by: Affine, limits: Limits) -> Tensor:
    """``by`` of a Tensor; what is outside of the limits may be anything beyond them.

    Additions of constants, multiplications by them and depthwise convolutions take the factor into
    their constants, and clipping to an interval that holds the limits needs not be done.
    """
    op, operands = tracer.made_by(x)
    if op is not None and _holds(op, limits):
        return scaled(tracer, operands[0], by, limits)
    if isinstance(op, Add | Multiply):
        for inner, other in (operands, operands[::-1]):
            number = _constant(other)
            if number is not None and inner.shape == x.shape:
                before = _before(op, number, by)
                return scaled(tracer, inner, before, limits)
    weighted = _weighted(op, operands, by) if isinstance(op, Depthwise) else None
    return _moved(x, by) if weighted is None else weighted


def _before(op: Add | Multiply, number: np.ndarray, by: Affine) -> Affine:
    """The function that does what a function after an operation with a constant does."""
    if isinstance(op, Add):
        return Affine(by.factor, by.shift + number * by.factor)
    return Affine(by.factor * number, by.shift)


def _weighted(op: Depthwise, operands: tuple[Tensor, ...], by: Affine) -> Tensor | None:
    """A depthwise convolution with the factor in its weights, if these are constants."""
    images, weights = operands
    channels = weights.shape[-1]
    if isinstance(weights.data, Abstract):
        return None
    try:
        factor = np.broadcast_to(np.asarray(by.factor), (1, channels, 1, 1))[0, :, 0, 0]
    except ValueError:
        return None
    w = np.ascontiguousarray(np.asarray(weights.data) * factor, dtype=np.float32)
    return _moved(apply(op, images, Tensor.of(w)), Affine(1.0, by.shift))


def _moved(x: Tensor, by: Affine) -> Tensor:
    if np.any(np.asarray(by.factor) != 1):
        x = x * _number(by.factor)
    return x + _number(by.shift) if np.any(np.asarray(by.shift) != 0) else x


def _number(value: Any) -> Tensor:
    return Tensor.of(np.asarray(value, dtype=np.float32))


def _constant(x: Tensor) -> np.ndarray | None:
    if isinstance(x.data, Abstract):
        return None
    return np.asarray(x.data, dtype=np.float64)


def _holds(op: Op, limits: Limits) -> bool:
    """Whether an operation changes nothing between the limits, but for rounding."""
    low, high = limits
    if isinstance(op, Relu):
        return low >= 0
    near = 1e-5 * (high - low)
    return (
        isinstance(op, Clip)
        and (op.min is None or op.min <= low + near)
        and (op.max is None or op.max >= high - near)
    )
