"""Convolution and pooling, values and gradients, equal PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from tushuo.graph import ops, vjp
from tushuo.graph.ops import avg_pool2d, conv2d, conv_transpose2d, max_pool2d

torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = pytest.mark.parity


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def assert_same(ours: Callable[..., Any], theirs: Callable[..., Any], *args: np.ndarray) -> None:
    """Values and the gradients of a random combination of them, to 1e-5 of their size.

    PyTorch computes in float64: its own rounding in long sums is larger than that in float32.
    """
    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in args]
    expected = theirs(*leaves)
    y, pull = vjp(ours, *args)
    assert y.shape == tuple(expected.shape)
    g = numbers(*y.shape, seed=9)
    expected.backward(torch.tensor(g, dtype=torch.float64))
    gradients = pull(g)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    close(y, expected.detach())
    for ours_, theirs_ in zip(gradients, leaves, strict=True):
        close(ours_, theirs_.grad)


def close(ours: Any, theirs: Any) -> None:
    scale = max(1.0, float(abs(theirs).max()))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-5 * scale)


CONVOLUTIONS = [
    ((2, 3, 9, 8), (4, 3, 3, 3), {}),
    ((2, 3, 9, 8), (4, 3, 3, 2), {"stride": 2, "padding": 1}),
    ((2, 3, 9, 8), (4, 3, 3, 3), {"padding": "same"}),
    ((2, 3, 9, 8), (4, 3, 4, 2), {"padding": "same", "dilation": (1, 3)}),
    ((2, 4, 9, 8), (6, 2, 3, 3), {"groups": 2, "stride": (1, 3), "dilation": (2, 1)}),
    ((2, 8, 7, 7), (8, 1, 5, 5), {"groups": 8, "padding": 2}),
    ((2, 8, 7, 7), (8, 1, 5, 5), {"groups": 8, "padding": 2, "stride": 2}),
    ((2, 4, 7, 7), (8, 1, 3, 3), {"groups": 4, "padding": 1}),
    ((2, 16, 5, 5), (24, 16, 1, 1), {}),
    ((128, 1, 28, 28), (32, 1, 3, 3), {"padding": 1}),
    ((16, 32, 14, 14), (64, 32, 3, 3), {"padding": 1}),
]


@pytest.mark.parametrize(("x", "w", "options"), CONVOLUTIONS)
def test_conv2d(x: tuple[int, ...], w: tuple[int, ...], options: dict[str, Any]) -> None:
    assert_same(
        lambda x, w, b: conv2d(x, w, b, **options),
        lambda x, w, b: F.conv2d(x, w, b, **options),
        numbers(*x),
        numbers(*w, seed=1),
        numbers(w[0], seed=2),
    )


TRANSPOSED = [
    ((2, 3, 5, 4), (3, 4, 3, 3), {}),
    ((2, 3, 5, 4), (3, 4, 3, 2), {"stride": 2, "padding": 1, "output_padding": 1}),
    ((2, 4, 5, 4), (4, 3, 3, 3), {"groups": 2, "stride": (1, 3), "dilation": (2, 1)}),
    ((2, 4, 5, 4), (4, 1, 3, 3), {"groups": 4, "padding": (2, 0)}),
    ((2, 4, 5, 4), (4, 1, 3, 3), {"groups": 4, "stride": 2}),
]


@pytest.mark.parametrize(("x", "w", "options"), TRANSPOSED)
def test_conv_transpose2d(x: tuple[int, ...], w: tuple[int, ...], options: dict[str, Any]) -> None:
    assert_same(
        lambda x, w, b: conv_transpose2d(x, w, b, **options),
        lambda x, w, b: F.conv_transpose2d(x, w, b, **options),
        numbers(*x),
        numbers(*w, seed=1),
        numbers(w[1] * options.get("groups", 1), seed=2),
    )


POOLINGS = list(product([2, 3, (2, 4)], [None, 1, 3], [0, 1], [False, True]))


@pytest.mark.parametrize(("kernel", "stride", "padding", "ceil"), POOLINGS)
def test_pooling(kernel: Any, stride: int | None, padding: int, ceil: bool) -> None:
    x, rest = numbers(2, 3, 9, 10), {"stride": stride, "padding": padding, "ceil_mode": ceil}
    assert_same(
        lambda x: max_pool2d(x, kernel, **rest), lambda x: F.max_pool2d(x, kernel, **rest), x
    )
    for counted in (False, True):
        options = {**rest, "count_include_pad": counted}
        assert_same(
            lambda x: avg_pool2d(x, kernel, **options),
            lambda x: F.avg_pool2d(x, kernel, **options),
            x,
        )


def test_dilated_max_pooling() -> None:
    options = {"stride": 2, "padding": 1, "dilation": 2}
    assert_same(
        lambda x: max_pool2d(x, 3, **options),
        lambda x: F.max_pool2d(x, 3, **options),
        numbers(2, 3, 9, 10),
    )


def test_second_derivatives() -> None:
    """The gradient of the squared norm of a gradient, by images and by weights."""
    x, w = numbers(2, 3, 6, 6), numbers(4, 3, 3, 3, seed=1)
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, w)]
    loss = (F.conv2d(*leaves, stride=2, padding=1) ** 3).sum()
    inner = torch.autograd.grad(loss, leaves, create_graph=True)
    sum((g**2).sum() for g in inner).backward()

    def squared_gradient(x: Any, w: Any) -> Any:
        _, pull = vjp(lambda x, w: ops.sum(conv2d(x, w, stride=2, padding=1) ** 3), x, w)
        return sum(ops.sum(g * g) for g in pull(np.float32(1)))

    _, pull = vjp(squared_gradient, x, w)
    for ours, theirs in zip(pull(np.float32(1)), leaves, strict=True):
        close(ours, theirs.grad)
