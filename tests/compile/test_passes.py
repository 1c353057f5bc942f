"""Passes, by the programs before and after them."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from compile.programs import Sorted, body, f32, traced
from tushuo.compile import compile
from tushuo.compile.passes import PASSES, optimise
from tushuo.compile.passes.common import share
from tushuo.compile.passes.dead import prune
from tushuo.compile.passes.expand import expand
from tushuo.compile.passes.fold import fold
from tushuo.compile.passes.fuse import fuse
from tushuo.compile.passes.simplify import simplify
from tushuo.compile.passes.views import copies
from tushuo.errors import UsageError


def after(one, f, *specs):
    return body(prune(one(traced(f, *specs))))


def test_fold_computes_what_depends_on_constants_alone():
    two = np.float32(2)
    before = traced(lambda x: x * (tushuo.asarray(two) + x.detach() * 0 * 0), f32(2))
    assert body(fold(before)) == body(before)
    assert after(fold, lambda x: x + tushuo.exp(tushuo.zeros((), "float32")), f32(2)) == [
        "%1: float32[] = 1.0",
        "%2: float32[2] = Add(%0, %1)",
        "return %2",
    ]


SIMPLER = {
    "x * 1": (lambda x: x * 1, "return %0"),
    "1 * x": (lambda x: 1 * x, "return %0"),
    "x / 1": (lambda x: x / 1, "return %0"),
    "x - 0": (lambda x: x - 0, "return %0"),
    "two signs": (lambda x: tushuo.negative(-x), "return %0"),
    "x ** 1": (lambda x: x**1.0, "return %0"),
    "two transposes": (lambda x: x.T.T, "return %0"),
    "two reshapings": (lambda x: x.reshape(6).reshape(2, 3), "return %0"),
}


@pytest.mark.parametrize(("f", "last"), SIMPLER.values(), ids=SIMPLER)
def test_what_changes_nothing_goes(f, last):
    assert after(simplify, f, f32(2, 3)) == [last]


CHEAPER = {
    "x + -y": (lambda x, y: x + (-y), "%2: float32[3] = Subtract(%0, %1)"),
    "x ** 2.0": (lambda x, y: x**2.0, "%2: float32[3] = Square(%0)"),
    "a broadcast operand": (
        lambda x, y: tushuo.broadcast_to(x[:1], (3,)) * y,
        "%3: float32[3] = Multiply(%2, %1)",
    ),
    "a sum over one": (
        lambda x, y: tushuo.sum(x.reshape(3, 1), 1),
        "return %0",
    ),
}


@pytest.mark.parametrize(("f", "line"), CHEAPER.values(), ids=CHEAPER)
def test_what_a_cheaper_operation_can_do_is_replaced(f, line):
    assert line in after(simplify, f, f32(3), f32(3))


@pytest.mark.parametrize("f", [lambda x: x + 0, lambda x: x * 0, lambda x: x - (-0.0)])
def test_what_may_change_a_zero_or_hide_a_nan_stays(f):
    assert after(simplify, f, f32(3))[-1] == "return %2"


def test_share_tells_zeros_of_different_signs_apart():
    f = compile(lambda x: (tushuo.clip(x, 0.0, 1.0), tushuo.clip(x, -0.0, 1.0)), cache=False)
    assert [np.signbit(y.numpy()).tolist() for y in f(np.array([-1.0]))] == [[False], [True]]


def test_share_computes_once_what_is_equal():
    def f(x):
        return tushuo.exp(x) * 2 + tushuo.exp(x) * 2

    assert after(share, f, f32(3)) == [
        "%1: float32[] = 2.0",
        "%2: float32[3] = Exp(%0)",
        "%3: float32[3] = Multiply(%2, %1)",
        "%4: float32[3] = Add(%3, %3)",
        "return %4",
    ]


def test_prune_drops_what_nobody_reads():
    def f(x):
        tushuo.exp(x)
        return x + 1

    assert after(lambda program: program, f, f32(2)) == [
        "%1: float32[] = 1.0",
        "%2: float32[2] = Add(%0, %1)",
        "return %2",
    ]


def test_expand_takes_softmax_apart():
    names = [step.op.name for step in prune(expand(traced(tushuo.softmax, f32(2, 3)))).body]
    assert names == [
        *("Max", "Equal", "Where", "Subtract", "Exp", "Sum", "Maximum", "Divide"),
    ]


def test_copies_stand_before_reshapings_that_need_them():
    assert after(copies, lambda x: x.T.reshape(6), f32(2, 3)) == [
        "%1: float32[3, 2] = PermuteDims[axes=(1, 0)](%0)",
        "%2: float32[3, 2] = Copy(%1)",
        "%3: float32[6] = Reshape[shape=(6,)](%2)",
        "return %3",
    ]


def test_outputs_have_their_own_memory():
    def f(x):
        y = tushuo.exp(x)
        return y, y.T, x

    assert after(copies, f, f32(2, 3)) == [
        "%1: float32[2, 3] = Exp(%0)",
        "%2: float32[3, 2] = PermuteDims[axes=(1, 0)](%1)",
        "%3: float32[3, 2] = Copy(%2)",
        "return %1, %3, %0",
    ]


def test_fuse_makes_one_loop_with_its_reduction():
    def f(x, y):
        z = tushuo.exp(x + y)
        return z * 2, tushuo.sum(z, 1)

    assert after(fuse, f, f32(4, 3), f32(3)) == [
        "%2: float32[4, 3], %3: float32[4] = Loop[shape=(4, 3), axes=(1,)](%0, %1) {",
        "    %2: float32[] = 2.0",
        "    %3: float32[4, 3] = Add(%0, %1)",
        "    %4: float32[4, 3] = Exp(%3)",
        "    %5: float32[4, 3] = Multiply(%4, %2)",
        "    %6: float32[4] = Sum[axes=(1,), keepdims=False](%4)",
        "    return %5, %6",
        "}",
        "return %2, %3",
    ]


def loops(f, *specs):
    return [getattr(step.op, "shape", None) for step in fuse(traced(f, *specs)).body]


def test_fuse_does_not_go_in_a_circle():
    """The normalised values need the sum of all of them first."""

    def f(x):
        z = tushuo.exp(x)
        return z / tushuo.sum(z)

    assert loops(f, f32(5)) == [(5,), (5,)]


def test_fuse_keeps_reductions_over_other_axes_apart():
    def f(x):
        z = tushuo.exp(x)
        return tushuo.sum(z, 0), tushuo.sum(z, 1)

    assert loops(f, f32(4, 5)) == [(4, 5), (4, 5)]


def test_fuse_leaves_what_has_no_code():
    names = [step.op.name for step in fuse(traced(lambda x: tushuo.exp(Sorted()(x)), f32(4))).body]
    assert names == ["Sorted", "Loop"]


@pytest.mark.parametrize("name", [n for n in PASSES if n != "copies"])
def test_any_pass_but_one_can_be_left_out(name):
    def f(x):
        return tushuo.sum(tushuo.softmax(x, 1) * 1 + tushuo.exp(x).T.reshape(x.shape), 1)

    x = np.linspace(-1, 1, 16).reshape(4, 4)
    found = compile(f, without=[name], cache=False)(x)
    np.testing.assert_allclose(found.numpy(), f(tushuo.asarray(x)).numpy(), rtol=1e-14)


def test_an_unknown_pass():
    with pytest.raises(UsageError, match="no pass 'fusion' can be left out; choose among fold"):
        optimise(traced(tushuo.exp, f32(1)), without=["fusion"])


def test_copies_lay_out_what_a_small_product_reads():
    def names(f, *specs):
        return [step.op.name for step in copies(traced(f, *specs)).body]

    both = ["PermuteDims", "PermuteDims", "MatMul"]
    assert names(lambda x, y: x.T @ y.T, f32(4, 3), f32(5, 4)) == [*both[:2], "Copy", "MatMul"]
    assert names(lambda x, y: x.T @ y.T, f32(400, 300), f32(50, 400)) == both
    assert names(lambda x, y: x @ y.T, f32(3, 4), f32(5, 4)) == ["PermuteDims", "MatMul"]


def test_copies_lay_out_the_rows_of_a_large_product_once():
    def f(x, y, z):
        return x.T @ y, x.T @ z

    found = [step.op.name for step in copies(share(traced(f, *[f32(640, 520)] * 3))).body]
    assert found == ["PermuteDims", "Copy", "MatMul", "MatMul"]
