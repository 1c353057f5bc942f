"""For every operation, small examples that use it; test_registry.py runs all checks on them.

A new operation needs an entry in CASES. Arrays of floats are what derivatives are taken by; arrays
of integers and booleans are handed on as they are. Points lie off kinks and singularities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tushuo.graph import Op, Tensor, apply, ops, variable
from tushuo.graph.ops import (
    activations,
    arithmetic,
    compare,
    conv,
    gather,
    index,
    joining,
    math,
    moments,
    movement,
    pool,
    reduce,
    rounding,
    trigonometry,
)
from tushuo.graph.ops.conv_arrays import Geometry
from tushuo.graph.ops.matmul import Inner, MatMul
from tushuo.graph.ops.softmax import LogSoftmax, LogSumExp, Softmax
from tushuo.graph.ops.windows import Window
from tushuo.graph.origin import Alias, Variable

WITHOUT_VALUE: set[type[Op]] = {Variable}
"""Operations that compute nothing: a variable is only the origin of a graph."""


@dataclass(frozen=True)
class Case:
    """A function that uses an operation, and its arguments.

    Attributes:
        f: A function of Tensors that returns a Tensor.
        args: Arrays, one an argument.
        casts: Whether the operation changes data types: float32 need not stay, and differences
            are taken with long steps.
    """

    f: Callable[..., Tensor]
    args: tuple[np.ndarray, ...]
    casts: bool = False


def case(f: Callable[..., Tensor], *args: Any, casts: bool = False) -> Case:
    """A case, from arrays or nested lists."""
    return Case(f, tuple(map(np.asarray, args)), casts)


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Different numbers between two bounds, at least a hundredth of their distance from both."""
    n = int(np.prod(shape))
    steps = np.random.default_rng(n).permutation(n) + 0.5
    return (low + (high - low) * steps / n).reshape(shape)


SIGNED = numbers(2, 4)
POSITIVE = numbers(2, 4, low=0.2, high=3.0)
INNER = numbers(2, 4, low=-0.9, high=0.9)
ABOVE_ONE = numbers(2, 4, low=1.2, high=3.0)
ROW = numbers(4, low=0.3, high=2.5)
TIED = [[1.0, 3.0, 2.0, 3.0], [0.5, 0.5, 0.5, 0.0]]
INTEGERS = np.array([[3, -1, 2, 2]])
FLAGS = np.array([[True, False, True, False], [True, True, False, False]])
IMAGES = numbers(2, 4, 5, 6)
MARGINS = ((1, 0), (0, 1))
GEOMETRY = Geometry(Window((2, 3), (2, 1), (1, 2)), MARGINS, 2, (5, 6))
MAPS = numbers(2, 2, *GEOMETRY.positions)
KERNELS = numbers(2, 2, 2, 3)
WINDOWS = numbers(1, 2, 2, 2, 2, 3)
WHOLE, EVEN = index.Range(None, None, None), index.Range(None, None, 2)

