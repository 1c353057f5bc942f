"""Products of lower precision: numbers, programs, and code for processors of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tushuo
from tushuo import nn
from tushuo.compile import executable, loaded
from tushuo.compile.check import agree
from tushuo.compile.codegen.target import host
from tushuo.compile.interpret import interpret
from tushuo.compile.lowered import apart, from_bfloat16, to_bfloat16, together
from tushuo.compile.passes import lowered, prepared
from tushuo.compile.passes.whole import INT8, INT16
from tushuo.errors import CompileError

from .low_precision import compiled, normal
from .programs import f32, traced

PRECISIONS = {"bfloat16": 1e-2, "int16": 1e-3, "int8": 4e-2}
"""How far results may be off, of the largest."""


def kernels(f, *args):
    """The operations of each kernel of a compiled function."""
    found = []
    for step in f.program(*args, optimised=True).body:
        inner = getattr(step.op, "program", None)
        found.append([s.op.name for s in inner.body] if inner else [step.op.name])
    return found


def network():
    """A small one with all kinds of products, and odd numbers of channels."""
    w, d, v, m = (
        tushuo.asarray(x)
        for x in (normal(20, 10, 1, 1), normal(20, 1, 3, 3), normal(33, 20, 3, 3), normal(11, 33))
    )

    def f(x):
        y = tushuo.clip(tushuo.conv2d(x, w), 0, 6)
        y = tushuo.relu(tushuo.conv2d(y, d, padding=1, groups=20))
        y = tushuo.relu(tushuo.conv2d(y, v, padding=1, stride=2))
        return tushuo.mean(y, axis=(2, 3)) @ m.T

    return f


def plain(target):
    """A processor without instructions for numbers of few bits."""
    features = target.features
    for name in ("avx512bf16", "avx512vnni", "avxvnni"):
        features = features.replace(f"+{name},", f"-{name},")
    return target._replace(features=features, bfloat16=False, whole=False)


def narrow(target):
    """One with vectors of 32 bytes, too."""
    if "+avx512f" not in target.features:
        pytest.skip("the processor has no longer vectors")
    return plain(target)._replace(features="+avx2,+fma", vector_bytes=32, registers=16)


@pytest.fixture(params=[lambda target: target, plain, narrow], ids=["as it is", "plain", "narrow"])
def processor(request, monkeypatch):
    """The processor that code is written for."""
    target = request.param(host())
    for module in (executable, loaded):
        monkeypatch.setattr(module, "host", lambda: target)
    return target


@pytest.mark.parametrize("precision", PRECISIONS)
def test_results_are_near_those_of_float32(precision, processor):
    f, x = network(), normal(2, 10, 9, 7)
    wanted = f(tushuo.asarray(x)).numpy()
    found = compiled(f, precision, x)(x).numpy()
    error = np.abs(found - wanted).max() / np.abs(wanted).max()
    assert 0 < error < PRECISIONS[precision]


@pytest.mark.parametrize("precision", ["int8", "int16"])
def test_whole_numbers_are_added_up_without_rounding(precision, processor):
    w, x = tushuo.asarray(normal(50, 19, 3, 3)), normal(1, 19, 6, 5)
    f = compiled(lambda x: tushuo.conv2d(tushuo.relu(x), w, padding=1), precision, x)
    np.testing.assert_array_equal(f(x).numpy(), interpret(f.program(x), [x])[0])


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(list(PRECISIONS)), st.integers(8, 40), st.integers(1, 40), st.data())
def test_convolutions_of_any_size(precision, channels, maps, data):
    """Results are the interpreter's, which computes with the same rounded numbers."""
    size, stride = st.integers(1, 3), data.draw(st.integers(1, 2))
    kernel = data.draw(size), data.draw(size)
    x = normal(2, channels, *(k + data.draw(st.integers(0, 9)) for k in kernel))
    w = tushuo.asarray(normal(maps, channels, *kernel))
    padding = data.draw(st.integers(0, 1))
    f = compiled(lambda x: tushuo.conv2d(x, w, padding=padding, stride=stride), precision, x)
    f(x)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", [(1, 70), (100, 70), (2, 3, 70)])
