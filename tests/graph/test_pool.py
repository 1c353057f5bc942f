"""Windows and pooling against their definitions in loops, and gradients against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph import Tensor, check_grads, grad, ops
from tushuo.graph.op import Spec
from tushuo.graph.ops import avg_pool2d, fold, max_pool2d, unfold
from tushuo.graph.ops.pool import Fold, Unfold
from tushuo.graph.ops.windows import Window


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


def positions(n: int, k: int, s: int, p: int, d: int, ceil: bool) -> int:
    """The number of windows along an axis, by trying where they may begin."""
    extent, end = d * (k - 1) + 1, n + p
    return sum(
        i + extent <= end or (ceil and i < n and i - s + extent < end) for i in range(-p, end, s)
    )


def pooled(
    x: np.ndarray,
    reduction: Callable[[list[float]], float],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    ceil: bool,
) -> np.ndarray:
    """The definition: what lies inside the image under each window, reduced."""
    n, c, h, w = x.shape
    oh, ow = (
        positions(*axis, ceil)
        for axis in zip((h, w), kernel, stride, padding, dilation, strict=True)
    )
    y = np.zeros((n, c, oh, ow))
    for b, f, i, j in np.ndindex(y.shape):
        top, left = i * stride[0] - padding[0], j * stride[1] - padding[1]
        rows = [r for r in range(top, top + kernel[0] * dilation[0], dilation[0]) if 0 <= r < h]
        columns = [
            q for q in range(left, left + kernel[1] * dilation[1], dilation[1]) if 0 <= q < w
        ]
        y[b, f, i, j] = reduction([x[b, f, r, q] for r in rows for q in columns])
    return y


@st.composite
def poolings(draw: st.DrawFn, dilations: int = 2) -> tuple[np.ndarray, dict[str, Any]]:
    kernel, dilation = draw(pairs(1, 3)), draw(pairs(1, dilations))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    size = tuple(
        max(2, d * (k - 1) + 1) + draw(st.integers(0, 4))
        for k, d in zip(kernel, dilation, strict=True)
    )
    x = numbers(
        draw(st.integers(1, 2)), draw(st.integers(1, 3)), *size, seed=draw(st.integers(0, 99))
    )
    options = {"kernel": kernel, "stride": draw(pairs(1, 3)), "padding": padding}
    return x, {**options, "dilation": dilation, "ceil": draw(st.booleans())}


@given(poolings())
@settings(deadline=None, max_examples=80)
def test_max_pool_takes_the_largest(case: tuple[np.ndarray, dict[str, Any]]) -> None:
    x, o = case
    args = (o["kernel"], o["stride"], o["padding"], o["dilation"], o["ceil"])
    expected = pooled(x, max, **o)
    np.testing.assert_array_equal(max_pool2d(x, *args).numpy(), expected)
    strict = max_pool2d(array_api_strict.asarray(x), *args)
    np.testing.assert_array_equal(strict.numpy(), expected)


@given(poolings(dilations=1))
@settings(deadline=None, max_examples=80)
def test_avg_pool_takes_the_mean(case: tuple[np.ndarray, dict[str, Any]]) -> None:
    x, o = case
    expected = pooled(x, lambda v: sum(v) / len(v), **o)
    args = (o["kernel"], o["stride"], o["padding"], o["ceil"])
    y = avg_pool2d(x, *args, count_include_pad=False)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)
    strict = avg_pool2d(array_api_strict.asarray(x), *args, count_include_pad=False)
    np.testing.assert_allclose(strict.numpy(), expected, atol=1e-12)


@given(poolings(dilations=1))
@settings(deadline=None, max_examples=40)
def test_zeros_of_the_margins_count_on_request(case: tuple[np.ndarray, dict[str, Any]]) -> None:
    """As if the image had been larger; what ceil_mode adds beyond still does not count."""
    x, o = case
    (ph, pw), rest = o["padding"], (o["kernel"], o["stride"])
    wide = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    y = avg_pool2d(x, *rest, o["padding"], o["ceil"])
    z = avg_pool2d(wide, *rest, 0, o["ceil"], count_include_pad=False)
    assume(y.shape == z.shape)  # a last window may begin in the wide image's zeros
    np.testing.assert_allclose(y.numpy(), z.numpy(), atol=1e-12)


def test_a_square_kernel_and_its_stride_may_be_one_number() -> None:
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(max_pool2d(x, 2).numpy()[0, 0], [[5, 7], [13, 15]])
    np.testing.assert_array_equal(avg_pool2d(x, 2).numpy()[0, 0], [[2.5, 4.5], [10.5, 12.5]])
    np.testing.assert_array_equal(max_pool2d(x, 3, 1).numpy()[0, 0], [[10, 11], [14, 15]])


def test_ceil_mode_never_begins_a_window_in_the_margin() -> None:
    x = np.ones((1, 1, 4, 4))
    assert max_pool2d(x, 3, 2, ceil_mode=True).shape == (1, 1, 2, 2)
    assert max_pool2d(x, 2, 3, 1, ceil_mode=True).shape == (1, 1, 2, 2)
    assert max_pool2d(x, 5, 2, ceil_mode=True).shape == (1, 1, 1, 1)
    assert avg_pool2d(x, 3, 2, ceil_mode=True).numpy().tolist() == np.ones((1, 1, 2, 2)).tolist()


def test_equal_maxima_share_the_gradient() -> None:
    x = np.array([[[[1.0, 3.0], [3.0, 0.0]]]])
    g = grad(lambda x: ops.sum(max_pool2d(x, 2)))(x)
    np.testing.assert_array_equal(g.numpy(), [[[[0, 0.5], [0.5, 0]]]])


def test_negative_images_keep_their_maxima_at_the_border() -> None:
    y = max_pool2d(-np.ones((1, 1, 3, 3)), 3, 2, 1)
    np.testing.assert_array_equal(y.numpy(), -np.ones((1, 1, 2, 2)))


def squared(y: Tensor) -> Tensor:
    return y * y


GRADIENT_CASES: dict[str, tuple[Callable[[Any], Tensor], tuple[int, ...]]] = {
    "max": (lambda x: squared(max_pool2d(x, 2)), (2, 2, 4, 4)),
    "max, overlapping": (lambda x: squared(max_pool2d(x, 3, 2, 1, ceil_mode=True)), (1, 2, 6, 5)),
    "max, dilated": (lambda x: squared(max_pool2d(x, 2, 1, 0, 2)), (1, 1, 4, 5)),
    "avg": (lambda x: squared(avg_pool2d(x, 2)), (2, 2, 4, 4)),
    "avg, overlapping": (
        lambda x: squared(avg_pool2d(x, 3, 2, 1, True, count_include_pad=False)),
        (1, 2, 6, 5),
    ),
    "unfold": (lambda x: squared(unfold(x, (2, 3), (1, 2), (2, 1))), (1, 2, 5, 6)),
    "fold": (lambda x: squared(fold(x, (5, 4), (2, 1))), (1, 2, 2, 3, 3, 2)),
}


@pytest.mark.parametrize("name", GRADIENT_CASES)
def test_gradients(name: str) -> None:
    f, shape = GRADIENT_CASES[name]
    check_grads(f, (numbers(*shape),), order=2)


@given(pairs(1, 3), pairs(1, 3), pairs(1, 2), pairs(5, 8))
@settings(deadline=None, max_examples=50)
def test_fold_is_the_transpose_of_unfold(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    size: tuple[int, int],
) -> None:
    x = numbers(2, 3, *size)
    seen = unfold(x, kernel, stride, dilation)
    parts = numbers(*seen.shape, seed=1)
    back = fold(parts, size, stride, dilation)
    np.testing.assert_allclose(np.vdot(back.numpy(), x), np.vdot(parts, seen.numpy()))
    window = Window(kernel, stride, dilation)
    images, windows = Spec(x.shape, x.dtype), Spec(seen.shape, seen.dtype)
    assert Unfold(window).infer(images) == windows
    assert Fold(window, size).infer(windows) == images
    strict = unfold(array_api_strict.asarray(x), kernel, stride, dilation)
    np.testing.assert_array_equal(strict.numpy(), seen.numpy())
    strict_back = fold(array_api_strict.asarray(parts), size, stride, dilation)
    np.testing.assert_allclose(strict_back.numpy(), back.numpy())


def test_unfold_copies_nothing() -> None:
    x = Tensor(numbers(1, 2, 6, 6))
    seen = unfold(x, 3)
    assert np.shares_memory(seen.data, x.data)
    np.testing.assert_array_equal(seen.numpy()[0, 1, 2, 3], x.numpy()[0, 1, 2:5, 3:6])


X = np.ones((1, 2, 5, 5))

ERRORS: dict[str, tuple[Any, str]] = {
    "rank": (lambda: max_pool2d(X[0], 2), r"max_pool2d needs images \(N, C, H, W\), got shape"),
    "avg rank": (lambda: avg_pool2d(X[0], 2), r"avg_pool2d needs images"),
    "unfold rank": (lambda: unfold(X[0], 2), r"unfold needs images"),
    "large": (lambda: max_pool2d(X, 6), r"a kernel of \(6, 6\) is larger than the padded image"),
    "large avg": (
        lambda: avg_pool2d(X, 6),
        r"a kernel of \(6, 6\) is larger than the padded image",
    ),
    "large unfold": (lambda: unfold(X, (2, 9)), r"a kernel of \(2, 9\) is larger"),
    "none": (lambda: max_pool2d(X, 0), r"kernel_size must be an integer >= 1 .* got 0"),
    "stride": (lambda: avg_pool2d(X, 2, -1), r"stride must be an integer >= 1 .* got -1"),
    "padding": (lambda: max_pool2d(X, 2, padding=2), r"padding 2 is more than half of the kernel"),
    "fold rank": (lambda: fold(X, 5), r"fold needs windows \(N, C, OH, OW, kh, kw\), got shape"),
    "fold size": (
        lambda: fold(np.ones((1, 1, 2, 2, 3, 3)), 5),
        r"Fold to \(5, 5\) needs windows \(N, C, 3, 3, 3, 3\), got \(1, 1, 2, 2, 3, 3\)",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_does_not_fit(name: str) -> None:
    call, message = ERRORS[name]
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d])
def test_integers_are_refused(pool: Callable[..., Tensor]) -> None:
    with pytest.raises(DTypeError, match="needs floating-point"):
        pool(X.astype("int64"), 2)
