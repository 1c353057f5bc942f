"""What follows a product: when it becomes a part of it, and what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compile.programs import f32, traced

import tushuo
from tushuo.compile import compile
from tushuo.compile.codegen import product
from tushuo.compile.passes import optimise
from tushuo.graph.ops.matmul import inner

RNG = np.random.default_rng(0)
LENGTHS = st.integers(1, 40)


def names(f, *specs):
    return [step.op.name for step in optimise(traced(f, *specs)).body]


def bias_and_activation(x, w, b):
    return tushuo.tanh(x @ w + b)


def per_row(x, w, b):
    return tushuo.where(x @ w > 0.5, tushuo.mean(x, axis=1, keepdims=True), b)


def update(x, w, b):
    return (x @ w) * 0.1 + (x @ w) ** 2, b * 2


def mixed(x, w, b):
    mask = b > 0
    return tushuo.where(mask, tushuo.exp(x @ w), 0.0), mask


@settings(max_examples=6, deadline=None)
@given(LENGTHS, LENGTHS, LENGTHS, st.sampled_from(["float32", "float64"]))
@pytest.mark.parametrize("f", [bias_and_activation, per_row, update, mixed])
def test_results_are_the_interpreters(f, m, n, k, dtype):
    x, w, b = (RNG.standard_normal(s).astype(dtype) for s in ((m, k), (k, n), (n,)))
    compile(f, cache=False, verify=True)(x, w, b)


def test_a_loop_joins_the_product_that_only_it_reads():
    shapes = f32(4, 8), f32(8, 16), f32(16)
    assert names(bias_and_activation, *shapes) == ["Tailed"]
    assert names(lambda x, w, b: (x @ w, x @ w + b), *shapes) == ["MatMul", "Loop"]


def test_of_two_products_one_is_joined():
    shapes = f32(4, 8), f32(8, 16), f32(4, 3), f32(3, 16)
    assert names(lambda x, w, y, v: x @ w + y @ v, *shapes) == ["MatMul", "Tailed"]


@pytest.mark.parametrize(
    ("f", "shapes"),
    [
        (lambda x, w: tushuo.relu(inner(x, w)), [(4, 64), (5, 64)]),  # summed across lanes
        (lambda x, w: tushuo.relu(x @ w), [(128, 128), (128, 128)]),  # BLAS
        (lambda x, w: tushuo.sum(x @ w, axis=0), [(4, 8), (8, 16)]),
        (lambda x, w: tushuo.sin(x @ w), [(4, 8), (8, 16)]),  # no vector code
        (lambda x, w: x @ w + tushuo.matrix_transpose(w), [(16, 16), (16, 16)]),
        (lambda x, w: tushuo.relu(x @ w), [(2, 4, 8), (2, 8, 16)]),
    ],
)
def test_others_stay_apart(f, shapes, monkeypatch):
    monkeypatch.setattr(product, "_in_panels", lambda *a: False)
    assert "Tailed" not in names(f, *(f32(*s) for s in shapes))


def test_the_pass_can_be_left_out():
    x, w, b = (RNG.standard_normal(s).astype("float32") for s in ((4, 8), (8, 16), (16,)))
    f = compile(bias_and_activation, cache=False, without=["tails"])
    wanted = compile(bias_and_activation, cache=False)(x, w, b).numpy()
    np.testing.assert_array_equal(f(x, w, b).numpy(), wanted)


@pytest.mark.parametrize("transposed", [False, True])
def test_the_tail_waits_for_all_of_a_long_k(transposed, monkeypatch):
    """Sums of a part of k wait in memory; the tail sees them when they are complete."""
    monkeypatch.setattr(product, "_in_panels", lambda *a: True)
    m, k, n = 530, 1100, 70
    left = (k, m) if transposed else (m, k)
    x, w, b = (RNG.standard_normal(s).astype("float32") for s in (left, (k, n), (n,)))
    w /= np.float32(k**0.5)

    def f(x, w, b):
        return bias_and_activation(x.T if transposed else x, w, b)

    assert names(f, *(f32(*a.shape) for a in (x, w, b)))[-1] == "Tailed"
    found = compile(f, cache=False, verify=True)(x, w, b).numpy()
    apart = compile(f, cache=False, without=["tails"])(x, w, b).numpy()
    np.testing.assert_array_equal(found, apart)
