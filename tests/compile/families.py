"""The public operations by family: those that take the same arguments, and are tried together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tushuo.graph import ops

from .comparing import weights


def by_name(names: str) -> dict[str, Callable]:
    """The operations of some names."""
    return {name: getattr(ops, name) for name in names.split()}


SMOOTH = by_name(
    "acos acosh asin asinh atan atanh cos cosh erf exp expm1 log log1p log2 log10 rsqrt sigmoid"
    " sin sinh softplus tan tanh"
)
"""Functions of floating-point numbers that are rounded differently."""

ROOTS = by_name("reciprocal sqrt relu")
"""Functions of floating-point numbers that are not."""

SIMPLE = {
    **by_name("abs ceil floor negative round square trunc"),
    "clip": lambda x: (ops.clip(x, 1, 3), ops.clip(x, max=2), ops.clip(x, min=1)),
}
"""Functions of all numbers."""

SIGN = by_name("sign")

PAIRS = by_name("add maximum minimum multiply subtract")
QUOTIENTS = by_name("divide")
SMOOTH_PAIRS = {
    **by_name("atan2 logaddexp"),
    "pow": lambda x, y: (ops.pow(ops.abs(x), y), ops.pow(x, 3), ops.pow(x, -2)),
}
COMPARISONS = {
    **by_name("equal greater greater_equal less less_equal not_equal"),
    "where": lambda x, y: (ops.where(x < y, x, y), ops.where(x == y, x, 0)),
}
LOGIC = {
    **by_name("logical_and logical_or logical_xor"),
    "logical_not": lambda x, y: ops.logical_not(x),
}

SUMS: dict[str, Callable] = {
    **by_name("logsumexp norm prod sum"),
    "norm of order 1": lambda x, axes, keep: ops.norm(x, axes, keep, ord=1),
}
FULL_SUMS: dict[str, Callable] = {
    **by_name("max mean min"),
    "std": lambda x, axes, keep: ops.std(x + weights(x), axes, keepdims=keep),
    "var": lambda x, axes, keep: ops.var(x + weights(x), axes, keepdims=keep),
    "norm of order inf": lambda x, axes, keep: ops.norm(x, axes, keep, ord=np.inf),
}
"""Reductions of at least one element."""

EXACT_SUMS = by_name("all any")
ALONG = by_name("cumulative_sum log_softmax softmax")
"""Along one axis."""

PLACES = by_name("argmax argmin")


def movements(axis: int, last: int, key: slice) -> dict[str, Callable]:
    """What moves elements, for arrays with an axis and a last axis."""
    before = (0, 0), *((0, 0),) * last
    return {
        "reshape": lambda x: (ops.reshape(x, -1), ops.reshape(x, (1, *x.shape[::-1]))),
        "permute_dims": lambda x: ops.permute_dims(x, range(x.ndim)[::-1]),
        "moveaxis": lambda x: ops.moveaxis(x, axis, 0),
        "matrix_transpose": lambda x: ops.matrix_transpose(ops.expand_dims(x, 0)),
        "expand_dims": lambda x: ops.expand_dims(x, axis),
        "squeeze": lambda x: ops.squeeze(ops.expand_dims(x, axis), axis),
        "flip": lambda x: (ops.flip(x, axis), ops.flip(x)),
        "pad": lambda x: ops.pad(x, (*before[1:], (2, 1)), 1),
        "roll": lambda x: (ops.roll(x, 3, axis), ops.roll(x, -1)),
        "tile": lambda x: ops.tile(x, (2, *(1,) * last, 3)),
        "repeat": lambda x: (ops.repeat(x, 2, axis), ops.repeat(x, 3)),
        "broadcast_to": lambda x: ops.broadcast_to(x, (2, *x.shape)),
        "sum_to": lambda x: ops.sum_to(ops.broadcast_to(x, (2, *x.shape)), x.shape),
        "concat": lambda x: ops.concat([x, nothing(x, axis), ops.flip(x)], axis),
        "stack": lambda x: ops.stack([x, ops.flip(x)], axis),
        "split": lambda x: ops.split(x, x.shape[axis] or 1, axis)[:3],
        "unstack": lambda x: ops.unstack(x, axis)[:3],
        "getitem": lambda x: (x[key], x[..., key, None], x[None, :-1]),
    }


def nothing(x, axis):
    """A slice of no length."""
    return ops.moveaxis(ops.moveaxis(x, axis, 0)[:0], 0, axis)


def pickings(axis: int, few: np.ndarray) -> dict[str, Callable]:
    """What picks elements by indices along an axis, and along the last one."""
    return {
        "take": lambda x, i, j: (ops.take(x, i, axis), ops.take(x, few[:1], axis)),
        "take_along_axis": lambda x, i, j: ops.take_along_axis(x, j),
        "getitem": lambda x, i, j: (ops.moveaxis(x, axis, 0)[few], x[..., None, :]),
    }


def puttings(axis: int) -> dict[str, Callable]:
    """What adds elements up at indices, along an axis, and along the last one."""
    return {
        "scatter_add": lambda x, i, j: ops.scatter_add(
            ops.take(ops.moveaxis(x, axis, 0), i), i, x.shape[axis]
        ),
        "put_along_axis_add": lambda x, i, j: ops.put_along_axis_add(x, j, x.shape[-1]),
    }


PRODUCTS: dict[str, Callable] = {
    "matmul": lambda x, w, y, v: (x @ w, x @ y, w.T @ x.T),
    "matmul by vectors": lambda x, w, y, v: (x @ v, v @ w, y.mT @ v, v @ v),
    "matmul in batches": lambda x, w, y, v: (y.mT @ y, y @ y.mT[:1]),
    "inner": lambda x, w, y, v: (ops.inner(x, w.T), ops.inner(y.mT, x)),
    "vecdot": lambda x, w, y, v: (ops.vecdot(x, v), ops.vecdot(y.mT, v)),
    "tensordot": lambda x, w, y, v: (
        ops.tensordot(x, w, 1),
        ops.tensordot(w, y, [[0, 1], [1, 2]]),
    ),
}


@dataclass(frozen=True)
class Pictures:
    """Images, kernels, and how one goes over the other."""

    x: np.ndarray
    w: np.ndarray
    groups: int
    stride: int
    padding: int
    dilation: int

    @property
    def fits(self) -> bool:
        """Whether there is a place for a kernel."""
        pairs = zip(self.x.shape[2:], self.w.shape[2:], strict=True)
        return all(n + 2 * self.padding > self.dilation * (k - 1) for n, k in pairs)

    def functions(self) -> dict[str, Callable]:
        """All that goes over images."""
        kernel, groups = self.w.shape[2:], self.groups
        way = {"stride": self.stride, "padding": self.padding}
        margins = way if 2 * self.padding <= min(kernel) else way | {"padding": 0}

        def conv(x, w):
            return ops.conv2d(x, w, None, dilation=self.dilation, groups=groups, **way)

        found = {
            "conv2d": conv,
            "conv2d with a tail": lambda x, w: ops.relu(conv(x, w) * 2 + 1),
            "conv_transpose2d": lambda x, w: ops.conv_transpose2d(
                conv(x, w), w, None, dilation=self.dilation, groups=groups, **way
            ),
        }
        if min(n - k for n, k in zip(self.x.shape[2:], kernel, strict=True)) < 0:
            return found
        return found | {
            "avg_pool2d": lambda x, w: ops.avg_pool2d(x, kernel, **margins),
            "max_pool2d": lambda x, w: (ops.max_pool2d(x, kernel, **margins), ops.max_pool2d(x, 2)),
            "unfold": lambda x, w: ops.unfold(x, kernel, self.stride),
            "fold": lambda x, w: ops.fold(
                ops.unfold(x, kernel, self.stride), x.shape[2:], self.stride
            ),
        }


CREATION: dict[str, Callable] = {
    "arange": lambda x: x + ops.arange(4, dtype="float32"),
    "eye": lambda x: x @ ops.eye(4, dtype="float32"),
    "full": lambda x: x * ops.full(4, 3.5, "float32"),
    "full_like": lambda x: ops.full_like(x, -2) - x,
    "linspace": lambda x: x * ops.linspace(0, 1, 4, "float32"),
    "ones": lambda x: x / ops.ones((2, 1, 4), "float32"),
    "ones_like": lambda x: ops.ones_like(x) - x,
    "zeros": lambda x: x - ops.zeros(4, like=x),
    "zeros_like": lambda x: ops.where(x > 0, x, ops.zeros_like(x)),
}


FAMILIES = (
    *(SMOOTH, ROOTS, SIMPLE, SIGN, PAIRS, QUOTIENTS, SMOOTH_PAIRS, COMPARISONS, LOGIC),
    *(SUMS, FULL_SUMS, EXACT_SUMS, ALONG, PLACES, PRODUCTS, CREATION),
    *(movements(0, 0, slice(0)), pickings(0, np.zeros(1, int)), puttings(0)),
    Pictures(np.zeros((1, 1, 9, 9)), np.zeros((1, 1, 3, 3)), 1, 1, 0, 1).functions(),
    {"astype": ops.astype},
)
