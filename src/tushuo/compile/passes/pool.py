"""Windows of images, one element of the kernel at a time.

Windows that lie side by side are other axes of the same images, and no copy. What is computed of
all elements of windows, elementwise, and then reduced, is computed of each element of the kernel
and then combined: so the largest element of a window is a few maxima of slices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import product
from math import prod
from typing import Any

from tushuo.compile.codegen.support import ELEMENTWISE
from tushuo.compile.passes.rewrite import Retrace
from tushuo.compile.program import Value
from tushuo.graph import ops
from tushuo.graph.op import Op, apply
from tushuo.graph.ops.index import Place, Range
from tushuo.graph.ops.pool import Fold, Unfold
from tushuo.graph.ops.reduce import Max, Sum
from tushuo.graph.ops.windows import Pair, Window
from tushuo.graph.tensor import Tensor

Key = tuple[Range, ...]

_MOST = 16
"""Windows of more elements are reduced by a loop."""


class Windows:
    """Rewrites the operations of one program that make, reduce and add up windows."""

    def __init__(self) -> None:
        self._parts: dict[Value, dict[Pair, Tensor]] = {}

    def rewritten(self, tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> Tensor | None:
        """What an operation becomes, None if it stays."""
        x = operands[0] if operands else None
        if x is None or not isinstance(op, Unfold | Fold | Max | Sum):
            return None
        if isinstance(op, Unfold):
            return self._unfold(tracer, op, x)
        if isinstance(op, Fold):
            return self._fold(tracer, op, x)
        if len(x.shape) == 6 and op.axes == (4, 5) and prod(x.shape[4:]) <= _MOST:
            return self._reduced(tracer, op, x)
        return None

    def _unfold(self, tracer: Retrace, op: Unfold, x: Tensor) -> Tensor:
        """Shape (N, C, OH, OW, kh, kw)."""
        n, c, h, w = x.shape
        (oh, ow), (kh, kw) = op.window.positions((h, w)), op.window.kernel
        elements = product(range(kh), range(kw))
        keys = keys_of(op.window, (h, w))
        parts = {at: first(last(x)[index_of(key)]) for at, key in zip(elements, keys, strict=True)}
        if _side_by_side(op.window):
            cut = ops.reshape(x[:, :, : oh * kh, : ow * kw], (n, c, oh, kh, ow, kw))
            found = ops.permute_dims(cut, (0, 1, 2, 4, 3, 5))
        else:
            seen = ops.stack([last(part) for part in parts.values()], axis=3)
            shape = (n, oh, ow, kh, kw, c)
            found = ops.permute_dims(ops.reshape(seen, shape), (0, 5, 1, 2, 3, 4))
        self._parts[tracer.value(found.data)] = parts
        return found

    def _fold(self, tracer: Retrace, op: Fold, windows: Tensor) -> Tensor:
        n, c, oh, ow, kh, kw = windows.shape
        h, w = op.size
        if not _side_by_side(op.window):
            elements = product(range(kh), range(kw))
            parts = [last(self._element(tracer, windows, at)) for at in elements]
            return first(added_up(parts, op.window, op.size))
        seen = ops.permute_dims(windows, (0, 1, 2, 4, 3, 5))
        images = ops.reshape(seen, (n, c, oh * kh, ow * kw))
        rest = (0, 0), (0, 0), (0, h - oh * kh), (0, w - ow * kw)
        return ops.pad(images, rest) if any(map(any, rest)) else images

    def _reduced(self, tracer: Retrace, op: Any, x: Tensor) -> Tensor:
        combine: Callable[[Tensor, Tensor], Tensor] = (
            ops.maximum if isinstance(op, Max) else ops.add
        )
        elements = product(range(x.shape[4]), range(x.shape[5]))
        found = reduce(combine, (self._element(tracer, x, at) for at in elements))
        return ops.reshape(found, (*found.shape, 1, 1)) if op.keepdims else found

    def _element(self, tracer: Retrace, x: Tensor, at: Pair) -> Tensor:
        """One element (i, j) of all windows (N, C, OH, OW, kh, kw), or of one that is broadcast."""
        if len(x.shape) < 2:
            return x
        parts = self._parts.get(tracer.value(x.data))
        if parts is not None:
            return parts[at]
        op, operands = tracer.made_by(x)
        if isinstance(op, ELEMENTWISE) and len(x.shape) == 6:
            return apply(op, *(self._element(tracer, y, at) for y in operands))
        i, j = (k if n > 1 else 0 for k, n in zip(at, x.shape[-2:], strict=True))
        return x[..., i, j]


def _side_by_side(window: Window) -> bool:
    """Whether windows neither overlap nor leave anything out, so that they only are other axes."""
    return window.stride == window.kernel and window.dilation == (1, 1)


def keys_of(window: Window, size: Pair) -> list[Key]:
    """For each element of a kernel the index of what lies under it in (N, H, W, C)."""
    everything, places = Range(None, None, None), window.positions(size)
    keys = []
    for element in product(*map(range, window.kernel)):
        start = [i * d for i, d in zip(element, window.dilation, strict=True)]
        ends = zip(start, places, window.stride, strict=True)
        keys.append((everything, *(Range(a, a + (n - 1) * s + 1, s) for a, n, s in ends)))
    return keys


def index_of(key: Key) -> tuple[slice, ...]:
    """The index as Python writes it."""
    return tuple(slice(*part) for part in key)


def added_up(parts: list[Tensor], window: Window, size: Pair) -> Tensor:
    """Images (N, H, W, C) of what each element of the kernel adds to its places."""
    n, _, _, c = parts[0].shape
    keys = tuple((*key, Range(None, None, None)) for key in keys_of(window, size))
    return apply(Place(keys, (n, *size, c)), *parts)


def last(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, H, W, C)."""
    return ops.permute_dims(x, (0, 2, 3, 1))


def first(x: Tensor) -> Tensor:
    """(N, H, W, C) to (N, C, H, W)."""
    return ops.permute_dims(x, (0, 3, 1, 2))
