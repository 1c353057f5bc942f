"""Every public operation, forward and gradient, compiled and eager, whatever it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tushuo.compile import compile
from tushuo.graph import ops

from .arguments import (
    BOOL,
    FLOATS,
    INSIDE,
    INTEGERS,
    LENGTHS,
    arrays,
    broadcast_pairs,
    dtypes,
    numbers,
    shapes,
)
from .comparing import identical, same, weights


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

SIGNED = ("int8", "int16", "int32", "int64")

PLACES = by_name("argmax argmin")


@pytest.fixture(params=[3, pytest.param(40, marks=pytest.mark.slow)], ids=["some", "many"])
def examples(request):
    """How many examples are tried."""
    return request.param


def tried(examples: int, check: Callable, *drawn: st.SearchStrategy) -> None:
    """Run a check on examples of what is drawn."""
    settings(max_examples=examples)(given(*drawn)(check))()


def moved(functions, look):
    """The functions of an argument that the program looks at in some way."""
    return {name: lambda x, f=f: f(look(x)) for name, f in functions.items()}


looks = st.sampled_from(list(INSIDE.values()))


@st.composite
def one(draw, *kinds, edges=False):
    """An array."""
    return draw(arrays(draw(shapes()), draw(dtypes(*kinds)), edges))


@st.composite
def two(draw, *kinds, edges=False):
    """Two arrays of a data type that can be broadcast."""
    dtype = draw(dtypes(*kinds))
    return [draw(arrays(shape, dtype, edges)) for shape in draw(broadcast_pairs())]


@st.composite
def with_axes(draw, *kinds, edges=False):
    """An array and some of its axes."""
    x = draw(one(*kinds, edges=edges))
    axes = draw(st.sets(st.integers(0, x.ndim - 1))) if x.ndim else set()
    return x, tuple(sorted(axes)), draw(st.booleans())


def test_functions_that_are_rounded_differently(examples):
    def check(x, look):
        same(moved(SMOOTH, look), x, gradients=True)

    tried(examples, check, one(FLOATS), looks)


def test_functions_at_their_edges(examples):
    def check(x):
        same(SMOOTH, x)

    tried(examples, check, one(FLOATS, edges=True))


def test_functions_to_the_bit(examples):
    def check(x, look):
        real = x.dtype.kind == "f"
        same(moved(SIMPLE | SIGN | (ROOTS if real else {}), look), x, near=identical)

    tried(examples, check, one(FLOATS, INTEGERS, edges=True), looks)


def test_gradients_of_functions(examples):
    def check(x, look):
        same(moved(SIMPLE | SIGN | ROOTS, look), x, gradients=True)

    tried(examples, check, one(FLOATS), looks)


def test_pairs_to_the_bit(examples):
    def check(pair):
        real = pair[0].dtype.kind == "f"
        same(PAIRS | COMPARISONS | (QUOTIENTS if real else {}), *pair, near=identical)

    tried(examples, check, two(FLOATS, INTEGERS, edges=True))


def test_gradients_of_pairs(examples):
    def check(pair):
        same(PAIRS | QUOTIENTS | SMOOTH_PAIRS | COMPARISONS, *pair, gradients=True)

    tried(examples, check, two(FLOATS))


def test_logic(examples):
    tried(examples, lambda pair: same(LOGIC, *pair), two(["bool"]))


def reducing(functions, look, axes, keep):
    """The functions over some axes of what the program sees of an argument."""
    return {n: lambda x, f=f: f(look(x), axes or None, keep) for n, f in functions.items()}


def test_reductions(examples):
    def check(drawn, look):
        x, axes, keep = drawn
        full = 0 not in look(x).shape
        functions = SUMS | (FULL_SUMS if full else {})
        same(reducing(functions, look, axes, keep), x, gradients=True)

    tried(examples, check, with_axes(FLOATS), looks)


def test_reductions_to_the_bit(examples):
    def check(drawn, look):
        x, axes, keep = drawn
        full = 0 not in look(x).shape
        functions = EXACT_SUMS | (by_name("max min") if full and x.dtype != bool else {})
        if x.dtype.kind != "f":
            functions |= by_name("sum prod")
        same(reducing(functions, look, axes, keep), x, near=identical)

    tried(examples, check, with_axes(FLOATS, INTEGERS, BOOL, edges=True), looks)


def test_functions_along_an_axis(examples):
    def check(x, look, axis):
        rank = look(x).ndim
        if rank:
            along = {n: lambda x, f=f: f(look(x), axis % rank) for n, f in ALONG.items()}
            same(along, x, gradients=True)

    tried(examples, check, one(FLOATS), looks, st.integers(0, 5))


def test_places(examples):
    def check(x, look, axis, keep):
        y = look(x)
        if not y.size:
            return
        axis = None if not y.ndim or axis is None else axis % y.ndim
        functions = {n: lambda x, f=f: f(look(x), axis, keep) for n, f in PLACES.items()}
        if y.ndim and x.dtype.kind != "f":
            functions["cumulative_sum"] = lambda x: ops.cumulative_sum(look(x), axis or 0)
        same(functions, x, near=identical)

    some_axis = st.none() | st.integers(0, 5)
    tried(examples, check, one(FLOATS, INTEGERS, BOOL, edges=True), looks, some_axis, st.booleans())


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


def test_movements(examples):
    def check(x, look, axis, key):
        y = look(x)
        if y.ndim:
            functions = moved(movements(axis % y.ndim, y.ndim - 1, key), look)
            same(functions, x, near=identical)
            same(functions, x * 0.5, gradients=True) if x.dtype.kind == "f" else None

    keys = st.builds(slice, *[st.none() | st.integers(-9, 9)] * 2, st.sampled_from([1, 2, -1, -3]))
    drawn = one(FLOATS, INTEGERS, BOOL), looks, st.integers(0, 5), keys
    tried(examples, check, *drawn)


def test_data_types(examples):
    def check(x, look):
        fitting = FLOATS + (SIGNED if x.dtype.kind == "f" else INTEGERS)
        functions = {
            f"astype {other}": lambda x, other=other: ops.astype(look(x), other)
            for other in (*fitting, "bool")
        }
        same(functions, x, near=identical)

    tried(examples, check, one(FLOATS, INTEGERS, BOOL), looks)


def test_floats_beyond_the_integers_become_their_ends():
    x = np.array([np.nan, np.inf, -np.inf, 300, -300, 1e30], np.float32)
    for dtype in ("int8", "uint8", "int64"):
        limits = np.iinfo(dtype)
        found = compile(lambda x, dtype=dtype: ops.astype(x, dtype), cache=False)(x).numpy()
        assert found[:3].tolist() == [0, limits.max, limits.min]
        assert found[5] == limits.max


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


def test_picking(examples):
    def check(x, look, axis, numbers, dtype):
        y = look(x)
        if not y.size or not y.ndim:
            return
        axis, n = axis % y.ndim, y.shape[axis % y.ndim]
        few = (numbers % n).astype(dtype)
        signed = few - few.dtype.type(0 if dtype == "uint8" else n) * (numbers % 2 == 1)
        along = (np.resize(numbers, y.shape) % y.shape[-1]).astype(dtype)
        functions = pickings(axis, few) | (puttings(axis) if x.dtype != bool else {})
        some = {name: lambda x, i, j, f=f: f(look(x), i, j) for name, f in functions.items()}
        same(some, x, signed.astype(dtype), along, gradients=x.dtype.kind == "f")

    indices = st.lists(st.integers(0, 99), max_size=9).map(lambda x: np.array(x, int))
    kinds = st.sampled_from(["int64", "int32", "int8", "uint8"])
    tried(examples, check, one(FLOATS, INTEGERS, BOOL), looks, st.integers(0, 5), indices, kinds)


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


@st.composite
def factors(draw):
    """Matrices (N, K) and (K, M), several of these, and a vector."""
    n, k, m = (draw(st.sampled_from(LENGTHS)) for _ in range(3))
    dtype, several = draw(dtypes(FLOATS)), draw(st.sampled_from([2, 1, 0, 3]))
    return [draw(arrays(s, dtype)) for s in ((n, k), (k, m), (several, k, m), (k,))]


def test_products(examples):
    def check(drawn):
        same(PRODUCTS, *drawn, gradients=True)

    tried(examples, check, factors())


def test_products_of_integers(examples):
    def check(x):
        same({"matmul": lambda x: x @ x.T, "vecdot": lambda x: ops.vecdot(x, x)}, x, near=identical)

    tried(examples, check, st.builds(numbers, st.integers(0, 99), shapes((2,)), dtypes(INTEGERS)))


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


@st.composite
def pictures(draw):
    """Convolutions of all channels, of groups, and of each channel by itself."""

    def among(*values):
        return draw(st.sampled_from(values))

    n, each, maps, groups = among(1, 2, 0), among(3, 1, 8, 17), among(4, 1, 16, 5), among(1, 2, 5)
    size, kernel = (among(7, 5, 8, 15), among(7, 6)), (among(3, 1, 2, 5), among(3, 1, 4))
    if among(False, True):
        each = maps = 1
    dtype = draw(dtypes(FLOATS))
    x = draw(arrays((n, each * groups, *size), dtype))
    w = draw(arrays((maps * groups, each, *kernel), dtype))
    return Pictures(x, w, groups, among(1, 2), among(0, 1, 2), among(1, 1, 2))


def test_images(examples):
    def check(drawn):
        if drawn.fits:
            same(drawn.functions(), drawn.x, drawn.w, gradients=True)

    tried(examples, check, pictures())


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


def test_constants():
    same(CREATION, numbers(0, (3, 4), "float32"), gradients=True)


FAMILIES = (
    *(SMOOTH, ROOTS, SIMPLE, SIGN, PAIRS, QUOTIENTS, SMOOTH_PAIRS, COMPARISONS, LOGIC),
    *(SUMS, FULL_SUMS, EXACT_SUMS, ALONG, PLACES, PRODUCTS, CREATION),
    *(movements(0, 0, slice(0)), pickings(0, np.zeros(1, int)), puttings(0)),
    Pictures(np.zeros((1, 1, 9, 9)), np.zeros((1, 1, 3, 3)), 1, 1, 0, 1).functions(),
    {"astype": ops.astype},
)


def test_every_operation_has_a_case():
    tried = {name.split()[0] for family in FAMILIES for name in family}
    assert tried == set(ops.__all__)
