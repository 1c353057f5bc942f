"""Convolutions that have kernels of their own: operations on images as they lie, without copies.

Images and maps are (N, C, H, W) in shape, as for users; maps are written channels-last, so that
channels fill vectors. Weights are laid out for the kernels by :func:`panels` and :func:`taps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import ClassVar

import numpy as np

from tushuo.graph import ops
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Op, Shape, Spec
from tushuo.graph.ops.conv_arrays import Geometry, correlate, weigh
from tushuo.graph.ops.windows import POINT
from tushuo.graph.tensor import Tensor


@dataclass(frozen=True)
class Direct(Op):
    """Base of these operations.

    Attributes:
        geometry: Where the convolution takes place.
        by_channels: The operands that are read in vectors of channels.
        sums: The data type of the results, None for that of the first operand.
    """

    by_channels: ClassVar[tuple[int, ...]] = ()
    sums: ClassVar[str | None] = None

    geometry: Geometry

    def flops(self, images: Shape, maps: int) -> int:
        """Multiplications and additions, for images (N, C, H, W) and so many maps."""
        seen = prod(self.geometry.window.kernel) * images[1] // self.geometry.groups
        return 2 * images[0] * prod(self.geometry.positions) * maps * seen


@dataclass(frozen=True)
class Dense(Direct):
    """Images (N, C, H, W) and panels (P, kh, kw, C, width) of weights to maps (N, O, OH, OW).

    Attributes:
        maps: How many channels of the panels count, O.
    """

    maps: int

    def infer(self, *inputs: Spec) -> Spec:
        """(N, O, OH, OW)."""
        x = inputs[0]
        shape = (x.shape[0], self.maps, *self.geometry.positions)
        return Spec(shape, np.dtype(self.sums or x.dtype))

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The convolution."""
        x, rows = inputs
        _, kh, kw, c, _ = rows.shape
        w = xp.reshape(xp.permute_dims(rows, (0, 4, 3, 1, 2)), (-1, c, kh, kw))[: self.maps, ...]
        return _first(xp, correlate(xp, _last(xp, x), w, self.geometry))


@dataclass(frozen=True)
class Rows(Dense):
    """Rows (M, K) and panels (P, 1, 1, K, width) of weights to (M, O): images of one pixel."""

    def infer(self, *inputs: Spec) -> Spec:
        """(M, O)."""
        x = inputs[0]
        return Spec((x.shape[0], self.maps), np.dtype(self.sums or x.dtype))

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The product."""
        x, rows = inputs
        return super().forward(xp, x[:, :, None, None], rows)[:, :, 0, 0]


@dataclass(frozen=True)
class Depthwise(Direct):
    """Images (N, C, H, W) and weights (kh, kw, C) to maps (N, C, OH, OW), channel by channel."""

    by_channels = (0,)

    def infer(self, *inputs: Spec) -> Spec:
        """(N, C, OH, OW)."""
        x = inputs[0]
        return Spec((*x.shape[:2], *self.geometry.positions), np.dtype(self.sums or x.dtype))

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The convolution."""
        x, rows = inputs
        w = xp.permute_dims(rows, (2, 0, 1))[:, None, :, :]
        return _first(xp, correlate(xp, _last(xp, x), w, self.geometry))


@dataclass(frozen=True)
class _Weight(Direct):
    """Base of the gradients by the weights, each part of the images by itself.

    Attributes:
        parts: How many there are, N at most.
    """

    parts: int

    def _weighed(self, xp: Namespace, x: Array, g: Array) -> list[Array]:
        """For each part weights (O, C/G, kh, kw)."""
        n = x.shape[0]
        ends = [n * part // self.parts for part in range(self.parts + 1)]
        cuts = [slice(*pair) for pair in pairwise(ends)]
        x, g = _last(xp, x), _last(xp, g)
        return [weigh(xp, x[cut, ...], g[cut, ...], self.geometry) for cut in cuts]


@dataclass(frozen=True)
class DenseWeight(_Weight):
    """Images (N, C, H, W) and maps (N, O, OH, OW) to weights (parts, kh, kw, C, O)."""

    by_channels = (1,)

    def infer(self, *inputs: Spec) -> Spec:
        """(parts, kh, kw, C, O)."""
        x, g = inputs
        shape = (self.parts, *self.geometry.window.kernel, x.shape[1], g.shape[1])
        return Spec(shape, x.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The weights."""
        return xp.permute_dims(xp.stack(self._weighed(xp, *inputs)), (0, 3, 4, 2, 1))


@dataclass(frozen=True)
class DepthwiseWeight(_Weight):
    """Images (N, C, H, W) and maps (N, C, OH, OW) to weights (parts, kh, kw, C)."""

    by_channels = (0, 1)

    def infer(self, *inputs: Spec) -> Spec:
        """(parts, kh, kw, C)."""
        x = inputs[0]
        return Spec((self.parts, *self.geometry.window.kernel, x.shape[1]), x.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The weights."""
        found = xp.stack(self._weighed(xp, *inputs))
        return xp.permute_dims(found[:, :, 0, :, :], (0, 2, 3, 1))


ONE_PIXEL = Geometry(POINT, ((0, 0), (0, 0)), 1, (1, 1))
"""Where products of matrices take place."""

MAPS = (Dense, Depthwise)
"""Those whose results are maps, which loops may follow in the same kernel."""


def panels(w: Tensor, width: int) -> Tensor:
    """Weights (O, C, kh, kw) as (P, kh, kw, C, width): ``width`` maps side by side, zeros after."""
    missing = -w.shape[0] % width
    full = ops.pad(w, ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else w
    cut = ops.reshape(full, (-1, width, *w.shape[1:]))
    return _in_order(ops.permute_dims(cut, (0, 3, 4, 2, 1)))


def taps(w: Tensor) -> Tensor:
    """Weights (C, 1, kh, kw) as (kh, kw, C)."""
    return _in_order(ops.permute_dims(w[:, 0], (1, 2, 0)))


def _in_order(x: Tensor) -> Tensor:
    """A constant with its elements in order; the program copies what it computes."""
    return Tensor.of(np.ascontiguousarray(x.data)) if isinstance(x.data, np.ndarray) else x


def _last(xp: Namespace, x: Array) -> Array:
    return xp.permute_dims(x, (0, 2, 3, 1))


def _first(xp: Namespace, x: Array) -> Array:
    return xp.permute_dims(x, (0, 3, 1, 2))
