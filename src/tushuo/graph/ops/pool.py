"""Sliding windows over images as an array, and pooling as a reduction of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tushuo.errors import ShapeError
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Linear, Spec, apply
from tushuo.graph.ops.conv import conv2d, images
from tushuo.graph.ops.creation import ones
from tushuo.graph.ops.movement import pad
from tushuo.graph.ops.promotion import floating
from tushuo.graph.ops.reduce import max as maximum_over
from tushuo.graph.ops.windows import (
    Margins,
    Pair,
    Window,
    gather,
    overlap_add,
    pair,
    resolve_padding,
)
from tushuo.graph.tensor import Tensor, asarray


@dataclass(frozen=True)
class Unfold(Linear):
    """Images (N, C, H, W) to the windows in them, (N, C, OH, OW, kh, kw)."""

    window: Window

    def infer(self, *inputs: Spec) -> Spec:
        """(N, C, OH, OW, kh, kw)."""
        n, c, h, w = inputs[0].shape
        return Spec((n, c, *self.window.positions((h, w)), *self.window.kernel), inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A view in NumPy, a copy elsewhere."""
        seen = gather(xp, xp.permute_dims(inputs[0], (0, 2, 3, 1)), self.window)
        return xp.permute_dims(seen, (0, 5, 1, 2, 3, 4))

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Tensor]:
        """Overlapping windows added up."""
        _, _, h, w = inputs[0].shape
        return (apply(Fold(self.window, (h, w)), g),)


@dataclass(frozen=True)
class Fold(Linear):
    """Windows (N, C, OH, OW, kh, kw) added up to images (N, C, H, W)."""

    window: Window
    size: Pair

    def infer(self, *inputs: Spec) -> Spec:
        """(N, C, H, W)."""
        n, c, *rest = inputs[0].shape
        oh, ow = self.window.positions(self.size)
        kh, kw = self.window.kernel
        if tuple(rest) != (oh, ow, kh, kw):
            raise ShapeError(
                f"Fold to {self.size} needs windows (N, C, {oh}, {ow}, {kh}, {kw}), "
                f"got {inputs[0].shape}"
            )
        return Spec((n, c, *self.size), inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """Each window added where it came from."""
        parts = xp.permute_dims(inputs[0], (0, 2, 3, 4, 5, 1))
        return xp.permute_dims(overlap_add(xp, parts, self.window, self.size), (0, 3, 1, 2))

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Tensor]:
        """The windows of the cotangent."""
        return (apply(Unfold(self.window), g),)


def unfold(x: Any, kernel_size: Any, stride: Any = 1, dilation: Any = 1) -> Tensor:
    """The windows that a kernel meets on its way over images.

    In NumPy they are a view: nothing is copied.

    Args:
        x: Images, shape (N, C, H, W).
        kernel_size: One integer or (height, width).
        stride: Steps of the kernel, one integer or (down, right).
        dilation: Steps between the elements of the kernel, one integer or (down, right).

    Returns:
        Shape (N, C, OH, OW, kh, kw).

    Raises:
        ShapeError: ``x`` has not four axes, or is smaller than the kernel.
    """
    x, window = images("unfold", x), _window(kernel_size, stride, dilation)
    window.positions(x.shape[2:])
    return apply(Unfold(window), x)


def fold(windows: Any, output_size: Any, stride: Any = 1, dilation: Any = 1) -> Tensor:
    """Images from windows; where these overlap, they are added up. The transpose of ``unfold``.

    Args:
        windows: Shape (N, C, OH, OW, kh, kw).
        output_size: One integer or (H, W).
        stride: Steps from window to window, one integer or (down, right).
        dilation: Steps between the elements of a window, one integer or (down, right).

    Returns:
        Shape (N, C, H, W).

    Raises:
        ShapeError: ``windows`` are not those of images of this size.
    """
    parts = asarray(windows)
    if parts.ndim != 6:
        raise ShapeError(f"fold needs windows (N, C, OH, OW, kh, kw), got shape {parts.shape}")
    window = _window(parts.shape[4:], stride, dilation)
    op = Fold(window, pair("output_size", output_size))
    op.infer(Spec(parts.shape, parts.dtype))
    return apply(op, parts)


