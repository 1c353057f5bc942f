"""Convolutions and windows as products of matrices and sums of slices.

Images are read channels-last, as the results are written: then what lies under one element of the
kernel is a slice whose rows are copied whole, all of them side by side are a matrix, and a
convolution is its product with the weights ("im2col"). A kernel of one element needs no copy.
Where each channel is by itself, slices times weights are added up, without a product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import reduce
from itertools import product
from math import prod
from operator import add
from typing import Any

from tushuo.compile.codegen.target import host
from tushuo.compile.codegen.tiling import tiling
from tushuo.compile.codegen.weigh_dense import FEW
from tushuo.compile.direct import (
    Dense,
    DenseWeight,
    Depthwise,
    DepthwiseWeight,
    panels,
    taps,
)
from tushuo.compile.passes.pool import Windows, added_up, first, index_of, keys_of, last
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program
from tushuo.graph import ops
from tushuo.graph.op import Op, apply
from tushuo.graph.ops.conv import Conv2d, ConvInput, ConvWeight
from tushuo.graph.ops.conv_arrays import Geometry
from tushuo.graph.ops.windows import POINT
from tushuo.graph.tensor import Tensor

_MOST_GROUPS = 32
"""More groups of several channels would be too much code; :mod:`.expand` makes one product."""

_PARTS, _PART_BYTES = 16, 1 << 18
"""Into how many parts images are divided for sums over them, if a part's is not larger."""

Operands = tuple[Tensor, ...]


