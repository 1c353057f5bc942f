"""The contract of an operation, and the one place where operations are carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from operator import add
from typing import Any, ClassVar, NamedTuple

import numpy as np

from tushuo.errors import (
    DTypeError,
    GradientError,
    GraphError,
    InPlaceError,
    ShapeError,
    TushuoError,
)
from tushuo.graph.abstract import SPACE, record
from tushuo.graph.backend import Array, Namespace, is_array, lock, namespace
from tushuo.graph.node import Node, caller

Shape = tuple[int, ...]
Slope = Callable[["Tensor"], "Tensor"]
"""Multiplication of a tangent or cotangent by a local derivative."""
Cotangent = Any
"""A Tensor, None (no gradient), or a function without arguments that computes the Tensor."""


class Spec(NamedTuple):
    """Shape and data type of a value that need not exist."""

    shape: Shape
    dtype: Any


class Op:
    """One operation: its shape rule, its value and its two gradients stand together.

    Parameters of an operation (an axis, a stride) are fields of a frozen dataclass; operands are
    Tensors. Gradient rules are written with Tensor operations, so that they can be differentiated,
    drawn and compiled like everything else. To add an operation, write a subclass and call it::

        class Cube(Op):
            def forward(self, xp, x):
                return x * x * x

            def vjp(self, g, out, x):
                return (g * 3 * x * x,)

        cube = Cube()
        tushuo.grad(cube)(2.0)  # 12.0

    ``forward`` is all that is needed for a value, ``vjp`` for ``grad`` and ``vjp``, ``jvp`` for the
    forward mode, ``infer`` for tracing without values. Elementwise, linear and bilinear operations
    get both modes from one rule: see the subclasses below.
    """

    differentiable: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The name that drawings, errors and programs show."""
        return type(self).__name__

    def __call__(self, *inputs: Any) -> Tensor:
        """Apply the operation; operands that are not Tensors become constants."""
        return apply(self, *(asarray(x) for x in inputs))

    def infer(self, *inputs: Spec) -> Spec:
        """Shape and data type of the result.

        Raises:
            ShapeError: The shapes do not fit.
        """
        raise GraphError(f"{self.name} has no shape rule", hint="define infer(self, *inputs)")

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The value, from arrays, with the functions of their namespace ``xp``."""
        raise GraphError(f"{self.name} has no value", hint="define forward(self, xp, *inputs)")

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """Reverse mode: for each input, the cotangent that ``g``, the result's, gives it."""
        raise GradientError(
            f"{self.name} has no reverse-mode gradient", hint="define vjp(self, g, out, *inputs)"
        )

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """Forward mode: the result's tangent, from the inputs' (None where one is zero)."""
        raise GradientError(
            f"{self.name} has no forward-mode gradient",
            hint="define jvp(self, tangents, out, *inputs)",
        )


class Elementwise(Op):
    """An operation on broadcast elements; one rule, ``slopes``, serves both modes."""

    def infer(self, *inputs: Spec) -> Spec:
        """The broadcast shape; operands share one data type."""
        return Spec(broadcast_shapes(self.name, *(x.shape for x in inputs)), inputs[-1].dtype)

    def slopes(self, out: Tensor, *inputs: Tensor) -> Sequence[Slope | None]:
        """For each input, the function that multiplies by the local derivative; None for zero."""
        raise GradientError(
            f"{self.name} has no gradient", hint="define slopes(self, out, *inputs)"
        )

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The slope of each input applied to ``g``, summed over broadcast axes."""
        slopes = self.slopes(out, *inputs)
        return [s and partial(_pulled, s, g, x) for s, x in zip(slopes, inputs, strict=True)]

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The sum of the slopes applied to the tangents."""
        slopes = self.slopes(out, *inputs)
        terms = [
            broadcast_to(slope(t), out.shape)
            for slope, t in zip(slopes, tangents, strict=True)
            if slope is not None and t is not None
        ]
        return total(terms) if terms else None