def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest element of each window; margins never win.

    Elements that are equally large share the gradient evenly (PyTorch gives all to the first).

    Args:
        x: Images of floating-point numbers, shape (N, C, H, W).
        kernel_size: One integer or (height, width).
        stride: Steps of the kernel, one integer or (down, right); the kernel's size by default.
        padding: Width of the margins, in any of the forms of :func:`conv2d`; half the kernel at
            most, so that no window lies outside.
        dilation: Steps between the elements of the kernel, one integer or (down, right).
        ceil_mode: Whether a last window may reach over the edge, if it begins inside.

    Returns:
        Shape (N, C, OH, OW).

    Raises:
        ShapeError: ``x`` has not four axes, or the sizes do not fit.
        DTypeError: ``x`` is not floating-point.
    """
    x = images("max_pool2d", x)
    window = _window(kernel_size, kernel_size if stride is None else stride, dilation)
    margins, overhang = _margins(floating("max_pool2d", x), window, padding, ceil_mode)
    padded = pad(x, ((0, 0), (0, 0), *_joined(margins, overhang)), -np.inf)
    return maximum_over(apply(Unfold(window), padded), axis=(-2, -1))


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window: a depthwise convolution with equal weights.

    The mean over whole images is ``x.mean((2, 3))``.

    Args:
        x: Images of floating-point numbers, shape (N, C, H, W).
        kernel_size: One integer or (height, width).
        stride: Steps of the kernel, one integer or (down, right); the kernel's size by default.
        padding: Width of the margins of zeros, in any of the forms of :func:`conv2d`; half the
            kernel at most.
        ceil_mode: Whether a last window may reach over the edge, if it begins inside. What it
            covers beyond the margins is not counted.
        count_include_pad: Whether the zeros of the margins count as elements.

    Returns:
        Shape (N, C, OH, OW).

    Raises:
        ShapeError: ``x`` has not four axes, or the sizes do not fit.
        DTypeError: ``x`` is not floating-point.
    """
    x = images("avg_pool2d", x)
    window = _window(kernel_size, kernel_size if stride is None else stride, 1)
    margins, overhang = _margins(floating("avg_pool2d", x), window, padding, ceil_mode)
    sums = _sums(x, window, _joined(margins, overhang))
    counted, ignored = (
        (margins, overhang) if count_include_pad else (_NONE, _joined(margins, overhang))
    )
    if ignored == _NONE:
        return sums / (window.kernel[0] * window.kernel[1])
    h, w = (n + sum(m) for n, m in zip(x.shape[2:], counted, strict=True))
    return sums / _sums(ones((1, 1, h, w), like=x), window, ignored)


_NONE: Margins = ((0, 0), (0, 0))


def _sums(x: Tensor, window: Window, margins: Margins) -> Tensor:
    """The sum of each window."""
    weights = ones((x.shape[1], 1, *window.kernel), like=x)
    return conv2d(x, weights, stride=window.stride, padding=margins, groups=x.shape[1])


def _window(kernel_size: Any, stride: Any, dilation: Any) -> Window:
    return Window(
        pair("kernel_size", kernel_size), pair("stride", stride), pair("dilation", dilation)
    )


def _margins(x: Tensor, window: Window, padding: Any, ceil: bool) -> tuple[Margins, Margins]:
    """The margins that were asked for, and those that ``ceil_mode`` adds."""
    margins = resolve_padding(padding, window, x.shape[2:])
    for extent, sides in zip(window.extent, margins, strict=True):
        if max(sides) > extent // 2:
            raise ShapeError(
                f"padding {padding!r} is more than half of the kernel's extent {window.extent}",
                hint="a window would lie outside the image; pad less",
            )
    over = (
        _overhang(*axis) if ceil else 0
        for axis in zip(x.shape[2:], window.extent, window.stride, margins, strict=True)
    )
    down, right = ((0, o) for o in over)
    return margins, (down, right)


def _overhang(length: int, extent: int, stride: int, margins: Pair) -> int:
    """How far a last window, which begins before the end of the image, reaches over the edge."""
    padded = length + sum(margins)
    steps = -(-(padded - extent) // stride)
    if steps * stride >= length + margins[0]:
        steps -= 1
    return max(0, steps * stride + extent - padded)


def _joined(a: Margins, b: Margins) -> Margins:
    """Both margins together."""
    (t, bottom), (left, r) = a
    return (t + b[0][0], bottom + b[0][1]), (left + b[1][0], r + b[1][1])
