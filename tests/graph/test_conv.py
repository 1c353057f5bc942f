"""Convolution against its definition in loops, and its gradients against differences."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import Any

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tushuo.errors import ShapeError
from tushuo.graph import Tensor, check_grads
from tushuo.graph.op import Spec
from tushuo.graph.ops import conv2d, conv_transpose2d
from tushuo.graph.ops.conv import Conv2d, ConvInput, ConvWeight
from tushuo.graph.ops.conv_arrays import Geometry
from tushuo.graph.ops.windows import Window, gather, overlap_add, resolve_padding


@dataclass
class Case:
    """One convolution: operands and options."""

    x: np.ndarray
    w: np.ndarray
    stride: tuple[int, int]
    margins: tuple[tuple[int, int], tuple[int, int]]
    dilation: tuple[int, int]
    groups: int

    @property
    def options(self) -> dict[str, Any]:
        return {
            "stride": self.stride,
            "padding": self.margins,
            "dilation": self.dilation,
            "groups": self.groups,
        }


def loops(case: Case) -> np.ndarray:
    """The definition."""
    x = np.pad(case.x, ((0, 0), (0, 0), *case.margins))
    (n, _, h, w), (o, c, kh, kw) = x.shape, case.w.shape
    (sh, sw), (dh, dw) = case.stride, case.dilation
    oh, ow = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((n, o, oh, ow))
    for b, f, i, j in np.ndindex(y.shape):
        first = f // (o // case.groups) * c
        for k, p, q in product(range(c), range(kh), range(kw)):
            pixel = x[b, first + k, i * sh + p * dh, j * sw + q * dw]
            y[b, f, i, j] += pixel * case.w[f, k, p, q]
    return y


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    groups, per_group, out = draw(st.sampled_from([1, 2, 3])), draw(st.integers(1, 3)), 0
    out = groups * draw(st.integers(1, 3))
    kernel, dilation = draw(pairs(1, 3)), draw(pairs(1, 2))
    margins = draw(st.tuples(pairs(0, 3), pairs(0, 3)))
    least = (
        max(1, d * (k - 1) + 1 - sum(m)) for k, d, m in zip(kernel, dilation, margins, strict=True)
    )
    h, w = (n + draw(st.integers(0, 4)) for n in least)
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    x = random.normal(size=(draw(st.integers(0, 3)), groups * per_group, h, w))
    weight = random.normal(size=(out, per_group, *kernel))
    return Case(x, weight, draw(pairs(1, 3)), margins, dilation, groups)


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@given(cases())
@settings(deadline=None, max_examples=80)
def test_it_is_the_sum_of_products_under_the_kernel(case: Case) -> None:
    y = conv2d(case.x, case.w, **case.options)
    np.testing.assert_allclose(y.numpy(), loops(case), atol=1e-12)


@given(cases())
@settings(deadline=None, max_examples=80)
def test_the_three_operations_are_transposes(case: Case) -> None:
    """<conv(x, w), g> = <x, ConvInput(g, w)> = <w, ConvWeight(x, g)>."""
    window = Window(case.w.shape[2:], case.stride, case.dilation)
    geometry = Geometry(window, case.margins, case.groups, case.x.shape[2:])
    y = Conv2d(geometry)(case.x, case.w)
    g = numbers(*y.shape)
    x, w = ConvInput(geometry)(g, case.w), ConvWeight(geometry)(case.x, g)
    assert (x.shape, w.shape) == (case.x.shape, case.w.shape)
    np.testing.assert_allclose(np.vdot(x.numpy(), case.x), np.vdot(y.numpy(), g), atol=1e-9)
    np.testing.assert_allclose(np.vdot(w.numpy(), case.w), np.vdot(y.numpy(), g), atol=1e-9)


@given(cases())
@settings(deadline=None, max_examples=40)
def test_shape_rules_agree_with_values(case: Case) -> None:
    window = Window(case.w.shape[2:], case.stride, case.dilation)
    geometry = Geometry(window, case.margins, case.groups, case.x.shape[2:])
    y = conv2d(case.x, case.w, **case.options)
    x, w, g = (Spec(a.shape, a.dtype) for a in (case.x, case.w, y))
    assert Conv2d(geometry).infer(x, w) == g
    assert ConvInput(geometry).infer(g, w) == x
    assert ConvWeight(geometry).infer(x, g) == w


@given(cases())
@settings(deadline=None, max_examples=40)
def test_array_api_strict_gives_the_same(case: Case) -> None:
    window = Window(case.w.shape[2:], case.stride, case.dilation)
    geometry = Geometry(window, case.margins, case.groups, case.x.shape[2:])
    g = numbers(case.x.shape[0], case.w.shape[0], *geometry.positions)
    for op, x, y in (
        (Conv2d(geometry), case.x, case.w),
        (ConvInput(geometry), g, case.w),
        (ConvWeight(geometry), case.x, g),
    ):
        strict = op(array_api_strict.asarray(x), array_api_strict.asarray(y))
        np.testing.assert_allclose(strict.numpy(), op(x, y).numpy(), atol=1e-12)


GRADIENT_CASES = {
    "plain": ((2, 3, 5, 4), (2, 3, 3, 2), {}),
    "strided and padded": ((1, 2, 5, 6), (3, 2, 3, 3), {"stride": 2, "padding": 1}),
    "margins wider than the kernel": ((1, 2, 3, 3), (2, 2, 2, 2), {"padding": 2}),
    "grouped": ((1, 4, 4, 4), (6, 2, 2, 2), {"groups": 2, "stride": (1, 2)}),
    "dilated": ((1, 2, 6, 5), (2, 2, 2, 2), {"dilation": (3, 2), "padding": (1, 0)}),
    "depthwise": ((2, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "padding": "same"}),
    "depthwise, strided": ((1, 3, 5, 5), (3, 1, 3, 3), {"groups": 3, "stride": 2}),
    "pointwise": ((2, 3, 2, 3), (4, 3, 1, 1), {}),
    "pointwise, strided": ((1, 3, 4, 4), (2, 3, 1, 1), {"stride": 2, "padding": 1}),
}


@pytest.mark.parametrize("name", GRADIENT_CASES)
def test_gradients(name: str) -> None:
    x, w, options = GRADIENT_CASES[name]
    b = numbers(w[0], seed=2)

    def f(x: Any, w: Any, b: Any) -> Tensor:
        y = conv2d(x, w, b, **options)
        return y * y

    check_grads(f, (numbers(*x), numbers(*w, seed=1), b), order=2)


@pytest.mark.parametrize("transpose", ["ConvInput", "ConvWeight"])
def test_gradients_of_the_transposes(transpose: str) -> None:
    geometry = Geometry(Window((2, 3), (2, 1), (1, 2)), ((1, 0), (2, 1)), 2, (4, 5))
    shapes = {"x": (2, 4, 4, 5), "w": (2, 2, 2, 3), "g": (2, 2, *geometry.positions)}
    op, operands = {
        "ConvInput": (ConvInput(geometry), "gw"),
        "ConvWeight": (ConvWeight(geometry), "xg"),
    }[transpose]
    args = [numbers(*shapes[k], seed=i) for i, k in enumerate(operands)]
    check_grads(op, args, order=2)


@given(cases(), pairs(0, 2))
@settings(deadline=None, max_examples=60)
def test_transposed_convolution_adds_scaled_kernels(case: Case, extra: tuple[int, int]) -> None:
    w = np.resize(case.w, (case.x.shape[1], *case.w.shape[1:]))
    extra = tuple(min(e, s - 1) for e, s in zip(extra, case.stride, strict=True))
    expected = scattered(case, w, extra)
    if min(expected.shape[2:]) < 1:
        with pytest.raises(ShapeError, match="would give images"):
            conv_transpose2d(case.x, w, output_padding=extra, **case.options)
        return
    y = conv_transpose2d(case.x, w, output_padding=extra, **case.options)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)


def scattered(case: Case, w: np.ndarray, extra: tuple[int, int]) -> np.ndarray:
    """The definition of the transposed convolution, cropped at the end."""
    (n, c, h, wide), (_, o, kh, kw) = case.x.shape, w.shape
    (sh, sw), (dh, dw), ((t, b), (le, r)) = case.stride, case.dilation, case.margins
    size = (
        (h - 1) * sh + dh * (kh - 1) + 1 + extra[0],
        (wide - 1) * sw + dw * (kw - 1) + 1 + extra[1],
    )
    y = np.zeros((n, o * case.groups, *size))
    for f, i, j, p, q in np.ndindex(c, h, wide, kh, kw):
        first = f // (c // case.groups) * o
        part = case.x[:, f, i, j, None] * w[f, :, p, q]  # (N, O/G)
        y[:, first : first + o, i * sh + p * dh, j * sw + q * dw] += part
    return y[:, :, t : max(t, size[0] - b), le : max(le, size[1] - r)]


def test_batches_of_many_images_are_the_images_one_by_one() -> None:
    """More than one block of the matrix of windows."""
    x, w = numbers(40, 16, 20, 20), numbers(8, 16, 3, 3, seed=1)
    window = Window((3, 3), (2, 2))
    geometry = Geometry(window, ((0, 0), (0, 0)), 1, (20, 20))
    y = conv2d(x, w, stride=2)
    g = numbers(*y.shape, seed=2)
    single = [conv2d(one[None], w, stride=2).numpy() for one in x]
    np.testing.assert_allclose(y.numpy(), np.concatenate(single), atol=1e-12)
    total = sum(ConvWeight(geometry)(a[None], b[None]).numpy() for a, b in zip(x, g, strict=True))
    np.testing.assert_allclose(ConvWeight(geometry)(x, g).numpy(), total, atol=1e-10)
    back = [ConvInput(geometry)(one[None], w).numpy() for one in g]
    np.testing.assert_allclose(ConvInput(geometry)(g, w).numpy(), np.concatenate(back), atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("stride", [1, 2])
def test_any_memory_layout_will_do(groups: int, stride: int) -> None:
    x, w = numbers(2, 4, 6, 7), numbers(4, 4 // groups, 3, 3, seed=1)
    expected = conv2d(x, w, stride=stride, groups=groups).numpy()
    strided = np.zeros((2, 8, 6, 14))
    strided[:, ::2, :, ::2] = x
    for layout in (
        np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
        np.ascontiguousarray(x[..., ::-1])[..., ::-1],
        np.asfortranarray(x),
        strided[:, ::2, :, ::2],
    ):
        y = conv2d(Tensor.of(layout), np.asfortranarray(w), stride=stride, groups=groups)
        np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3), st.integers(1, 5))
@settings(deadline=None)
def test_same_keeps_the_size_divided_by_the_stride(h: int, w: int, stride: int, k: int) -> None:
    y = conv2d(np.ones((1, 1, h, w)), np.ones((1, 1, k, k)), stride=stride, padding="same")
    assert y.shape == (1, 1, ceil(h / stride), ceil(w / stride))


def test_same_puts_an_odd_zero_at_the_bottom_and_right() -> None:
    """TensorFlow's rule: EfficientNet's stem on 224 pixels has margins (0, 1)."""
    window = Window((3, 3), (2, 2))
    assert resolve_padding("same", window, (224, 223)) == ((0, 1), (1, 1))
    assert resolve_padding("valid", window, (224, 223)) == ((0, 0), (0, 0))
    assert resolve_padding(2, window, (9, 9)) == ((2, 2), (2, 2))
    assert resolve_padding((1, 2), window, (9, 9)) == ((1, 1), (2, 2))


def test_gather_is_a_view_and_overlap_add_its_transpose() -> None:
    x, window = numbers(2, 7, 6, 3), Window((3, 2), (2, 1), (1, 3))
    seen = gather(np, x, window)
    assert np.shares_memory(seen, x)
    parts = numbers(*seen.shape, seed=1)
    back = overlap_add(np, parts, window, (7, 6))
    np.testing.assert_allclose(np.vdot(back, x), np.vdot(parts, seen))


def test_a_chain_stays_channels_last_in_memory() -> None:
    """Later layers need no copy."""
    y = conv2d(numbers(1, 3, 8, 8), numbers(16, 3, 3, 3), padding=1)
    z = conv2d(y, numbers(16, 1, 3, 3), groups=16)
    assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous
    assert z.data.transpose(0, 2, 3, 1).flags.c_contiguous


def test_float32_stays_float32() -> None:
    x, w = np.ones((1, 4, 5, 5), "float32"), np.ones((4, 1, 3, 3), "float32")
    assert conv2d(x, w, np.ones(4, "float32"), groups=4).dtype == np.float32
    assert conv_transpose2d(x, w, groups=4, stride=2).dtype == np.float32
