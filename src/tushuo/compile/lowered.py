"""Products of lower precision: numbers of 16 and 8 bits, multiplied and added up in 32.

A bfloat16 is the upper half of a float32: its sign, its exponent and 7 of its 23 digits (Kalamkar
et al., "A study of bfloat16 for deep learning training", 2019). NumPy has no such type; arrays of
them hold their bits, as ``uint16``. Whole numbers of 8 and 16 bits stand for multiples of a step;
their products are added up without rounding, and must not leave the range of int32.

In panels, as many channels as 32 bits hold stand side by side for each map: a ``group``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tushuo.compile.direct import Dense, Depthwise, Rows
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Elementwise, Spec

_HALF, _QUIET = 0x7FFF, 0x0040


class ToBFloat16(Elementwise):
    """The nearest bfloat16 of each float32, halves to the even one; the bits, uint16."""

    def infer(self, *inputs: Spec) -> Spec:
        """uint16."""
        return Spec(inputs[0].shape, np.dtype(np.uint16))

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The bits."""
        x = inputs[0]
        return to_bfloat16(x) if isinstance(x, np.ndarray) else xp.to_bfloat16(x)


@dataclass(frozen=True)
class ToWhole(Elementwise):
    """The nearest whole number of an interval, halves to the even one; NaN counts as 0.

    Attributes:
        dtype: The data type of the results.
        low: The smallest of them.
        high: The largest.
    """

    dtype: str
    low: int
    high: int

    def infer(self, *inputs: Spec) -> Spec:
        """The data type of small whole numbers."""
        return Spec(inputs[0].shape, np.dtype(self.dtype))

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The numbers."""
        x = inputs[0]
        if not isinstance(x, np.ndarray):
            return xp.to_whole(x, np.dtype(self.dtype), self.low, self.high)
        known = np.where(np.isnan(x), x.dtype.type(0), x)
        return np.clip(np.rint(known), self.low, self.high).astype(self.dtype)


TO_BFLOAT16 = ToBFloat16()


def to_bfloat16(x: np.ndarray) -> np.ndarray:
    """The bits of the nearest bfloat16, uint16, of numbers float32; NaN stays NaN."""
    bits = np.ascontiguousarray(x).view(np.uint32)
    above = bits >> np.uint32(16)
    rounded = (bits + (np.uint32(_HALF) + (above & np.uint32(1)))) >> np.uint32(16)
    found = np.where(np.isnan(x), above | np.uint32(_QUIET), rounded)
    return found.astype(np.uint16)


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    """The numbers, float32, whose bits as bfloat16 are given, uint16."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


class Lowered:
    """Base of products of lower precision."""


@dataclass(frozen=True)
class Grouped(Lowered, Dense):
    """Base of those whose maps see all channels.

    Attributes:
        group: How many channels stand side by side in panels.
    """

    by_channels = (0,)
    group: ClassVar[int]


@dataclass(frozen=True)
class DenseBFloat16(Grouped):
    """As Dense, of images and panels (P, kh, kw, C/2, 2 width) of bfloat16, to float32."""

    sums = "float32"
    group = 2

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The convolution of the rounded numbers."""
        x, rows = inputs
        return super().forward(xp, from_bfloat16(x), from_bfloat16(apart(rows, self.group)))


@dataclass(frozen=True)
class _DenseInt(Grouped):
    """Base of those of small whole numbers, whose sums are exact."""

    sums = "int32"

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The convolution."""
        x, rows = (array.astype(np.float64) for array in inputs)  # which hold whole int32
        return super().forward(xp, x, apart(rows, self.group)).astype(np.int32)


@dataclass(frozen=True)
class DenseInt8(_DenseInt):
    """As Dense, of images uint8 and panels (P, kh, kw, C/4, 4 width) int8, to int32."""

    group = 4


@dataclass(frozen=True)
class DenseInt16(_DenseInt):
    """As Dense, of images int16 and panels (P, kh, kw, C/2, 2 width) int16, to int32."""

    group = 2


@dataclass(frozen=True)
class RowsBFloat16(Rows, DenseBFloat16):
    """As Rows, of bfloat16, to float32."""


@dataclass(frozen=True)
class RowsInt8(Rows, DenseInt8):
    """As Rows, of uint8 and int8, to int32."""


@dataclass(frozen=True)
class RowsInt16(Rows, DenseInt16):
    """As Rows, of int16, to int32."""


@dataclass(frozen=True)
class DepthwiseBFloat16(Lowered, Depthwise):
    """As Depthwise, of images of bfloat16 and weights float32, to float32."""

    sums = "float32"

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The convolution of the rounded images."""
        x, rows = inputs
        return super().forward(xp, from_bfloat16(x), rows)


@dataclass(frozen=True)
class _DepthwiseInt(Lowered, Depthwise):
    """Base of those of small whole numbers times weights float32, to float32."""

    sums = "float32"

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The convolution."""
        x, rows = inputs
        return super().forward(xp, x.astype(np.float32), rows)


@dataclass(frozen=True)
class DepthwiseInt8(_DepthwiseInt):
    """As Depthwise, of images uint8."""


@dataclass(frozen=True)
class DepthwiseInt16(_DepthwiseInt):
    """As Depthwise, of images int16."""


def together(panels: np.ndarray, group: int) -> np.ndarray:
    """Panels (P, kh, kw, C, width) with groups of channels side by side, (.., C/group, ..)."""
    *lead, channels, width = panels.shape
    cut = panels.reshape(*lead, channels // group, group, width)
    return np.ascontiguousarray(cut.swapaxes(-1, -2)).reshape(*lead, channels // group, -1)


def apart(panels: np.ndarray, group: int) -> np.ndarray:
    """The contrary of :func:`together`."""
    *lead, channels, width = panels.shape
    cut = panels.reshape(*lead, channels, width // group, group)
    return cut.swapaxes(-1, -2).reshape(*lead, channels * group, width // group)
