"""Where values lie in memory: movements of elements are other ways to read the same buffer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.direct import MAPS
from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.op import Elementwise, Op, Shape
from tushuo.graph.ops import compare, index, movement, reduce, rounding
from tushuo.graph.origin import Alias


class View(NamedTuple):
    """A way to read a buffer.

    Attributes:
        root: The value whose buffer it is.
        shape: The length of each axis.
        strides: Steps along each axis, in elements.
        offset: The first element.
    """

    root: Value
    shape: Shape
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def contiguous(self) -> bool:
        """Whether it is the whole buffer, in order."""
        return self.offset == 0 and self.strides == strides_of(self.shape)


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of a new array, its last axis the fastest; 0 along axes of length 1."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step if length > 1 else 0)
        step *= max(length, 1)
    return tuple(reversed(strides))


def whole(value: Value) -> View:
    """The view of a value that has a buffer of its own."""
    return View(value, value.shape, strides_of(value.shape))


def spread(strides: Sequence[int], shape: Sequence[int], full: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array that is broadcast to a shape."""
    own = [0 if n == 1 else s for n, s in zip(shape, strides, strict=True)]
    return (*(0,) * (len(full) - len(own)), *own)


def layout(program: Program) -> dict[Value, View]:
    """The view of every value of a program."""
    views = {x: whole(x) for x in program.inputs}
    views.update({x: _as_given(x, array) for x, array in program.constants.items()})
    for step in program.body:
        seen = viewed(step, views)
        views.update(_written(step, views) if seen is None else {step.result: seen})
    return views


def _written(step: Instruction, views: dict[Value, View]) -> dict[Value, View]:
    """The views of results that an instruction computes.

    An elementwise operation writes in the order in which it reads, so that images whose channels
    lie side by side stay so.
    """
    inner = getattr(step.op, "program", None)
    if isinstance(inner, Program):
        pairs = zip(inner.inputs, step.operands, strict=True)
        known = {x: views[y] for x, y in pairs}
        known.update({x: _as_given(x, array) for x, array in inner.constants.items()})
        for one in inner.body:
            known.update(_written(one, known))
        found = zip(step.results, inner.outputs, strict=True)
        return {y: known[x]._replace(root=y) for y, x in found}
    if isinstance(step.op, Elementwise | compare.Truth | rounding.Step | movement.AsType):
        like = next((views[x] for x in step.operands if _orders(views[x], step.result)), None)
        if like is not None and step.op.name != "Copy":
            return {step.result: _in_order_of(like, step.result)}
    if isinstance(step.op, MAPS) and len(step.result.shape) == 4:
        return {step.result: _channels_last(step.result)}
    if isinstance(step.op, reduce.Sum | reduce.Max | reduce.Min | reduce.Any | reduce.All):
        return {step.result: _reduced(step.op, views[step.operands[0]], step.result)}
    return {y: whole(y) for y in step.results}


def _channels_last(maps: Value) -> View:
    """The view of maps (N, C, H, W) whose channels lie side by side."""
    n, c, h, w = maps.shape
    steps = strides_of((n, h, w, c))
    return View(maps, maps.shape, (steps[0], steps[3], *steps[1:3]))


def _reduced(op: Any, view: View, result: Value) -> View:
    """The view of a reduction's result, whose elements lie in the order of what it reads."""
    if any(step <= 0 for n, step in zip(view.shape, view.strides, strict=True) if n > 1):
        return whole(result)
    kept = [i for i in range(len(view.shape)) if op.keepdims or i not in op.axes]
    strides = tuple(view.strides[i] for i in kept)
    return _in_order_of(View(result, result.shape, strides), result)


def _orders(view: View, result: Value) -> bool:
    """Whether a view tells an order of all axes."""
    steps = zip(view.shape, view.strides, strict=True)
    return view.shape == result.shape and all(step > 0 for n, step in steps if n > 1)


