"""Tracing: the program that a function leaves, and what it may not do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tushuo
from compile.programs import body, f32, traced
from tushuo import nn
from tushuo.compile import compile
from tushuo.errors import CompileError, ShapeError


def test_the_text_of_a_program():
    program = traced(lambda x, y: tushuo.exp(x) * y + 1, f32(3, 5), f32(5))
    assert str(program) == "\n".join(
        [
            "program(%0: float32[3, 5], %1: float32[5]) {",
            "  %2: float32[] = 1.0",
            "  %3: float32[3, 5] = Exp(%0)",
            "  %4: float32[3, 5] = Multiply(%3, %1)",
            "  %5: float32[3, 5] = Add(%4, %2)",
            "  return %5",
            "}",
        ]
    )


def test_a_gradient_is_traced_like_everything_else():
    square = tushuo.grad(lambda x: tushuo.sum(x * x))
    assert body(traced(square, f32(3)))[-1].startswith("return")
    second = tushuo.grad(lambda x: tushuo.sum(square(x) * x))
    found = compile(second, cache=False)(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(found.numpy(), [4.0, 8.0])


def test_instructions_know_the_line_that_asked_for_them():
    program = traced(lambda x: tushuo.exp(x), f32(2))
    (step,) = program.body
    assert Path(step.source.file).name == "test_trace.py"


ASKING = {
    "bool": lambda x: x if x.sum() > 0 else -x,
    "float": lambda x: x * float(x.sum()),
    "item": lambda x: x * x.sum().item(),
    "numpy": lambda x: x * x.numpy(),
    "asarray": lambda x: x * np.asarray(x),
    "index": lambda x: x[tushuo.argmax(x)],
    "mask": lambda x: x[x > 0],
    "data": lambda x: tushuo.asarray(x.data * 2),
}


@pytest.mark.parametrize("f", ASKING.values(), ids=ASKING)
def test_a_function_that_asks_for_values_is_refused_with_its_line(f):
    with pytest.raises(CompileError) as error:
        compile(f, cache=False)(np.ones(3))
    assert f"test_trace.py:{f.__code__.co_firstlineno} needs" in str(error.value)
    assert "not known while the function is compiled; choose between values" in str(error.value)


def test_a_wrong_shape_is_found_while_tracing():
    with pytest.raises(ShapeError, match="MatMul cannot multiply"):
        compile(tushuo.matmul, cache=False)(np.ones((2, 3)), np.ones((2, 3)))


def test_an_operation_without_a_shape_rule_says_so():
    class Odd(tushuo.graph.Op):
        def forward(self, xp, *inputs):
            return inputs[0]

    with pytest.raises(tushuo.errors.GraphError, match="Odd has no shape rule; define infer"):
        compile(Odd(), cache=False)(np.ones(3))


def test_an_abstract_tensor_can_be_printed():
    seen = []

    def f(x):
        seen.append(repr(x))
        return x + 1

    compile(f, cache=False)(np.ones((2, 3), np.float32))
    assert seen == ["Tensor(float32(2, 3), being compiled)"]


def test_a_tensor_that_escapes_is_refused_elsewhere():
    kept = []
    compile(lambda x: kept.append(x) or x * 2, cache=False)(np.ones(2))
    with pytest.raises(CompileError, match="kept from the compilation of another function"):
        compile(lambda x: x + kept[0], cache=False)(np.ones(2))


def test_random_masks_are_drawn_at_each_call():
    rng = np.random.default_rng(0)
    drop = compile(lambda x: nn.dropout(x, 0.5, rng), cache=False)
    x = np.ones(64, np.float32)
    first, second = drop(x).numpy(), drop(x).numpy()
    assert set(first) == {0.0, 2.0}
    assert (first != second).any()
    fresh = np.random.default_rng(0)
    np.testing.assert_array_equal(first, nn.dropout(x, 0.5, fresh).numpy())


def test_the_line_is_the_users_and_not_the_librarys():
    def f(x):
        with np.errstate(all="ignore"):
            return np.errstate()(lambda y: y * float(y.sum()))(x)

    with pytest.raises(CompileError, match=rf"test_trace.py:{f.__code__.co_firstlineno + 2} needs"):
        compile(f, cache=False)(np.ones(3))


def test_a_buffer_that_is_written_to_is_refused():
    norm = nn.BatchNorm2d(3).train()
    message = r"test_trace\.py:\d+ needs the mean and variance of a batch.*; call model\.eval\(\)"
    with pytest.raises(CompileError, match=message):
        compile(lambda x: norm(x), cache=False)(np.ones((4, 3, 2, 2), np.float32))