def test_rows_times_a_matrix(precision, shape):
    w, b, x = tushuo.asarray(normal(70, 90)), tushuo.asarray(normal(90)), normal(*shape)
    f = compiled(lambda x: tushuo.relu(x @ w + b), precision, x)
    wanted = np.maximum(x @ w.numpy() + b.numpy(), 0)
    np.testing.assert_allclose(f(x).numpy(), wanted, atol=PRECISIONS[precision] * wanted.max())


def names(f, precision, ranges, *specs):
    program = lowered(prepared(traced(f, *specs)), precision, ranges)
    return [step.op.name for step in program.body]


def block(x):
    """Bias, activation and a depthwise convolution between two products."""
    ones = [tushuo.asarray(np.ones(s, "float32")) for s in ((16, 8, 1, 1), (16, 1, 3, 3), 16)]
    y = tushuo.clip(tushuo.conv2d(x, ones[0], ones[2]), 0, 6)
    y = tushuo.clip(tushuo.conv2d(y, ones[1], ones[2], padding=1, groups=16), 0, 6)
    return tushuo.conv2d(y, tushuo.permute_dims(ones[0], (1, 0, 2, 3)))


def test_operands_are_rounded_right_before_a_product():
    assert names(block, "bfloat16", (), f32(1, 8, 4, 4)) == [
        *("ToBFloat16", "DenseBFloat16", "Add", "Clip"),
        *("ToBFloat16", "DepthwiseBFloat16", "Add", "Clip"),
        *("ToBFloat16", "DenseBFloat16"),
    ]


def test_what_computes_an_operand_writes_numbers_of_few_bits():
    x = normal(1, 8, 4, 4)
    assert kernels(compiled(block, "bfloat16"), x)[4:-1] == [
        ["DenseBFloat16", "Add", "Clip", "ToBFloat16"],
        ["DepthwiseBFloat16", "Add", "Clip", "ToBFloat16"],
        ["DenseBFloat16"],
    ]


def test_rounding_takes_steps_from_constants_and_clips_by_itself():
    x = np.abs(normal(1, 8, 4, 4)) + 1
    assert kernels(compiled(block, "int8", x), x)[4:-1] == [
        ["DenseInt8", "AsType", "Multiply", "Add", "ToWhole"],
        ["DepthwiseInt8", "Add", "ToWhole"],
        ["DenseInt8", "AsType", "Multiply"],
    ]


def test_explain_names_the_precision():
    x, w = normal(2, 40), tushuo.asarray(normal(40, 40))
    f = compiled(lambda x: x @ w, "int16", x)
    f(x)
    assert "RowsInt16" in str(f.explain())


def test_a_pass_that_is_left_out_leaves_float32():
    x = normal(1, 8, 4, 4)
    f = compiled(block, "bfloat16", without=["bfloat16"])
    assert not any("BFloat16" in name for kernel in kernels(f, x) for name in kernel)


def test_few_channels_and_weights_that_are_arguments_stay():
    w = tushuo.asarray(normal(8, 3, 3, 3))
    assert names(lambda x: tushuo.conv2d(x, w), "bfloat16", (), f32(1, 3, 8, 8)) == ["Conv2d"]
    assert names(lambda x, y: x @ y, "bfloat16", (), f32(9, 9), f32(9, 9)) == ["MatMul"]


def test_a_product_with_one_column_is_left_to_a_loop():
    w, x = tushuo.asarray(normal(40, 1)), normal(3, 40)
    assert names(lambda x: tushuo.tanh(x) @ w, "bfloat16", (), f32(3, 40)) == ["Tanh", "MatMul"]
    assert kernels(compiled(lambda x: tushuo.tanh(x) @ w, "bfloat16"), x)[0] == [
        *("Tanh", "Multiply", "Sum")
    ]


def test_margins_are_no_number_where_zero_is_moved():
    w = tushuo.asarray(normal(8, 8, 3, 3))

    def f(x):
        return tushuo.conv2d(x, w, padding=1)

    assert names(f, "int8", [(-1.0, 1.0)], f32(1, 8, 4, 4)) == ["Conv2d"]
    assert "DenseInt8" in names(f, "int8", [(0.0, 1.0)], f32(1, 8, 4, 4))
    assert "DenseInt16" in names(f, "int16", [(-1.0, 1.0)], f32(1, 8, 4, 4))


