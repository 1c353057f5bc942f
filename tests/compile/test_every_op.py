"""Every public operation, forward and gradient, compiled and eager, whatever it is given."""

from __future__ import annotations

from hypothesis import strategies as st

from tushuo.graph import ops

from .arguments import BOOL, FLOATS, INTEGERS, LOOKS, numbers, one, tried, two, with_axes
from .comparing import identical, moved, same
from .families import (
    ALONG,
    COMPARISONS,
    CREATION,
    EXACT_SUMS,
    FAMILIES,
    FULL_SUMS,
    LOGIC,
    PAIRS,
    PLACES,
    QUOTIENTS,
    ROOTS,
    SIGN,
    SIMPLE,
    SMOOTH,
    SMOOTH_PAIRS,
    SUMS,
    by_name,
)


def test_functions_that_are_rounded_differently(examples):
    def check(x, look):
        same(moved(SMOOTH, look), x, gradients=True)

    tried(examples, check, one(FLOATS), LOOKS)


def test_functions_at_their_edges(examples):
    def check(x):
        same(SMOOTH, x)

    tried(examples, check, one(FLOATS, edges=True))


def test_functions_to_the_bit(examples):
    def check(x, look):
        real = x.dtype.kind == "f"
        same(moved(SIMPLE | SIGN | (ROOTS if real else {}), look), x, near=identical)

    tried(examples, check, one(FLOATS, INTEGERS, edges=True), LOOKS)


def test_gradients_of_functions(examples):
    def check(x, look):
        same(moved(SIMPLE | SIGN | ROOTS, look), x, gradients=True)

    tried(examples, check, one(FLOATS), LOOKS)


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

    tried(examples, check, with_axes(FLOATS), LOOKS)


def test_reductions_to_the_bit(examples):
    def check(drawn, look):
        x, axes, keep = drawn
        full = 0 not in look(x).shape
        functions = EXACT_SUMS | (by_name("max min") if full and x.dtype != bool else {})
        if x.dtype.kind != "f":
            functions |= by_name("sum prod")
        same(reducing(functions, look, axes, keep), x, near=identical)

    tried(examples, check, with_axes(FLOATS, INTEGERS, BOOL, edges=True), LOOKS)


def test_functions_along_an_axis(examples):
    def check(x, look, axis):
        rank = look(x).ndim
        if rank:
            along = {n: lambda x, f=f: f(look(x), axis % rank) for n, f in ALONG.items()}
            same(along, x, gradients=True)

    tried(examples, check, one(FLOATS), LOOKS, st.integers(0, 5))


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
    tried(examples, check, one(FLOATS, INTEGERS, BOOL, edges=True), LOOKS, some_axis, st.booleans())


def test_constants():
    same(CREATION, numbers(0, (3, 4), "float32"), gradients=True)


def test_every_operation_has_a_case():
    tried = {name.split()[0] for family in FAMILIES for name in family}
    assert tried == set(ops.__all__)
