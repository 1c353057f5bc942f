"""Pooling of images, and the step from images to features."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tushuo.errors import ShapeError
from tushuo.graph import ops
from tushuo.graph.backend import namespace
from tushuo.graph.ops.windows import pair
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import checks
from tushuo.nn.module import Module

Size = int | tuple[int, int]


class _Pool2d(Module):
    """What the two have in common: a window, its steps, and margins."""

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Any = 0) -> None:
        self.kernel_size = pair("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else pair("stride", stride)
        self.padding = padding

    def extra_repr(self) -> str:
        """The settings."""
        padding = f", padding={self.padding!r}" if self.padding else ""
        return f"kernel_size={self.kernel_size}, stride={self.stride}{padding}"


class MaxPool2d(_Pool2d):
    """The largest value of each window.

    Args:
        kernel_size: Height and width of the window, or one number for both.
        stride: Steps from one window to the next, by default its size.
        padding: Margin around the image, that is never the largest.
    """

    def forward(self, x: Any) -> Tensor:
        """(N, C, H, W) to (N, C, H', W')."""
        t = checks.images("MaxPool2d", x)
        return ops.max_pool2d(t, self.kernel_size, stride=self.stride, padding=self.padding)


class AvgPool2d(_Pool2d):
    """The mean of each window; zeros of the margin count.

    Args:
        kernel_size: Height and width of the window, or one number for both.
        stride: Steps from one window to the next, by default its size.
        padding: Zeros around the image.
    """

    def forward(self, x: Any) -> Tensor:
        """(N, C, H, W) to (N, C, H', W')."""
        t = checks.images("AvgPool2d", x)
        return ops.avg_pool2d(t, self.kernel_size, stride=self.stride, padding=self.padding)


class AdaptiveAvgPool2d(Module):
    """Means over as many windows as the result has pixels, whatever the image's size.

    Window i of n over a length L reaches from ``floor(i L / n)`` to ``ceil((i + 1) L / n)``.

    Args:
        output_size: Height and width of results; 1 averages the whole image.
    """

    def __init__(self, output_size: Size) -> None:
        self.output_size = pair("output_size", output_size)

    def forward(self, x: Any) -> Tensor:
        """(N, C, H, W) to (N, C, *output_size)."""
        t = checks.images("AdaptiveAvgPool2d", x)
        if self.output_size == (1, 1):
            return ops.mean(t, (2, 3), keepdims=True)
        (h, w), (n, m) = t.shape[2:], self.output_size
        return ops.matmul(ops.matmul(_averaging(h, n, t), t), _averaging(w, m, t).mT)

    def extra_repr(self) -> str:
        """The size of results."""
        return f"output_size={self.output_size}"


def _averaging(length: int, n: int, like: Tensor) -> Tensor:
    """The matrix (n, length) whose rows average the windows."""
    rows = np.zeros((n, length))
    for i in range(n):
        start, stop = i * length // n, -((i + 1) * length // -n)
        rows[i, start:stop] = 1 / (stop - start)
    xp = namespace(like.data)
    return Tensor.of(xp.asarray(rows, dtype=like.dtype))


class Flatten(Module):
    """All axes from ``start_axis`` on made one: (N, C, H, W) to (N, C H W)."""

    def __init__(self, start_axis: int = 1) -> None:
        self.start_axis = start_axis

    def forward(self, x: Any) -> Tensor:
        """Shape (n, m, ...) to (n, m ...).

        Raises:
            ShapeError: There are not so many axes.
        """
        t = asarray(x)
        if not 0 <= self.start_axis < t.ndim:
            raise ShapeError(f"Flatten({self.start_axis}) got {t.shape}: it has no such axis")
        kept, joined = t.shape[: self.start_axis], t.shape[self.start_axis :]
        return ops.reshape(t, (*kept, prod(joined)))

    def extra_repr(self) -> str:
        """The first axis that is joined."""
        return f"start_axis={self.start_axis}"