_ELEMENTWISE: dict[type[Op], list[Case]] = {
    arithmetic.Add: [case(ops.add, SIGNED, ROW), case(lambda x: x + 2, SIGNED)],
    arithmetic.Subtract: [case(ops.subtract, SIGNED, ROW), case(lambda x: 2 - x, SIGNED)],
    arithmetic.Multiply: [case(ops.multiply, SIGNED, ROW), case(lambda x: x * x, SIGNED)],
    arithmetic.Divide: [case(ops.divide, SIGNED, ROW), case(lambda x: 2 / x, POSITIVE)],
    arithmetic.Pow: [
        case(ops.pow, POSITIVE, numbers(4)),
        case(lambda x: x**3, SIGNED),
        case(lambda x: 2**x, SIGNED),
    ],
    arithmetic.Negative: [case(ops.negative, SIGNED)],
    arithmetic.Maximum: [case(ops.maximum, SIGNED, ROW)],
    arithmetic.Minimum: [case(ops.minimum, SIGNED, ROW)],
    arithmetic.GuardedMultiply: [
        case(arithmetic.guarded_multiply, SIGNED, ROW),
        case(arithmetic.guarded_multiply, [0.0, 1.0], [2.0, 0.0]),
    ],
    arithmetic.GuardedDivide: [
        case(arithmetic.guarded_divide, SIGNED, ROW),
        case(arithmetic.guarded_divide, [0.0, 1.0], [2.0, 3.0]),
    ],
    math.Exp: [case(ops.exp, SIGNED)],
    math.Expm1: [case(ops.expm1, SIGNED)],
    math.Log: [case(ops.log, POSITIVE)],
    math.Log1p: [case(ops.log1p, POSITIVE)],
    math.Log2: [case(ops.log2, POSITIVE)],
    math.Log10: [case(ops.log10, POSITIVE)],
    math.Sqrt: [case(ops.sqrt, POSITIVE)],
    math.Rsqrt: [case(ops.rsqrt, POSITIVE)],
    math.Square: [case(ops.square, SIGNED)],
    math.Reciprocal: [case(ops.reciprocal, POSITIVE)],
    math.Erf: [case(ops.erf, SIGNED), case(ops.erf, [-7.0, -0.3, 0.0, 4.5])],
    math.LogAddExp: [case(ops.logaddexp, SIGNED, ROW), case(ops.logaddexp, [900.0], [899.0])],
    trigonometry.Sin: [case(ops.sin, SIGNED)],
    trigonometry.Cos: [case(ops.cos, SIGNED)],
    trigonometry.Tan: [case(ops.tan, INNER)],
    trigonometry.Asin: [case(ops.asin, INNER)],
    trigonometry.Acos: [case(ops.acos, INNER)],
    trigonometry.Atan: [case(ops.atan, SIGNED)],
    trigonometry.Atan2: [case(ops.atan2, SIGNED, ROW)],
    trigonometry.Sinh: [case(ops.sinh, SIGNED)],
    trigonometry.Cosh: [case(ops.cosh, SIGNED)],
    trigonometry.Tanh: [case(ops.tanh, SIGNED)],
    trigonometry.Asinh: [case(ops.asinh, SIGNED)],
    trigonometry.Acosh: [case(ops.acosh, ABOVE_ONE)],
    trigonometry.Atanh: [case(ops.atanh, INNER)],
    activations.Sigmoid: [case(ops.sigmoid, SIGNED), case(ops.sigmoid, [-40.0, 40.0])],
    activations.Relu: [case(ops.relu, SIGNED)],
    activations.Softplus: [case(ops.softplus, SIGNED), case(ops.softplus, [-800.0, 800.0])],
    rounding.Abs: [case(ops.abs, SIGNED)],
    rounding.Clip: [
        case(lambda x: ops.clip(x, -0.6, 1.1), SIGNED),
        case(lambda x: ops.clip(x, max=0.5), SIGNED),
    ],
    compare.Where: [
        case(ops.where, FLAGS, SIGNED, ROW),
        case(lambda c, x: ops.where(c, x, 0), FLAGS[:, :1], SIGNED),
    ],
}

_STEPS: dict[type[Op], list[Case]] = {
    rounding.Sign: [case(ops.sign, SIGNED)],
    rounding.Floor: [case(ops.floor, SIGNED)],
    rounding.Ceil: [case(ops.ceil, SIGNED)],
    rounding.Round: [case(ops.round, [0.5, 1.5, -2.4])],
    rounding.Trunc: [case(ops.trunc, SIGNED)],
    compare.Equal: [case(ops.equal, TIED, TIED[0]), case(lambda x: x == 3, TIED)],
    compare.NotEqual: [case(ops.not_equal, TIED, TIED[0])],
    compare.Less: [case(ops.less, TIED, TIED[0])],
    compare.LessEqual: [case(ops.less_equal, TIED, TIED[0])],
    compare.Greater: [case(ops.greater, TIED, TIED[0])],
    compare.GreaterEqual: [case(ops.greater_equal, TIED, TIED[0])],
    compare.LogicalAnd: [case(ops.logical_and, FLAGS, FLAGS[0])],
    compare.LogicalOr: [case(ops.logical_or, FLAGS, FLAGS[0])],
    compare.LogicalXor: [case(ops.logical_xor, FLAGS, FLAGS[0])],
    compare.LogicalNot: [case(ops.logical_not, FLAGS)],
    reduce.Any: [case(lambda x: ops.any(x, 0), FLAGS)],
    reduce.All: [case(lambda x: ops.all(x, 1, keepdims=True), FLAGS)],
    reduce.ArgMax: [case(lambda x: ops.argmax(x, 1), TIED), case(ops.argmax, TIED)],
    reduce.ArgMin: [case(lambda x: ops.argmin(x, 0, keepdims=True), TIED)],
}

_REDUCTIONS: dict[type[Op], list[Case]] = {
    reduce.Sum: [
        case(ops.sum, SIGNED),
        case(lambda x: ops.sum(x, (0, 2)), numbers(2, 3, 2)),
        case(lambda x: ops.sum(x, -1, keepdims=True), SIGNED),
    ],
    reduce.Max: [case(ops.max, SIGNED), case(lambda x: ops.max(x, 1), SIGNED)],
    reduce.Min: [
        case(ops.min, SIGNED),
        case(lambda x: ops.min(x, (0, 2), keepdims=True), numbers(2, 3, 2)),
    ],
    reduce.CumulativeSum: [case(lambda x: ops.cumulative_sum(x, 1), SIGNED)],
    moments.Norm: [
        case(ops.norm, SIGNED),
        case(lambda x: ops.norm(x, 1, keepdims=True), SIGNED),
    ],
    Softmax: [
        case(ops.softmax, SIGNED),
        case(lambda x: ops.softmax(x, 1), numbers(2, 3, 2)),
    ],
    LogSoftmax: [
        case(ops.log_softmax, SIGNED),
        case(lambda x: ops.log_softmax(x, 0), 100 * SIGNED),
    ],
    LogSumExp: [
        case(ops.logsumexp, SIGNED),
        case(lambda x: ops.logsumexp(x, (0, 2), keepdims=True), numbers(2, 3, 2)),
        case(lambda x: ops.logsumexp(x, 1), SIGNED + 900),
    ],
}

