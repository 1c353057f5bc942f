"""Sliding windows over images: how a kernel moves, and what lies under it.

Convolution and pooling share these functions on arrays. Images are channels-last here, (N, H, W,
C): what lies under a kernel is then a few long runs in memory, a pointwise convolution is one
product of matrices, and a result that is handed on as an (N, C, H, W) view keeps this layout
through the layers that follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np

from tushuo.errors import ShapeError
from tushuo.graph.backend import Array, Namespace

Pair = tuple[int, int]
Margins = tuple[Pair, Pair]
"""Zeros put around an image: ((top, bottom), (left, right))."""


@dataclass(frozen=True)
class Window:
    """A kernel and how it moves.

    Attributes:
        kernel: Height and width.
        stride: Steps from one position to the next, down and to the right.
        dilation: Steps from one element of the kernel to the next; 1 for neighbours.
    """

    kernel: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)

    @property
    def extent(self) -> Pair:
        """Height and width of the area that the kernel spans."""
        (kh, kw), (dh, dw) = self.kernel, self.dilation
        return dh * (kh - 1) + 1, dw * (kw - 1) + 1

    def positions(self, size: Sequence[int]) -> Pair:
        """How many positions there are in an image of ``size``, downwards and to the right.

        Raises:
            ShapeError: The image is smaller than the kernel.
        """
        (eh, ew), (sh, sw) = self.extent, self.stride
        h, w = size
        if h < eh or w < ew:
            dilated = f" (dilated to {self.extent})" if max(self.dilation) > 1 else ""
            raise ShapeError(
                f"a kernel of {self.kernel}{dilated} is larger than the padded image of {(h, w)}",
                hint="pad more, or use a smaller kernel or dilation",
            )
        return (h - eh) // sh + 1, (w - ew) // sw + 1

    def taps(self, positions: Pair) -> Iterator[tuple[Pair, tuple[slice, slice]]]:
        """For each element (i, j) of the kernel, the pixels it meets at all positions."""
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                down, right = (
                    slice(t * d, t * d + s * (n - 1) + 1, s)
                    for t, d, s, n in zip(
                        (i, j), self.dilation, self.stride, positions, strict=True
                    )
                )
                yield (i, j), (down, right)


POINT = Window((1, 1))
"""A kernel that sees each pixel alone."""


def gather(xp: Namespace, x: Array, window: Window) -> Array:
    """What lies under the kernel at each position.

    Args:
        xp: Namespace of the array.
        x: Images, shape (N, H, W, C), of any memory layout.
        window: The kernel.

    Returns:
        Shape (N, OH, OW, kh, kw, C); in NumPy a read-only view of ``x``.
    """
    if window == POINT:
        return x[:, :, :, None, None, :]
    n, h, w, c = x.shape
    (kh, kw), (oh, ow) = window.kernel, window.positions((h, w))
    if xp is not np:
        seen = [x[:, down, right, :] for _, (down, right) in window.taps((oh, ow))]
        return xp.reshape(xp.stack(seen, axis=3), (n, oh, ow, kh, kw, c))
    (sh, sw), (dh, dw) = window.stride, window.dilation
    bn, bh, bw, bc = x.strides
    return np.lib.stride_tricks.as_strided(
        x, (n, oh, ow, kh, kw, c), (bn, bh * sh, bw * sw, bh * dh, bw * dw, bc), writeable=False
    )


def overlap_add(xp: Namespace, parts: Array, window: Window, size: Pair) -> Array:
    """The transpose of :func:`gather`: each part is added where it would have been seen.

    Args:
        xp: Namespace of the array.
        parts: Shape (N, OH, OW, kh, kw, C).
        window: The kernel.
        size: Height and width of the images to build.

    Returns:
        Images, shape (N, H, W, C).
    """
    if window == POINT:
        return parts[:, :, :, 0, 0, :]
    n, oh, ow, _, _, c = parts.shape
    out = xp.zeros((n, *size, c), dtype=parts.dtype)
    for (i, j), (down, right) in window.taps((oh, ow)):
        out[:, down, right, :] += parts[:, :, :, i, j, :]
    return out


def surrounded(xp: Namespace, x: Array, margins: Margins) -> Array:
    """Images (N, H, W, C) with zeros around them."""
    if margins == ((0, 0), (0, 0)):
        return x
    (top, bottom), (left, right) = margins
    n, h, w, c = x.shape
    out = xp.zeros((n, top + h + bottom, left + w + right, c), dtype=x.dtype)
    out[:, top : top + h, left : left + w, :] = x
    return out


def pair(name: str, value: Any, least: int = 1) -> Pair:
    """An integer for both axes, or two.

    Args:
        name: What the value is, for the error.
        value: An integer or a pair of integers.
        least: The smallest that is allowed.

    Raises:
        ShapeError: The value is neither, or too small.
    """
    try:
        a, b = value if isinstance(value, Sequence) else (value, value)
        result = index(a), index(b)
    except (TypeError, ValueError):
        result = None
    if result is None or min(result) < least:
        raise ShapeError(f"{name} must be an integer >= {least} or a pair of them, got {value!r}")
    return result


def resolve_padding(padding: Any, window: Window, size: Sequence[int]) -> Margins:
    """The margins that a ``padding`` argument asks for.

    Args:
        padding: An integer, (vertical, horizontal), ((top, bottom), (left, right)), "valid" (none)
            or "same" (as many positions as ``ceil(length / stride)``; an odd zero goes to the
            bottom and right, as in TensorFlow).
        window: The kernel.
        size: Height and width of the images.

    Raises:
        ShapeError: The argument is none of these, or negative.
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        down, right = map(_same, size, window.extent, window.stride)
        return down, right
    if isinstance(padding, str):
        raise ShapeError(f"unknown padding {padding!r}", hint='use an integer, "same" or "valid"')
    if isinstance(padding, Sequence) and any(isinstance(p, Sequence) for p in padding):
        if len(padding) != 2:
            raise ShapeError(f"padding must be ((top, bottom), (left, right)), got {padding!r}")
        return pair("padding", padding[0], least=0), pair("padding", padding[1], least=0)
    ph, pw = pair("padding", padding, least=0)
    return (ph, ph), (pw, pw)


def _same(length: int, extent: int, stride: int) -> Pair:
    missing = max((-(-length // stride) - 1) * stride + extent - length, 0)
    return missing // 2, missing - missing // 2