class Linear(Op):
    """An operation linear in all its inputs: forward mode is the operation itself."""

    def transpose(self, g: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The transposed linear map applied to ``g``, for each input."""
        raise GradientError(
            f"{self.name} has no gradient", hint="define transpose(self, g, *inputs)"
        )

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The transpose; the value plays no part."""
        return self.transpose(g, *inputs)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The operation on the tangents."""
        filled = (zeros_like(x) if t is None else t for t, x in zip(tangents, inputs, strict=True))
        return apply(self, *filled)


class Bilinear(Op):
    """An operation of two inputs, linear in each."""

    def transpose(self, g: Tensor, x: Tensor, y: Tensor) -> Sequence[Cotangent]:
        """The cotangents of ``x`` and ``y``."""
        raise GradientError(f"{self.name} has no gradient", hint="define transpose(self, g, x, y)")

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Cotangent]:
        """The transposes; the value plays no part."""
        x, y = inputs
        return self.transpose(g, x, y)

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The product rule."""
        (dx, dy), (x, y) = tangents, inputs
        terms = []
        if dx is not None:
            terms.append(apply(self, dx, y))
        if dy is not None:
            terms.append(apply(self, x, dy))
        return total(terms) if terms else None


class Stop(Op):
    """Base of operations without a useful derivative (comparisons, rounding, argmax)."""

    differentiable = False


def apply(op: Op, *inputs: Tensor) -> Tensor:
    """Compute an operation, and remember it where an input belongs to a graph.

    Raises:
        ShapeError: The operands' shapes do not fit.
        InPlaceError: The operation tried to write to an operand.
        GraphError: The operation failed for another reason; the message names it and its operands.
    """
    arrays = [x.data for x in inputs]
    xp = namespace(*arrays)
    try:
        data = op.forward(xp, *arrays) if xp is not SPACE else record(op, arrays)
    except TushuoError:
        raise
    except Exception as error:
        raise _explained(op, inputs, error) from error
    if type(data) is np.ndarray:
        data.setflags(write=False)
    else:
        data = _as_array(op, xp, data)
    for x in inputs:
        if x.node is not None:
            return Tensor.of(data, Node(op, inputs, data, caller()))
    return Tensor.of(data)


def total(terms: Iterable[Tensor]) -> Tensor:
    """The sum of at least one term."""
    return reduce(add, terms)


def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """The shape that NumPy's broadcasting rule gives.

    Raises:
        ShapeError: The shapes cannot be broadcast; the message names the operation.
    """
    rank = max(map(len, shapes))
    out = []
    for axis in range(-rank, 0):
        lengths = {s[axis] for s in shapes if len(s) >= -axis} - {1}
        if len(lengths) > 1:
            got = " and ".join(map(str, shapes))
            raise ShapeError(
                f"{name} cannot broadcast shapes {got}: axis {axis} has lengths "
                f"{' and '.join(map(str, sorted(lengths)))}",
                hint="make the lengths equal, or 1",
            )
        out.append(lengths.pop() if lengths else 1)
    return tuple(out)


def describe(x: Tensor) -> str:
    """Data type and shape in short, as ``float32(3, 4)``."""
    return f"{x.dtype}{x.shape}"


def _pulled(slope: Slope, g: Tensor, x: Tensor) -> Tensor:
    result = slope(g)
    return result if result.data.shape == x.data.shape else sum_to(result, x.shape)


def _as_array(op: Op, xp: Namespace, value: Any) -> Array:
    """A value that is no plain array yet; NumPy returns scalars for results without axes."""
    array = value if is_array(value) and xp is not np else xp.asarray(value)
    if xp is np and array.dtype.kind not in "biufc":
        raise GraphError(
            f"{op.name} computed no array, but {type(value).__name__}",
            hint="return an array or a number from forward",
        )
    return lock(array)


def _explained(op: Op, inputs: Sequence[Tensor], error: Exception) -> TushuoError:
    """The shape rule's complaint where it has one, else the array library's words in context."""
    try:
        op.infer(*(Spec(x.shape, x.dtype) for x in inputs))
    except (ShapeError, DTypeError) as complaint:
        return complaint
    except Exception:  # no shape rule, or one that cannot tell either
        pass
    operands = ", ".join(map(describe, inputs))
    if "read-only" in str(error):
        return InPlaceError(
            f"{op.name} wrote to an operand of {operands}, which a graph may still need",
            hint="write to a copy",
        )
    return GraphError(f"{op.name} failed on {operands}: {error}")


# Operations make Tensors, and Tensors call operations.
from tushuo.graph.tensor import Tensor, asarray  # noqa: E402, I001
from tushuo.graph.ops.creation import zeros_like  # noqa: E402
from tushuo.graph.ops.movement import broadcast_to, sum_to  # noqa: E402
