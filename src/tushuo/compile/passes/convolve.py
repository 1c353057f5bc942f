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

from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program
from tushuo.graph import ops
from tushuo.graph.op import Op, apply
from tushuo.graph.ops.conv import Conv2d, ConvInput, ConvWeight
from tushuo.graph.ops.conv_arrays import Geometry
from tushuo.graph.ops.index import Place, Range
from tushuo.graph.ops.pool import Fold, Unfold
from tushuo.graph.ops.windows import POINT, Pair, Window
from tushuo.graph.tensor import Tensor

_MOST_GROUPS = 32
"""More groups of several channels would be too much code; :mod:`.expand` makes one product."""

Key = tuple[Range, ...]
Operands = tuple[Tensor, ...]


def convolve(program: Program) -> Program:
    """The program without operations on windows."""
    return rewritten(program, _by_products)


def _by_products(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    rule = _RULES.get(type(op))
    return None if rule is None else rule(op, *operands)


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
    if _depthwise(geometry, w):
        parts = zip(_slices(_padded(_last(x), geometry), geometry), _taps(w), strict=True)
        return _first(reduce(add, (seen * tap for seen, tap in parts)))
    if geometry.groups > 1:
        return _grouped(op, x, w)
    y = ops.matmul(_columns(x, geometry), ops.matrix_transpose(_rows_of(w)))
    return _first(ops.reshape(y, (x.shape[0], *geometry.positions, w.shape[0])))


def _conv_input(op: Any, g: Tensor, w: Tensor) -> Tensor | None:
    geometry, maps = op.geometry, _last(g)
    if _depthwise(geometry, w):
        parts = [maps * tap for tap in _taps(w)]
    elif geometry.groups > 1:
        return _grouped(op, g, w)
    else:
        seen = ops.matmul(ops.reshape(maps, (-1, w.shape[0])), _rows_of(w))
        shape = (*maps.shape[:3], prod(geometry.window.kernel), w.shape[1])
        parts = list(ops.unstack(ops.reshape(seen, shape), axis=3))
    if geometry.window == POINT and geometry.padded == geometry.size:
        return _first(parts[0])
    images = _added_up(parts, geometry.window, geometry.padded)
    (top, _), (left, _) = geometry.margins
    h, v = geometry.size
    return _first(images[:, top : top + h, left : left + v])


def _conv_weight(op: Any, x: Tensor, g: Tensor) -> Tensor | None:
    geometry, maps = op.geometry, _last(g)
    kernel, channels = geometry.window.kernel, x.shape[1]
    if geometry.groups == channels == g.shape[1] and channels > 1:
        seen = _slices(_padded(_last(x), geometry), geometry)
        sums = ops.stack([ops.sum(part * maps, axis=(0, 1, 2)) for part in seen], axis=1)
        return ops.reshape(sums, (channels, 1, *kernel))
    if geometry.groups > 1:
        return _grouped(op, x, g)
    rows = ops.matrix_transpose(ops.reshape(maps, (-1, g.shape[1])))
    found = ops.matmul(rows, _columns(x, geometry))
    return ops.permute_dims(ops.reshape(found, (g.shape[1], *kernel, channels)), (0, 3, 1, 2))


def _unfold(op: Any, x: Tensor) -> Tensor:
    """Shape (N, C, OH, OW, kh, kw), from (N, OH, OW, kh kw, C)."""
    n, c, h, w = x.shape
    keys = _keys(op.window, (h, w))
    seen = ops.stack([_last(x)[_index(key)] for key in keys], axis=3)
    shape = (n, *op.window.positions((h, w)), *op.window.kernel, c)
    return ops.permute_dims(ops.reshape(seen, shape), (0, 5, 1, 2, 3, 4))


def _fold(op: Any, windows: Tensor) -> Tensor:
    parts = [_last(windows[:, :, :, :, i, j]) for i, j in product(*map(range, op.window.kernel))]
    return _first(_added_up(parts, op.window, op.size))


def _columns(x: Tensor, geometry: Geometry) -> Tensor:
    """Images (N, C, H, W) to what each position sees, (N OH OW, kh kw C)."""
    parts = list(_slices(_padded(_last(x), geometry), geometry))
    seen = parts[0] if len(parts) == 1 else ops.stack(parts, axis=3)
    return ops.reshape(seen, (-1, len(parts) * x.shape[1]))


def _slices(padded: Tensor, geometry: Geometry) -> Iterator[Tensor]:
    """For each element of the kernel what lies under it, (N, OH, OW, C)."""
    for key in _keys(geometry.window, geometry.padded):
        yield padded[_index(key)]


def _keys(window: Window, size: Pair) -> list[Key]:
    """For each element of a kernel the index of what lies under it in (N, H, W, C)."""
    everything, places = Range(None, None, None), window.positions(size)
    keys = []
    for element in product(*map(range, window.kernel)):
        start = [i * d for i, d in zip(element, window.dilation, strict=True)]
        ends = zip(start, places, window.stride, strict=True)
        keys.append((everything, *(Range(a, a + (n - 1) * s + 1, s) for a, n, s in ends)))
    return keys


def _index(key: Key) -> tuple[slice, ...]:
    return tuple(slice(*part) for part in key)


def _added_up(parts: list[Tensor], window: Window, size: Pair) -> Tensor:
    """Images (N, H, W, C) of what each element of the kernel adds to its places."""
    n, _, _, c = parts[0].shape
    keys = tuple((*key, Range(None, None, None)) for key in _keys(window, size))
    return apply(Place(keys, (n, *size, c)), *parts)


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


def _last(x: Tensor) -> Tensor:
    return ops.permute_dims(x, (0, 2, 3, 1))


def _first(x: Tensor) -> Tensor:
    return ops.permute_dims(x, (0, 3, 1, 2))


_RULES: dict[type[Op], Callable[..., Tensor | None]] = {
    Conv2d: _conv,
    ConvInput: _conv_input,
    ConvWeight: _conv_weight,
    Unfold: _unfold,
    Fold: _fold,
}