_MOVEMENT: dict[type[Op], list[Case]] = {
    Alias: [case(variable, SIGNED)],
    movement.Reshape: [case(lambda x: ops.reshape(x, (4, -1)), SIGNED)],
    movement.PermuteDims: [case(lambda x: ops.permute_dims(x, (2, 0, 1)), numbers(2, 3, 2))],
    movement.BroadcastTo: [case(lambda x: ops.broadcast_to(x, (2, 3, 4)), numbers(3, 1))],
    movement.Pad: [case(lambda x: ops.pad(x, ((1, 0), (2, 3)), 1.5), SIGNED)],
    movement.Flip: [case(lambda x: ops.flip(x, 1), SIGNED)],
    movement.AsType: [case(lambda x: ops.astype(x, "float32"), SIGNED, casts=True)],
    joining.Concat: [case(lambda x, y: ops.concat([x, y, x], axis=1), SIGNED, numbers(2, 3))],
    joining.Stack: [case(lambda x, y: ops.stack([x, y], axis=1), SIGNED, POSITIVE)],
    index.GetItem: [
        case(lambda x: x[1, ::-2], SIGNED),
        case(lambda x: x[..., None, 1:3], SIGNED),
    ],
    index.Place: [
        case(
            lambda x, y: apply(index.Place(((WHOLE, 1), (0, EVEN)), (2, 4)), x, y),
            numbers(2),
            numbers(2),
        )
    ],
    gather.Take: [case(lambda x, i: ops.take(x, i, axis=1), SIGNED, INTEGERS)],
    gather.ScatterAdd: [
        case(lambda x, i: ops.scatter_add(x, i, 5), numbers(4, 2), INTEGERS[0]),
    ],
    gather.TakeAlongAxis: [
        case(ops.take_along_axis, SIGNED, np.array([[0, 2], [3, 3]])),
    ],
    gather.PutAlongAxisAdd: [
        case(lambda x, i: ops.put_along_axis_add(x, i, 5), numbers(2, 2), [[0, 2], [3, 3]]),
    ],
}

_PRODUCTS: dict[type[Op], list[Case]] = {
    MatMul: [
        case(ops.matmul, numbers(2, 3), numbers(3, 4)),
        case(ops.matmul, numbers(2, 2, 3), numbers(3, 2)),
        case(ops.matmul, numbers(2, 1, 2, 3), numbers(3, 3, 2)),
        case(ops.matmul, numbers(3), numbers(2, 3, 2)),
    ],
    Inner: [case(ops.inner, numbers(2, 3), numbers(4, 3)), case(ops.inner, IMAGES, numbers(2, 6))],
    conv.Conv2d: [
        case(lambda x, w: apply(conv.Conv2d(GEOMETRY), x, w), IMAGES, KERNELS),
        case(
            lambda x, w: ops.conv2d(x, w, padding=1, groups=2), IMAGES[:1, :2], numbers(2, 1, 3, 3)
        ),
    ],
    conv.ConvInput: [case(lambda g, w: apply(conv.ConvInput(GEOMETRY), g, w), MAPS, KERNELS)],
    conv.ConvWeight: [case(lambda x, g: apply(conv.ConvWeight(GEOMETRY), x, g), IMAGES, MAPS)],
    pool.Unfold: [
        case(lambda x: ops.unfold(x, (2, 3), stride=2), IMAGES[:1, :2]),
        case(lambda x: ops.max_pool2d(x, 2), IMAGES[:1, :2]),
    ],
    pool.Fold: [case(lambda x: ops.fold(x, (4, 5), stride=2), WINDOWS)],
}

CASES = {**_ELEMENTWISE, **_STEPS, **_REDUCTIONS, **_MOVEMENT, **_PRODUCTS}


def operations() -> list[type[Op]]:
    """All operations of the package: its classes of Op that no other class is made from."""
    found = dict.fromkeys(_below(Op))
    return sorted(found, key=lambda op: (op.__module__, op.__name__))


def _below(base: type[Op]) -> Iterator[type[Op]]:
    for op in base.__subclasses__():
        if op.__module__.startswith("tushuo.graph."):
            further = list(_below(op))
            yield from further or [op]