def _in_order_of(view: View, value: Value) -> View:
    """The view of a value whose elements lie in the order of another view's."""
    strides, step = [0] * len(value.shape), 1
    for i in order_of(view.shape, view.strides)[::-1]:
        strides[i] = step if value.shape[i] > 1 else 0
        step *= max(value.shape[i], 1)
    return View(value, value.shape, tuple(strides))


def order_of(shape: Sequence[int], strides: Sequence[int]) -> list[int]:
    """The axes, those with the largest steps first; others stay where they are."""
    moving = [i for i, n in enumerate(shape) if n > 1]
    ordered = iter(sorted(moving, key=lambda i: -abs(strides[i])))
    return [next(ordered) if n > 1 else i for i, n in enumerate(shape)]


def viewed(step: Instruction, views: dict[Value, View]) -> View | None:
    """The result of an instruction as a view of its operand, None if it must be computed."""
    rule = _RULES.get(type(step.op))
    return None if rule is None else rule(step.op, views[step.operands[0]])


def reshaped(view: View, shape: Shape) -> View | None:
    """A view in another shape, None where only a copy can have it.

    Axes that lie evenly behind each other are one stretch, which can be cut anew.
    """
    runs = _stretches(view)
    strides: list[int] = []
    for length in reversed(shape):
        if length == 1:
            strides.append(0)
            continue
        while runs and runs[-1][0] == 1:
            runs.pop()
        if not runs or runs[-1][0] % length:
            return None
        size, step = runs.pop()
        strides.append(step)
        runs.append((size // length, step * length))
    return View(view.root, shape, tuple(reversed(strides)), view.offset)


def _stretches(view: View) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for length, step in zip(view.shape, view.strides, strict=True):
        if length == 1:
            continue
        if runs and runs[-1][1] == length * step:
            runs[-1] = (runs[-1][0] * length, step)
        else:
            runs.append((length, step))
    return runs


def _as_given(value: Value, array: np.ndarray) -> View:
    """A constant is read where it lies."""
    size = array.itemsize
    strides = (s // size if n > 1 else 0 for s, n in zip(array.strides, array.shape, strict=True))
    return View(value, value.shape, tuple(strides))


def _reshape(op: Any, view: View) -> View | None:
    return reshaped(view, op.shape) if 0 not in op.shape else None


def _permute(op: Any, view: View) -> View:
    shape, strides = ([axis[i] for i in op.axes] for axis in (view.shape, view.strides))
    return View(view.root, tuple(shape), tuple(strides), view.offset)


def _broadcast(op: Any, view: View) -> View:
    extra = len(op.shape) - len(view.shape)
    old = zip(view.shape, view.strides, strict=True)
    return View(view.root, op.shape, (0,) * extra + tuple(s for _, s in old), view.offset)


def _flip(op: Any, view: View) -> View:
    offset, strides = view.offset, list(view.strides)
    for axis in op.axes:
        offset += (view.shape[axis] - 1) * strides[axis]
        strides[axis] = -strides[axis]
    return View(view.root, view.shape, tuple(strides), offset)


def _getitem(op: Any, view: View) -> View:
    return placed(view, op.key)


def placed(view: View, key: index.Key) -> View:
    """The elements of a view that a basic index picks."""
    offset, shape, strides = view.offset, [], []
    full = index.native(key, len(view.shape))
    for k, length, step in zip(full, view.shape, view.strides, strict=True):
        if isinstance(k, slice):
            picked = range(length)[k]
            offset += picked.start * step if len(picked) else 0
            shape.append(len(picked))
            strides.append(picked.step * step if len(picked) > 1 else 0)
        else:
            offset += range(length)[k] * step
    return View(view.root, tuple(shape), tuple(strides), offset)


def _alias(op: Any, view: View) -> View:
    return view


_RULES: dict[type[Op], Callable[[Any, View], View | None]] = {
    Alias: _alias,
    movement.Reshape: _reshape,
    movement.PermuteDims: _permute,
    movement.BroadcastTo: _broadcast,
    movement.Flip: _flip,
    index.GetItem: _getitem,
}
"""Movements, and how each reads the buffer of its operand."""
