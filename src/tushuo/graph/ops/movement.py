"""Movement of elements: other shapes, other orders, together and apart. No arithmetic, no loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph.backend import Array, Namespace, data_type, is_floating, namespace
from tushuo.graph.op import Cotangent, Linear, Op, Shape, Spec, apply, broadcast_shapes
from tushuo.graph.ops.axes import Axes, lengths, normal_axes
from tushuo.graph.tensor import Tensor, asarray


@dataclass(frozen=True)
class Reshape(Linear):
    """The elements, in order, in another shape."""

    shape: Shape

    def infer(self, *inputs: Spec) -> Spec:
        """The given shape."""
        return Spec(self.shape, inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A view where the array library can give one."""
        return xp.reshape(inputs[0], self.shape)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """Back to the shape before."""
        return (reshape(g, inputs[0].shape),)


@dataclass(frozen=True)
class PermuteDims(Linear):
    """The axes in another order."""

    axes: tuple[int, ...]

    def infer(self, *inputs: Spec) -> Spec:
        """The lengths in the new order."""
        return Spec(tuple(inputs[0].shape[i] for i in self.axes), inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A view."""
        return xp.permute_dims(inputs[0], self.axes)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The inverse permutation."""
        inverse = sorted(range(len(self.axes)), key=self.axes.__getitem__)
        return (permute_dims(g, inverse),)


@dataclass(frozen=True)
class BroadcastTo(Linear):
    """Axes of length 1, and new leading ones, repeated to a shape."""

    shape: Shape

    def infer(self, *inputs: Spec) -> Spec:
        """The given shape."""
        if broadcast_shapes(self.name, inputs[0].shape, self.shape) != self.shape:
            raise ShapeError(f"BroadcastTo cannot widen shape {inputs[0].shape} to {self.shape}")
        return Spec(self.shape, inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A view."""
        return xp.broadcast_to(inputs[0], self.shape)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The sum over what was repeated."""
        return (sum_to(g, inputs[0].shape),)


@dataclass(frozen=True)
class Pad(Op):
    """A constant put around the elements."""

    widths: tuple[tuple[int, int], ...]
    value: float = 0.0

    def infer(self, *inputs: Spec) -> Spec:
        """Each axis longer by its two widths."""
        shape = tuple(n + a + b for n, (a, b) in zip(inputs[0].shape, self.widths, strict=True))
        return Spec(shape, inputs[0].dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A new array with the elements in the middle."""
        x = inputs[0]
        shape = self.infer(Spec(tuple(x.shape), x.dtype)).shape
        if xp is np:  # keeps the memory layout, channels-last or not
            out = np.full_like(x, self.value, shape=shape)
        else:
            out = xp.full(shape, self.value, dtype=x.dtype)
        out[self._middle(x.shape)] = x
        return out

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The middle of the cotangent."""
        return (g[self._middle(inputs[0].shape)],)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The tangent with zeros around it."""
        return None if tangents[0] is None else apply(Pad(self.widths), tangents[0])

    def _middle(self, shape: Shape) -> tuple[slice, ...]:
        return tuple(slice(a, a + n) for n, (a, _) in zip(shape, self.widths, strict=True))


@dataclass(frozen=True)
class Flip(Linear):
    """The order reversed along axes."""

    axes: tuple[int, ...]

    def infer(self, *inputs: Spec) -> Spec:
        """As the input."""
        return inputs[0]

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """A view."""
        return xp.flip(inputs[0], axis=self.axes)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """Reversed again."""
        return (flip(g, self.axes),)


@dataclass(frozen=True)
class AsType(Linear):
    """The values in another data type."""

    dtype: Any

    def infer(self, *inputs: Spec) -> Spec:
        """The given data type."""
        return Spec(inputs[0].shape, self.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The values, rounded where need be."""
        return xp.astype(inputs[0], self.dtype)

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The cotangent in the data type before; none from or to integers."""
        smooth = is_floating(g.data) and is_floating(inputs[0].data)
        return (astype(g, inputs[0].dtype) if smooth else None,)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The tangent in the new data type; none from or to integers."""
        smooth = is_floating(out.data) and is_floating(inputs[0].data)
        return super().jvp(tangents, out, *inputs) if smooth else None


def reshape(x: Any, shape: int | Sequence[int]) -> Tensor:
    """The elements, in order, in another shape; one length may be -1 and is then computed.

    Raises:
        ShapeError: The number of elements does not fit.
    """
    t = asarray(x)
    full = _completed(t.shape, lengths(shape))
    return t if full == t.shape else apply(Reshape(full), t)


def _completed(old: Shape, new: Shape) -> Shape:
    size = prod(old)
    if new.count(-1) == 1:
        known = -prod(new)
        new = tuple(size // known if n == -1 and known and size % known == 0 else n for n in new)
    if prod(new) != size or min(new, default=0) < 0:
        raise ShapeError(f"Reshape cannot make shape {new} of {old}: {size} elements")
    return new


def permute_dims(x: Any, axes: Sequence[int]) -> Tensor:
    """The axes in another order.

    Raises:
        ShapeError: ``axes`` is not a permutation of the axes.
    """
    t = asarray(x)
    full = tuple(a + t.ndim if a < 0 else a for a in lengths(axes))
    if sorted(full) != list(range(t.ndim)):
        raise ShapeError(f"{tuple(axes)} is not a permutation of the axes of shape {t.shape}")
    return t if full == tuple(range(t.ndim)) else apply(PermuteDims(full), t)


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Axes moved to other places; the rest keep their order.

    Raises:
        ShapeError: There are not as many sources as destinations, or one is out of range.
    """
    t = asarray(x)
    start, end = normal_axes(source, t), normal_axes(destination, t)
    if len(start) != len(end):
        raise ShapeError(f"moveaxis of {len(start)} axes to {len(end)} places")
    order = [i for i in range(t.ndim) if i not in start]
    for place, axis in sorted(zip(end, start, strict=True)):
        order.insert(place, axis)
    return permute_dims(t, order)


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Tensor:
    """Axes of length 1, and new leading ones, repeated to a shape.

    Raises:
        ShapeError: The shape cannot be reached so.
    """
    t, full = asarray(x), lengths(shape)
    if t.shape == full:
        return t
    if min(full, default=0) < 0:
        raise ShapeError(f"BroadcastTo cannot widen shape {t.shape} to {full}")
    return apply(BroadcastTo(full), t)


def sum_to(x: Tensor, shape: Shape) -> Tensor:
    """The sum over what broadcasting to ``x``'s shape from ``shape`` repeated."""
    if x.shape == shape:
        return x
    from tushuo.graph.ops.reduce import sum

    extra = x.ndim - len(shape)
    ones = tuple(i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] != 1)
    return reshape(sum(x, (*range(extra), *ones)), shape)


def expand_dims(x: Any, axis: int = 0) -> Tensor:
    """A new axis of length 1, put before ``axis`` of the result."""
    t = asarray(x)
    if not -t.ndim - 1 <= axis <= t.ndim:
        raise ShapeError(f"axis {axis} is out of range for a new axis of shape {t.shape}")
    axis += t.ndim + 1 if axis < 0 else 0
    return apply(Reshape((*t.shape[:axis], 1, *t.shape[axis:])), t)


def squeeze(x: Any, axis: int | Sequence[int]) -> Tensor:
    """The array without axes of length 1.

    Raises:
        ShapeError: An axis has another length.
    """
    t = asarray(x)
    gone = normal_axes(axis, t)
    if any(t.shape[i] != 1 for i in gone):
        raise ShapeError(f"cannot squeeze axes {gone} of shape {t.shape}: lengths must be 1")
    return reshape(t, tuple(n for i, n in enumerate(t.shape) if i not in gone))


def pad(x: Any, widths: Sequence[Sequence[int]], value: float = 0.0) -> Tensor:
    """A constant put around the elements.

    Args:
        x: The elements.
        widths: For each axis, how many to put before and after.
        value: What to put there.
    """
    t = asarray(x)
    full = tuple(map(lengths, widths))
    if len(full) != t.ndim or any(len(w) != 2 or min(w) < 0 for w in full):
        raise ShapeError(f"pad needs 2 widths >= 0 for each axis of {t.shape}, got {full}")
    if not is_floating(t.data) and not float(value).is_integer():
        raise DTypeError(f"pad cannot put {value} among {t.dtype}", hint="cast with astype first")
    return apply(Pad(tuple((a, b) for a, b in full), value), t) if any(map(any, full)) else t


def flip(x: Any, axis: Axes = None) -> Tensor:
    """The order reversed along axes, all by default."""
    t = asarray(x)
    return apply(Flip(normal_axes(axis, t)), t)


def astype(x: Any, dtype: Any) -> Tensor:
    """The values in another data type, given itself or its name.

    The derivative passes from one floating-point type to another, and is zero otherwise.

    Raises:
        DTypeError: The array library has no such data type.
    """
    t = asarray(x)
    wanted = data_type(namespace(t.data), dtype)
    return t if t.dtype == wanted else apply(AsType(wanted), t)
