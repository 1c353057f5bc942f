"""What loops keep for later ones, and loops that read the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tushuo
from tushuo import nn
from tushuo.compile import compile
from tushuo.compile.passes import optimise
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph import leaves
from tushuo.graph.op import Spec

from .comparing import same
from .programs import f32, traced

B, K, L, A = 32, 1, 20, 512
KEYS, QUERY, SCORE = (B, L, A), (B, K, A), (A,)


def attention(keys, query, score):
    """Scores as of additive attention, and all gradients."""

    def total(keys, query, score):
        t = tushuo.tanh(tushuo.expand_dims(keys, 1) + tushuo.expand_dims(query, 2))
        return tushuo.sum(tushuo.square(tushuo.sum(t * score, axis=-1)))

    return tushuo.value_and_grad(total, (0, 1, 2))(keys, query, score)


def entropy(logits, bias, words):
    """Cross-entropy of logits of many words, and its gradients."""

    def total(logits, bias):
        return nn.cross_entropy(logits + bias, words)

    return tushuo.value_and_grad(total, (0, 1))(logits, bias)


def flat(f):
    """A function whose results are no tree."""
    return lambda *args: tuple(leaves(f(*args)))


def loop_steps(program: Program) -> list[Instruction]:
    return [step for step in program.body if isinstance(step.op, Loop)]


def loops(program: Program) -> list[str]:
    return [" ".join(one.op.name for one in s.op.program.body) for s in loop_steps(program)]


def written(program: Program, size: int) -> int:
    """How many arrays of a size loops write."""
    return sum(y.size == size for step in loop_steps(program) for y in step.results)


def test_a_derivative_is_made_anew_where_it_is_read():
    program = traced(flat(attention), *(f32(*s) for s in (KEYS, QUERY, SCORE)))
    before = optimise(program, without=["recompute", "siblings"])
    after = optimise(program)
    assert "Add Tanh Multiply Sum Multiply Subtract" in loops(before)
    assert "Add Tanh Multiply Sum" in loops(after)
    size = B * K * L * A
    assert (written(before, size), written(after, size)) == (3, 2)  # tanh, and the keys' gradient


def test_two_sums_of_different_axes_read_an_array_once():
    program = traced(flat(attention), *(f32(*s) for s in (KEYS, QUERY, SCORE)))
    before, after = optimise(program, without=["siblings"]), optimise(program)
    readers = [
        [s for s in loop_steps(each) if any(x.size == B * K * L * A for x in s.operands)]
        for each in (before, after)
    ]
    assert len(readers[1]) == len(readers[0]) - 1
    merged = next(s.op for s in readers[1] if s.op.axes == (2,))
    assert [one.op.name for one in merged.program.body].count("Sum") == 2
    assert "Sum" in loops(after)  # the second step of the sum over more axes


def test_logits_are_read_thrice_and_their_gradient_is_written():
    rows, words = 64, 2048
    program = traced(
        flat(entropy),
        f32(rows, words),
        f32(words),
        Spec((rows,), np.dtype("int32")),
    )
    before = optimise(program, without=["recompute"])
    after = optimise(program)
    assert (written(before, rows * words), written(after, rows * words)) == (3, 1)
    gathers = [s for s in after.body if s.op.name in ("Take", "TakeAlongAxis")]
    assert {s.operands[0] for s in gathers} <= set(program_inputs(after))


def program_inputs(program: Program) -> set[Value]:
    """Inputs, and what is a view of them."""
    found = set(program.inputs)
    for step in program.body:
        if step.op.name in ("Reshape", "BroadcastTo") and step.operands[0] in found:
            found.update(step.results)
    return found


def test_what_is_returned_or_small_is_kept():
    def f(x):
        t = tushuo.tanh(x)
        u = 1 - t * t
        return u, tushuo.sum(u, axis=0) @ tushuo.ones((x.shape[1], 2)), t

    program = traced(f, f32(300, 200))
    assert loops(optimise(program, without=["recompute"])) == loops(optimise(program))
    small = traced(flat(attention), f32(2, 3, 4), f32(2, 1, 4), f32(4))
    assert loops(optimise(small, without=["recompute", "siblings"])) == loops(optimise(small))


def test_the_tail_of_a_product_stays_one():
    def total(x, w, b, v):
        return tushuo.sum(tushuo.square(tushuo.tanh(x @ w + b) @ v))

    def f(*args):
        return tushuo.grad(total, (1, 2))(*args)

    program = traced(flat(f), f32(256, 64), f32(64, 512), f32(512), f32(512, 9))
    assert "MatMul Add Tanh Multiply Subtract" in loops(optimise(program, without=["recompute"]))
    assert "MatMul Add Tanh" in loops(optimise(program))


@pytest.mark.parametrize("shapes", [(KEYS, QUERY, SCORE), ((3, 5, 7), (3, 2, 7), (7,))])
def test_attention_is_the_same(shapes):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s).astype(np.float32) / 4 for s in shapes]
    same({"attention": attention}, *arrays)


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 40), st.integers(1, 3000), st.integers(0, 9))
def test_cross_entropy_is_the_same(rows, words, seed):
    rng = np.random.default_rng(seed)
    logits, bias = (rng.standard_normal(s).astype(np.float32) for s in ((rows, words), (words,)))
    numbers = rng.integers(0, words, rows).astype(np.int32)
    same({"entropy": entropy}, logits, bias, numbers)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 9), st.integers(1, 700), st.sampled_from(["float32", "int32"]))
def test_sums_of_rows_and_columns(rows, columns, dtype):
    x = (np.random.default_rng(0).standard_normal((rows, columns)) * 9).astype(dtype)
    functions = {
        "rows": lambda x: tushuo.sum(x, axis=1),
        "largest": lambda x: tushuo.max(x, axis=1),
        "shifted": lambda x: tushuo.min(x * 2, axis=1),
        "columns": lambda x: tushuo.sum(x, axis=0),
    }
    same(functions, x)


def test_long_columns_are_the_same():
    x = np.random.default_rng(0).standard_normal((700, 1100)).astype(np.float32)
    same({"columns": lambda x: (x * 2, tushuo.sum(x * 2, axis=0))}, x)


def test_an_index_that_is_out_of_range_is_found_all_the_same():
    picked = compile(lambda x, i: tushuo.take_along_axis(x - 1.0, i, axis=-1))
    x = np.zeros((4, 100), np.float32)
    assert picked(x, np.full((4, 1), -1)).numpy().tolist() == [[-1.0]] * 4
    with pytest.raises(tushuo.errors.ShapeError, match="out of range"):
        picked(x, np.full((4, 1), 100))
