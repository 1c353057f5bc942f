"""The arithmetic of convolution, on channels-last arrays.

Two ways: matrices of windows times weights ("im2col"), by groups; and, where each channel is by
itself (depthwise), sums of products along the channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from tushuo.graph.backend import Array, Namespace
from tushuo.graph.ops.windows import POINT, Margins, Pair, Window, gather, overlap_add, surrounded

_BLOCK = 1 << 19  # elements gathered at a time, so that the matrix stays in the cache
_NARROW = 8  # channels below which runs along the image's rows are longer than those of channels


@dataclass(frozen=True)
class Geometry:
    """Where a convolution takes place.

    Attributes:
        window: The kernel and how it moves.
        margins: Zeros around the images.
        groups: Into how many groups the channels are split.
        size: Height and width of the images, without margins.
    """

    window: Window
    margins: Margins
    groups: int
    size: Pair

    @property
    def padded(self) -> Pair:
        """Height and width of the images with their margins."""
        (top, bottom), (left, right) = self.margins
        return top + self.size[0] + bottom, left + self.size[1] + right

    @property
    def positions(self) -> Pair:
        """Height and width of the result."""
        return self.window.positions(self.padded)

    def mirrored(self) -> Geometry | None:
        """The convolution that, by the turned kernel, is the transpose of this one.

        None where there is none: for a larger stride, or margins wider than the kernel reaches.
        """
        reach = [e - 1 for e in self.window.extent]
        margins = [(r - m[0], r - m[1]) for r, m in zip(reach, self.margins, strict=True)]
        if self.window.stride != (1, 1) or min(map(min, margins)) < 0:
            return None
        return Geometry(self.window, (margins[0], margins[1]), self.groups, self.positions)

    def seen(self, channels: int) -> int:
        """How many elements the windows of one image have, if they must be gathered at all."""
        if self.window == POINT:
            return 0
        return prod(self.positions) * prod(self.window.kernel) * channels


def correlate(xp: Namespace, x: Array, w: Array, geometry: Geometry) -> Array:
    """Images (N, H, W, C) and weights (O, C/G, kh, kw) to (N, OH, OW, O)."""
    depthwise, c = _is_depthwise(w, geometry), x.shape[3]
    weights = _by_channel(xp, w) if depthwise else _matrix(xp, w, geometry)

    def part(x: Array) -> Array:
        if depthwise:
            return _depthwise(xp, _seen(xp, x, geometry), weights, geometry.window)
        y = xp.matmul(_columns(xp, x, geometry), weights)  # (G, M, O/G)
        return _ungrouped(xp, y, (x.shape[0], *geometry.positions, w.shape[0]))

    each = prod(geometry.padded) * c if depthwise else geometry.seen(c)
    return _in_blocks(xp, x, each, part)


def spread(xp: Namespace, g: Array, w: Array, geometry: Geometry) -> Array:
    """Maps (N, OH, OW, O) and weights (O, C/G, kh, kw) to images (N, H, W, C)."""
    groups, window, mirrored = geometry.groups, geometry.window, geometry.mirrored()
    if mirrored is not None:
        return correlate(xp, g, _turned(xp, w, groups), mirrored)
    if _is_depthwise(w, geometry):
        return _cropped(_spread_depthwise(xp, g, _by_channel(xp, w), geometry), geometry)
    matrix, c = xp.matrix_transpose(_matrix(xp, w, geometry)), w.shape[1] * groups

    def part(g: Array) -> Array:
        seen = xp.matmul(_rows(xp, g, groups), matrix)  # (G, M, kh kw C/G)
        seen = _ungrouped(xp, seen, (*g.shape[:3], *window.kernel, c))
        return _cropped(overlap_add(xp, seen, window, geometry.padded), geometry)

    return _in_blocks(xp, g, geometry.seen(c), part)


def weigh(xp: Namespace, x: Array, g: Array, geometry: Geometry) -> Array:
    """Images (N, H, W, C) and maps (N, OH, OW, O) to weights (O, C/G, kh, kw)."""
    c, o, (kh, kw) = x.shape[3] // geometry.groups, g.shape[3], geometry.window.kernel
    if geometry.groups == x.shape[3] == o > 1:
        w = _weigh_depthwise(xp, _seen(xp, x, geometry), g)  # (kh, kw, C)
        return xp.permute_dims(w, (2, 0, 1))[:, None, :, :]

    def part(x: Array, g: Array) -> Array:
        columns = xp.matrix_transpose(_columns(xp, x, geometry))
        return xp.matmul(columns, _rows(xp, g, geometry.groups))  # (G, kh kw C/G, O/G)

    blocks = _blocks(x.shape[0], geometry.seen(x.shape[3]))
    total = sum(part(x[b, ...], g[b, ...]) for b in blocks)
    w = xp.reshape(total, (geometry.groups, kh * kw, c, o // geometry.groups))
    return xp.reshape(xp.permute_dims(w, (0, 3, 2, 1)), (o, c, kh, kw))


def _seen(xp: Namespace, x: Array, geometry: Geometry) -> Array:
    """The windows of the images with their margins, (N, OH, OW, kh, kw, C)."""
    return gather(xp, surrounded(xp, x, geometry.margins), geometry.window)


def _columns(xp: Namespace, x: Array, geometry: Geometry) -> Array:
    """The windows as rows of matrices, (G, N OH OW, kh kw C/G)."""
    seen, groups = _seen(xp, x, geometry), geometry.groups
    n, oh, ow, kh, kw, c = seen.shape
    m, k = n * oh * ow, kh * kw * (c // groups)
    seen = xp.reshape(seen, (n, oh, ow, kh, kw, groups, c // groups))
    if c // groups < _NARROW:
        along_rows = xp.permute_dims(seen, (5, 3, 4, 6, 0, 1, 2))
        return xp.matrix_transpose(xp.reshape(along_rows, (groups, k, m)))
    return xp.reshape(xp.permute_dims(seen, (5, 0, 1, 2, 3, 4, 6)), (groups, m, k))


def _matrix(xp: Namespace, w: Array, geometry: Geometry) -> Array:
    """Weights (O, C/G, kh, kw) as matrices (G, kh kw C/G, O/G)."""
    o, c, kh, kw = w.shape
    w = xp.reshape(w, (geometry.groups, o // geometry.groups, c, kh * kw))
    return xp.reshape(xp.permute_dims(w, (0, 3, 2, 1)), (geometry.groups, kh * kw * c, -1))


def _turned(xp: Namespace, w: Array, groups: int) -> Array:
    """Weights (O, C/G, kh, kw) turned by 180 degrees, as (C, O/G, kh, kw)."""
    o, c, kh, kw = w.shape
    w = xp.reshape(xp.flip(w, axis=(2, 3)), (groups, o // groups, c, kh, kw))
    return xp.reshape(xp.permute_dims(w, (0, 2, 1, 3, 4)), (groups * c, o // groups, kh, kw))


def _rows(xp: Namespace, g: Array, groups: int) -> Array:
    """Maps (N, OH, OW, O) as matrices (G, N OH OW, O/G)."""
    n, oh, ow, o = g.shape
    return xp.permute_dims(xp.reshape(g, (n * oh * ow, groups, o // groups)), (1, 0, 2))


def _ungrouped(xp: Namespace, y: Array, shape: tuple[int, ...]) -> Array:
    """Matrices (G, M, K) as ``shape`` = (..., C), a group's channels side by side."""
    groups, axes = y.shape[0], len(shape)
    y = xp.reshape(y, (groups, *shape[:-1], shape[-1] // groups))
    return xp.reshape(xp.permute_dims(y, (*range(1, axes), 0, axes)), shape)


def _blocks(n: int, each: int) -> Iterator[slice]:
    """Ranges of n images of so many elements, as many at a time as the cache has room for."""
    step = max(1, _BLOCK // max(1, each))
    return (slice(i, min(i + step, n)) for i in range(0, max(n, 1), step))


def _in_blocks(xp: Namespace, x: Array, each: int, part: Callable[[Array], Array]) -> Array:
    """``part`` of all images, computed some at a time."""
    n, out = x.shape[0], None
    for b in _blocks(n, each):
        y = part(x[b, ...])
        if b == slice(0, n):
            return y
        out = xp.empty((n, *y.shape[1:]), dtype=y.dtype) if out is None else out
        out[b, ...] = y
    return out


def _cropped(x: Array, geometry: Geometry) -> Array:
    """Images without their margins."""
    ((top, _), (left, _)), (h, w) = geometry.margins, geometry.size
    return x[:, top : top + h, left : left + w, :]


def _is_depthwise(w: Array, geometry: Geometry) -> bool:
    return bool(w.shape[1] == 1 and w.shape[0] == geometry.groups > 1)


def _by_channel(xp: Namespace, w: Array) -> Array:
    """Depthwise weights (C, 1, kh, kw) as (kh, kw, C)."""
    return xp.permute_dims(w[:, 0, :, :], (1, 2, 0))


def _depthwise(xp: Namespace, seen: Array, w: Array, window: Window) -> Array:
    """Windows (N, OH, OW, kh, kw, C) times weights (kh, kw, C), summed over the window."""
    n, oh, ow, kh, kw, c = seen.shape
    if xp is not np:
        return xp.sum(seen * w, axis=(3, 4))
    if window.stride[1] > 1:
        return np.einsum("nhwijc,ijc->nhwc", seen, np.ascontiguousarray(w))
    # neighbouring windows lie side by side, so that a whole row of them is one run in memory
    rows = seen.transpose(0, 1, 3, 4, 2, 5).reshape(n, oh, kh, kw, ow * c)
    y = np.einsum("nhijk,ijk->nhk", rows, np.tile(w, ow))
    return y.reshape(n, oh, ow, c)


def _spread_depthwise(xp: Namespace, g: Array, w: Array, geometry: Geometry) -> Array:
    """The transpose of :func:`_depthwise` by the windows, added up: (N, H, W, C), padded."""
    out = xp.zeros((g.shape[0], *geometry.padded, g.shape[3]), dtype=g.dtype)
    for (i, j), (down, right) in geometry.window.taps(geometry.positions):
        out[:, down, right, :] += g * w[i, j, :]
    return out


def _weigh_depthwise(xp: Namespace, seen: Array, g: Array) -> Array:
    """The transpose of :func:`_depthwise` by the weights: (kh, kw, C)."""
    if xp is np:
        return np.einsum("nhwijc,nhwc->ijc", seen, g)
    return xp.sum(seen * g[:, :, :, None, None, :], axis=(0, 1, 2))
