"""Rows of a constant, multiplied by a constant, are rows of their product."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compile.programs import f32, traced

import tushuo
from tushuo import nn
from tushuo.compile import compile
from tushuo.compile.passes.dead import prune
from tushuo.compile.passes.tables import tables
from tushuo.errors import ShapeError
from tushuo.graph.op import Spec
from tushuo.models import ShowAttendTell

RNG = np.random.default_rng(0)
WORDS = Spec((2, 3), np.dtype(np.int64))
EMBED, W, B = (
    tushuo.asarray(RNG.standard_normal(shape).astype("float32")) for shape in ((30, 8), (12, 8), 12)
)


def shapes(f, *specs):
    """Operations but movements, and the shapes of the constants that are left."""
    program = prune(tables(traced(f, *specs)))
    names = [step.op.name for step in program.body if step.op.name != "Reshape"]
    return names, [array.shape for array in program.constants.values()]


def test_product_and_bias_become_a_table():
    assert shapes(lambda i: nn.linear(tushuo.take(EMBED, i), W, B), WORDS) == (["Take"], [(30, 12)])
    assert shapes(lambda i: tushuo.take(EMBED, i) @ W.T, WORDS) == (["Take"], [(30, 12)])
    assert shapes(lambda i: B + tushuo.take(EMBED, i) @ W.T, WORDS) == (["Take"], [(30, 12)])


def test_other_readers_keep_the_rows():
    def f(i):
        x = tushuo.take(EMBED, i)
        return nn.linear(x, W, B), tushuo.tanh(x)

    assert shapes(f, WORDS) == (["Take", "Take", "Tanh"], [(30, 8), (30, 12)])


def test_several_products_of_a_row():
    def f(i):
        return nn.linear(nn.linear(tushuo.take(EMBED, i), W, B), W.T)

    assert shapes(f, WORDS) == (["Take"], [(30, 8)])


STAY = {
    "the table is an argument": (
        lambda i, table: nn.linear(tushuo.take(table, i), W),
        (WORDS, f32(30, 8)),
        ["Take", "Inner"],
    ),
    "the matrix is an argument": (
        lambda i, w: tushuo.take(EMBED, i) @ w,
        (WORDS, f32(8, 12)),
        ["Take", "MatMul"],
    ),
    "the rows are changed": (
        lambda i: nn.linear(tushuo.tanh(tushuo.take(EMBED, i)), W),
        (WORDS,),
        ["Take", "Tanh", "Inner"],
    ),
    "a bias for each word": (
        lambda i: nn.linear(tushuo.take(EMBED, i), W) + RNG.random((3, 12), dtype="float32"),
        (WORDS,),
        ["Take", "Add"],
    ),
    "no product": (lambda i: tushuo.take(EMBED, i) + 1.0, (WORDS,), ["Take", "Add"]),
    "two words to a row": (
        lambda i: tushuo.reshape(tushuo.take(EMBED, i), (3, 16)) @ tushuo.ones((16, 4), "float32"),
        (WORDS,),
        ["Take", "MatMul"],
    ),
}


@pytest.mark.parametrize(("f", "specs", "names"), STAY.values(), ids=STAY)
def test_what_stays(f, specs, names):
    assert shapes(f, *specs)[0] == names


@pytest.mark.parametrize(("limit", "number"), [("_BYTES", 30 * 12 * 4), ("_PRODUCTS", 30 * 12 * 8)])
def test_tables_have_limits(limit, number, monkeypatch):
    def f(i):
        return nn.linear(tushuo.take(EMBED, i), W)

    monkeypatch.setitem(tables.__globals__, limit, number)
    assert shapes(f, WORDS)[0] == ["Take"]
    monkeypatch.setitem(tables.__globals__, limit, number - 1)
    assert shapes(f, WORDS)[0] == ["Take", "Inner"]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 20), st.integers(1, 6), st.booleans())
def test_results_are_the_interpreters(rows, k, maps, words, bias):
    table, w, b = (RNG.standard_normal(shape) for shape in ((rows, k), (maps, k), maps))
    i = RNG.integers(-rows, rows, (words, 2))
    f = compile(
        lambda i: nn.linear(tushuo.take(table, i), tushuo.asarray(w), b if bias else None),
        cache=False,
        verify=True,
    )
    wanted = table[i] @ w.T + (b if bias else 0)
    np.testing.assert_allclose(f(i).numpy(), wanted, atol=1e-12)
    with pytest.raises(ShapeError, match="out of range"):
        f(i * 0 + rows)


def decoder_step():
    """A step of a decoder, and what it takes."""
    decoder = ShowAttendTell(40, 6, 8, 8, 8, 8, rng=0).eval()
    features = RNG.standard_normal((2, 4, 6)).astype("float32")
    annotations = decoder.annotations(tushuo.asarray(features))
    words = tushuo.asarray(RNG.integers(0, 40, (2, 3)))

    def step(annotations, state, words):
        out = decoder.step(annotations, state, words)
        return out.logits, out.state

    return step, (annotations, decoder.initial(annotations, 3), words)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_decoder_does_not_multiply_word_vectors(precision):
    step, args = decoder_step()
    f = compile(step, cache=False, precision=precision)
    plain = compile(step, cache=False, precision=precision, without=["tables"])
    wanted, far = step(*args)[0].numpy(), 1e-5 if precision == "float32" else 0.02
    for g in (f, plain):
        np.testing.assert_allclose(g(*args)[0].numpy(), wanted, atol=far)
    products = [[k.kind for k in g.explain().kernels].count("product") for g in (plain, f)]
    assert products[0] - products[1] == 1