def test_depthwise_convolutions_of_numbers_with_signs():
    w, x = tushuo.asarray(normal(12, 1, 3, 3)), normal(1, 12, 6, 6) - 0.5
    f = compiled(lambda x: tushuo.conv2d(x, w, groups=12), "int8", x)
    wanted = tushuo.conv2d(tushuo.asarray(x), w, groups=12).numpy()
    np.testing.assert_allclose(f(x).numpy(), wanted, atol=0.04 * np.abs(wanted).max())
    assert any("DepthwiseInt8" in kernel for kernel in kernels(f, x))


def test_weights_that_are_not_finite_stay():
    w = tushuo.asarray(np.full((9, 9), np.inf, "float32"))
    assert names(lambda x: x @ w, "int8", [(0.0, 1.0)], f32(2, 9)) == ["MatMul"]


def test_bfloat16_is_the_nearest():
    x = np.array([1, 1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-7, np.inf, np.nan, 3.4e38, 0], "float32")
    wanted = [1, 1, 1 + 2**-6, -1 - 2**-7, np.inf, np.nan, np.inf, 0]
    np.testing.assert_array_equal(from_bfloat16(to_bfloat16(x)), np.float32(wanted))


def test_code_rounds_as_numpy_does(processor):
    halves = np.float32([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8, 3.3e38, -0.0])
    x = np.concatenate([normal(40) * 1e3, halves])[None]
    unit = tushuo.asarray(np.eye(45, dtype="float32"))
    f = compiled(lambda x: x @ unit, "bfloat16")
    np.testing.assert_array_equal(f(x).numpy(), from_bfloat16(to_bfloat16(x)))


def test_numbers_beyond_the_examples_are_limited(processor):
    unit, example = tushuo.asarray(np.eye(9, dtype="float32")), np.linspace(-1, 1, 9)[None]
    f = compiled(lambda x: x @ unit, "int8", example.astype("float32"))
    x = np.float32([[9, np.inf, -np.inf, 7, -7, 0, 0.5, -0.5, 1]])
    wanted = [1, 1, -1, 1, -1, 0, 0.5, -0.5, 1]
    np.testing.assert_allclose(f(x).numpy()[0], wanted, atol=0.008)


@given(arrays(np.float32, (3, 8, 1, 1), elements=st.floats(-100, 100, width=32)))
@pytest.mark.parametrize("form", [INT8, INT16])
def test_sums_of_whole_products_fit_into_int32(form, w):
    whole, step = form.weights(np.tile(w, (1, 64, 3, 3)))
    largest = max(form.rounding.high, -form.rounding.low)
    assert np.abs(whole.astype(np.int64)).sum(axis=(1, 2, 3)).max() * largest < 2**31
    off = np.abs(whole * step[:, None, None, None] - np.tile(w, (1, 64, 3, 3)))
    assert (off.max(axis=(1, 2, 3)) <= step * 0.5001).all()


def test_panels_are_put_together_and_taken_apart():
    panels = np.arange(2 * 8 * 3).reshape(2, 1, 1, 8, 3)
    grouped = together(panels, 4)
    assert grouped.shape == (2, 1, 1, 2, 12)
    assert grouped[0, 0, 0, 0].tolist()[:4] == [0, 3, 6, 9]
    np.testing.assert_array_equal(apart(grouped, 4), panels)


def test_where_there_is_nothing_to_lower():
    w, x = tushuo.asarray(np.ones((9, 9))), np.ones((2, 9))
    layer, few = nn.Linear(4, 3, rng=0), np.ones((2, 4), np.float32)
    for f, args, hint in (
        (lambda x: x + 1, (x,), "here are none"),
        (lambda x: x @ w, (x,), "too small, of other data types"),
        (layer, (few,), "those here are too small"),
        (lambda x, w: x @ w, (x, x.T), "close over the model"),
    ):
        with pytest.raises(
            CompileError, match=f"nothing here can have a lower.*constants: .*{hint}"
        ):
            compiled(f, "int8", args)(*args)


def test_with_slack_whole_numbers_may_be_neighbours():
    x = np.array([3, 4, 200], np.uint8)
    assert not agree(x + np.uint8(1), x)
    assert agree(x + np.uint8(1), x, slack=2**-9)
    assert not agree(x + np.uint8(2), x, slack=2**-9)
