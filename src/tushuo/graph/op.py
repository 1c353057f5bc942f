"""The contract of an operation, and the one place where operations are carried out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from tushuo.errors import GradientError, GraphError, ShapeError, TushuoError
from tushuo.graph.backend import Array, Namespace, lock, namespace
from tushuo.graph.node import Node, caller

if TYPE_CHECKING:
    from tushuo.graph.tensor import Tensor

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
        from tushuo.graph.tensor import asarray

        return apply(self, *(asarray(x) for x in inputs))

    def infer(self, *inputs: Spec) -> Spec:
        """Shape and data type of the result.

        Raises:
            ShapeError: The shapes do not fit.
        """
        raise GraphError(f"{self.name} has no shape rule", hint="define infer(self, *inputs)")

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The value, from arrays, with the functions of their namespace ``xp``."""
        raise NotImplementedError

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
        from tushuo.graph.ops.movement import sum_to

        def pull(slope: Slope | None, x: Tensor) -> Cotangent:
            return None if slope is None else lambda: sum_to(slope(g), x.shape)

        return [pull(s, x) for s, x in zip(self.slopes(out, *inputs), inputs, strict=True)]

    def jvp(self, tangents: Sequence[Tensor | None], out: Tensor, *inputs: Tensor) -> Tensor | None:
        """The sum of the slopes applied to the tangents."""
        from tushuo.graph.ops.movement import broadcast_to

        slopes = self.slopes(out, *inputs)
        terms = [
            broadcast_to(slope(t), out.shape)
            for slope, t in zip(slopes, tangents, strict=True)
            if slope is not None and t is not None
        ]
        return total(terms)


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
        from tushuo.graph.ops.creation import zeros_like

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
        return total(terms)


class Stop(Op):
    """Base of operations without a useful derivative (comparisons, rounding, argmax)."""

    differentiable = False


def apply(op: Op, *inputs: Tensor) -> Tensor:
    """Compute an operation, and remember it where an input belongs to a graph.

    Raises:
        ShapeError: The operands' shapes do not fit.
        GraphError: The operation failed for another reason; the message names it and its operands.
    """
    from tushuo.graph.tensor import Tensor

    arrays = [x.data for x in inputs]
    xp = namespace(*arrays)
    try:
        data = op.forward(xp, *arrays)
    except TushuoError:
        raise
    except Exception as error:
        raise _explained(op, inputs, error) from error
    if type(data) is not type(arrays[0]):  # NumPy returns scalars for 0-d results
        data = xp.asarray(data)
    lock(data)
    for x in inputs:
        if x.node is not None:
            return Tensor.of(data, Node(op, inputs, data, caller()))
    return Tensor.of(data)


def total(terms: Sequence[Tensor]) -> Tensor | None:
    """The sum of the terms, None of none."""
    if not terms:
        return None
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


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


def _explained(op: Op, inputs: Sequence[Tensor], error: Exception) -> TushuoError:
    """The shape rule's complaint where it has one, else the array library's words in context."""
    try:
        op.infer(*(Spec(x.shape, x.dtype) for x in inputs))
    except (ShapeError, TypeError) as complaint:
        if isinstance(complaint, TushuoError):
            return complaint
    except GraphError:
        pass
    operands = ", ".join(map(describe, inputs))
    return GraphError(f"{op.name} failed on {operands}: {error}")
