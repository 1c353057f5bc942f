"""Weights that several products of a few rows read are laid out for them once."""

from __future__ import annotations

import numpy as np
import pytest
from tests.compile.programs import f32, traced

import tushuo
from tushuo.compile import compile
from tushuo.compile.passes import optimise
from tushuo.compile.passes.pack import pack
from tushuo.graph.ops.matmul import inner

RNG = np.random.default_rng(0)


def repeated(times, product=tushuo.matmul):
    def f(h, w):
        for _ in range(times):
            h = tushuo.tanh(product(h, w))
        return h

    return f


def names(f, *specs):
    found = []
    for step in optimise(traced(f, *specs)).body:
        inner_program = getattr(step.op, "program", None)
        found += [s.op.name for s in (inner_program.body if inner_program else [step])]
    return found


@pytest.mark.parametrize("product", [tushuo.matmul, inner])
def test_they_are_copied_once(product):
    found = names(repeated(5, product), f32(8, 96), f32(96, 96))
    assert found.count("Rows") == 5
    assert found.count("Copy") == 1


@pytest.mark.parametrize(
    ("times", "rows", "size"),
    [(3, 8, 96), (5, 65, 96), (5, 8, 16)],  # few products, many rows, few weights
)
def test_others_stay_products(times, rows, size):
    before = traced(repeated(times), f32(rows, size), f32(size, size))
    assert [s.op for s in pack(before).body] == [s.op for s in before.body]


def test_constants_are_in_panels_though_one_product_reads_them():
    w = tushuo.asarray(RNG.standard_normal((96, 96)).astype("float32"))
    assert names(lambda x: x @ w, f32(8, 96)) == ["Rows"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("product", [tushuo.matmul, inner])
@pytest.mark.parametrize(("rows", "size"), [(1, 64), (5, 101), (64, 80), (12, 96)])
def test_results_and_gradients_are_the_interpreters(rows, size, product, dtype):
    h = RNG.standard_normal((rows, size)).astype(dtype)
    w = (RNG.standard_normal((size, size)) / size**0.5).astype(dtype)

    def loss(h, w):
        return tushuo.sum(tushuo.square(repeated(4, product)(h, w)))

    compile(tushuo.value_and_grad(loss, argnums=(0, 1)), cache=False, verify=True)(h, w)