def convolve(program: Program) -> Program:
    """The program without operations on windows."""
    windows = Windows()

    def rule(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
        known = _RULES.get(type(op))
        return windows.rewritten(tracer, op, operands) if known is None else known(op, *operands)

    return rewritten(program, rule)


def _grouped(op: Any, x: Tensor, y: Tensor) -> Tensor | None:
    """Each group of channels by itself."""
    groups = op.geometry.groups
    if groups > _MOST_GROUPS:
        return None
    one = replace(op, geometry=replace(op.geometry, groups=1))
    by_weight = isinstance(op, ConvWeight)
    pairs = zip(
        ops.split(x, groups, axis=1), ops.split(y, groups, axis=int(by_weight)), strict=True
    )
    parts = [_RULES[type(op)](one, *pair) for pair in pairs]
    return ops.concat(parts, axis=0 if by_weight else 1)


def _conv(op: Any, x: Tensor, w: Tensor) -> Tensor | None:
    geometry = op.geometry
    if is_direct(geometry, x, w):
        return _directly(geometry, x, w)
    if _depthwise(geometry, w):
        parts = zip(_slices(_padded(last(x), geometry), geometry), _taps(w), strict=True)
        return first(reduce(add, (seen * tap for seen, tap in parts)))
    if geometry.groups > 1:
        return _grouped(op, x, w)
    y = ops.matmul(_columns(x, geometry), ops.matrix_transpose(_rows_of(w)))
    return first(ops.reshape(y, (x.shape[0], *geometry.positions, w.shape[0])))


def is_direct(geometry: Geometry, x: Tensor, w: Tensor) -> bool:
    """Whether a convolution has a kernel of its own."""
    return _has_kernel(x, w) and (geometry.groups == 1 or _depthwise(geometry, w))


def _has_kernel(x: Tensor, y: Tensor) -> bool:
    return 0 not in (*x.shape, *y.shape) and x.dtype.name in ("float32", "float64")


def _directly(geometry: Geometry, x: Tensor, w: Tensor) -> Tensor:
    if _depthwise(geometry, w):
        return apply(Depthwise(geometry), x, taps(w))
    target, positions = host(), geometry.positions
    columns = prod((x.shape[0], *positions)) if geometry.window == POINT else positions[1]
    lanes = target.vector_bytes // x.dtype.itemsize
    tile = tiling(columns, w.shape[0], prod(w.shape[1:]), lanes, target.registers)
    return apply(Dense(geometry, w.shape[0]), x, panels(w, tile.vectors * lanes))


def _conv_input(op: Any, g: Tensor, w: Tensor) -> Tensor | None:
    geometry, maps, turned = op.geometry, last(g), op.geometry.mirrored()
    if turned is not None and is_direct(turned, g, w):
        other = ops.flip(w, axis=(2, 3))
        return _directly(turned, g, other if _depthwise(geometry, w) else _exchanged(other))
    if _depthwise(geometry, w):
        parts = [maps * tap for tap in _taps(w)]
    elif geometry.groups > 1:
        return _grouped(op, g, w)
    else:
        seen = ops.matmul(ops.reshape(maps, (-1, w.shape[0])), _rows_of(w))
        shape = (*maps.shape[:3], prod(geometry.window.kernel), w.shape[1])
        parts = list(ops.unstack(ops.reshape(seen, shape), axis=3))
    if geometry.window == POINT and geometry.padded == geometry.size:
        return first(parts[0])
    images = added_up(parts, geometry.window, geometry.padded)
    (top, _), (left, _) = geometry.margins
    h, v = geometry.size
    return first(images[:, top : top + h, left : left + v])


def _weighed(geometry: Geometry, x: Tensor, g: Tensor) -> Tensor:
    """Weights (O, C/G, kh, kw), from parts of the images that threads can share."""
    channels, maps, kernel = x.shape[1], g.shape[1], geometry.window.kernel
    depthwise = geometry.groups > 1
    size = prod(kernel) * maps * (1 if depthwise else channels) * x.dtype.itemsize
    parts = min(x.shape[0], _PARTS) if size <= _PART_BYTES else 1
    if depthwise:
        found = ops.sum(apply(DepthwiseWeight(geometry, parts), x, g), axis=0)
        return ops.expand_dims(ops.permute_dims(found, (2, 0, 1)), axis=1)
    if channels <= FEW and any(map(any, geometry.margins)):
        x, geometry = first(_padded(last(x), geometry)), _unpadded(geometry)
    found = ops.sum(apply(DenseWeight(geometry, parts), x, g), axis=0)
    return ops.permute_dims(found, (3, 2, 0, 1))


def _unpadded(geometry: Geometry) -> Geometry:
    """The geometry in images that have their margins already."""
    return replace(geometry, margins=((0, 0), (0, 0)), size=geometry.padded)


def _exchanged(w: Tensor) -> Tensor:
    return ops.permute_dims(w, (1, 0, 2, 3))


def _conv_weight(op: Any, x: Tensor, g: Tensor) -> Tensor | None:
    geometry, maps = op.geometry, last(g)
    kernel, channels = geometry.window.kernel, x.shape[1]
    if _has_kernel(x, g) and (geometry.groups == 1 or geometry.groups == channels == g.shape[1]):
        return _weighed(geometry, x, g)
    if geometry.groups == channels == g.shape[1] and channels > 1:
        seen = _slices(_padded(last(x), geometry), geometry)
        sums = ops.stack([ops.sum(part * maps, axis=(0, 1, 2)) for part in seen], axis=1)
        return ops.reshape(sums, (channels, 1, *kernel))
    if geometry.groups > 1:
        return _grouped(op, x, g)
    rows = ops.matrix_transpose(ops.reshape(maps, (-1, g.shape[1])))
    found = ops.matmul(rows, _columns(x, geometry))
    return ops.permute_dims(ops.reshape(found, (g.shape[1], *kernel, channels)), (0, 3, 1, 2))


def _columns(x: Tensor, geometry: Geometry) -> Tensor:
    """Images (N, C, H, W) to what each position sees, (N OH OW, kh kw C)."""
    parts = list(_slices(_padded(last(x), geometry), geometry))
    seen = parts[0] if len(parts) == 1 else ops.stack(parts, axis=3)
    return ops.reshape(seen, (-1, len(parts) * x.shape[1]))


def _slices(padded: Tensor, geometry: Geometry) -> Iterator[Tensor]:
    """For each element of the kernel what lies under it, (N, OH, OW, C)."""
    for key in keys_of(geometry.window, geometry.padded):
        yield padded[index_of(key)]


def _padded(x: Tensor, geometry: Geometry) -> Tensor:
    return (
        x if geometry.padded == geometry.size else ops.pad(x, ((0, 0), *geometry.margins, (0, 0)))
    )


def _rows_of(w: Tensor) -> Tensor:
    """Weights (O, C, kh, kw) to (O, kh kw C)."""
    return ops.reshape(ops.permute_dims(w, (0, 2, 3, 1)), (w.shape[0], -1))


def _taps(w: Tensor) -> Iterator[Tensor]:
    """For each element of the kernel its weights (C,)."""
    for i, j in product(*map(range, w.shape[2:])):
        yield w[:, 0, i, j]


def _depthwise(geometry: Geometry, w: Tensor) -> bool:
    return geometry.groups == w.shape[0] > 1 and w.shape[1] == 1


_RULES: dict[type[Op], Callable[..., Tensor | None]] = {
    Conv2d: _conv,
    ConvInput: _conv_input,
    ConvWeight: _conv_weight,
}
