"""Products of matrices, batched."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from tushuo.errors import ShapeError
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Bilinear, Cotangent, Shape, Spec, apply, broadcast_shapes
from tushuo.graph.ops.axes import normal_axes
from tushuo.graph.ops.movement import expand_dims, moveaxis, permute_dims, reshape, squeeze, sum_to
from tushuo.graph.ops.promotion import promote
from tushuo.graph.parts import Product
from tushuo.graph.tensor import Tensor, asarray


class MatMul(Bilinear):
    """``x @ y`` for (..., N, K) and (..., K, M), leading axes broadcast."""

    def infer(self, *inputs: Spec) -> Spec:
        """(..., N, M)."""
        x, y = inputs
        _check(x.shape, y.shape)
        lead = broadcast_shapes(self.name, x.shape[:-2], y.shape[:-2]) if _batched(x, y) else ()
        return Spec((*lead, x.shape[-2], y.shape[-1]), x.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The product."""
        return xp.matmul(*inputs)

    def transpose(self, g: Tensor, x: Tensor, y: Tensor) -> Sequence[Cotangent]:
        """``g @ y.T`` and ``x.T @ g``, summed over broadcast axes."""
        if x.ndim == 2 and y.ndim == 2:
            return lambda: matmul(g, y.mT), lambda: Product(x, g)
        return (
            lambda: sum_to(matmul(g, y.mT), x.shape),
            lambda: sum_to(matmul(x.mT, g), y.shape),
        )


class Inner(Bilinear):
    """``x @ y.T`` for (N, K) and (M, K), as a layer multiplies by its weights.

    It is an operation of its own so that a loop multiplies by the weights themselves, not by a new
    transpose at each step: then the gradients of all steps are one product (see ``parts``).
    """

    def infer(self, *inputs: Spec) -> Spec:
        """(N, M)."""
        x, y = inputs
        _check(x.shape, y.shape[::-1])
        return Spec((x.shape[0], y.shape[0]), x.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The product."""
        x, y = inputs
        return xp.matmul(x, xp.matrix_transpose(y))

    def transpose(self, g: Tensor, x: Tensor, y: Tensor) -> Sequence[Cotangent]:
        """``g @ y`` and ``g.T @ x``."""
        return lambda: matmul(g, y), lambda: Product(g, x)


_MATMUL, _INNER = MatMul(), Inner()


def matmul(x: Any, y: Any) -> Tensor:
    """The product of matrices ``x @ y``.

    Args:
        x: Shape (..., N, K), or (K,) for a row.
        y: Shape (..., K, M), or (K,) for a column. Leading axes are broadcast.

    Returns:
        Shape (..., N, M), without the axis of a row or column.

    Raises:
        ShapeError: The inner lengths differ, or an operand has no axes.
        DTypeError: The data types are of different kinds.
    """
    x, y = promote("MatMul", asarray(x), asarray(y))
    if x.ndim > 1 and y.ndim == 2:
        return _by_matrix(x, y)
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError(
            f"MatMul needs operands with axes, got shapes {x.shape} and {y.shape}",
            hint="multiply by a number with *",
        )
    if x.ndim == 1:
        return squeeze(matmul(expand_dims(x, 0), y if y.ndim > 1 else expand_dims(y, 1)), -2)[
            ... if y.ndim > 1 else 0
        ]
    if y.ndim == 1:
        return squeeze(matmul(x, expand_dims(y, 1)), -1)
    return apply(_MATMUL, x, y)


def _by_matrix(x: Tensor, y: Tensor) -> Tensor:
    """Many rows times one matrix: a single product, whatever the leading axes."""
    if x.ndim == 2:
        return apply(_MATMUL, x, y)
    _check(x.shape, y.shape)
    flat = reshape(x, (prod(x.shape[:-1]), x.shape[-1]))
    return reshape(apply(_MATMUL, flat, y), (*x.shape[:-1], y.shape[-1]))


def inner(x: Any, y: Any) -> Tensor:
    """The sums of products over the last axes: ``x @ y.T``.

    Args:
        x: Shape (..., K).
        y: Shape (M, K).

    Returns:
        Shape (..., M).

    Raises:
        ShapeError: The last lengths differ, or ``y`` is no matrix.
        DTypeError: The data types are of different kinds.
    """
    x, y = promote("Inner", asarray(x), asarray(y))
    if x.ndim == 0 or y.ndim != 2:
        raise ShapeError(f"inner needs operands (..., K) and (M, K), got {x.shape} and {y.shape}")
    if x.ndim == 2:
        return apply(_INNER, x, y)
    _check(x.shape, y.shape[::-1])
    flat = reshape(x, (prod(x.shape[:-1]), x.shape[-1]))
    return reshape(apply(_INNER, flat, y), (*x.shape[:-1], y.shape[0]))


def matrix_transpose(x: Any) -> Tensor:
    """The last two axes exchanged.

    Raises:
        ShapeError: There are fewer than two axes.
    """
    t = asarray(x)
    if t.ndim < 2:
        raise ShapeError(f"matrix_transpose needs 2 axes or more, got shape {t.shape}")
    lead = tuple(range(t.ndim - 2))
    return permute_dims(t, (*lead, t.ndim - 1, t.ndim - 2))


def vecdot(x: Any, y: Any, axis: int = -1) -> Tensor:
    """The sum of products along an axis, counted from the last; the other axes are broadcast.

    Raises:
        ShapeError: The lengths of the axis differ.
    """
    from tushuo.graph.ops.reduce import sum

    x, y = asarray(x), asarray(y)
    (i,), (j,) = normal_axes(axis, x), normal_axes(axis, y)
    if x.shape[i] != y.shape[j]:
        raise ShapeError(f"vecdot along axis {axis} cannot join {x.shape} and {y.shape}")
    return sum(moveaxis(x, i, -1) * moveaxis(y, j, -1), -1)


def tensordot(x: Any, y: Any, axes: int | Sequence[Sequence[int]] = 2) -> Tensor:
    """The sum of products over several axes.

    Args:
        x: The first operand.
        y: The second.
        axes: How many of the last axes of x meet the first ones of y, or a pair of sequences: the
            axes of x and those of y that they meet.

    Returns:
        The remaining axes of x, then those of y.

    Raises:
        ShapeError: The lengths of these axes differ, or there are not so many.
    """
    x, y = asarray(x), asarray(y)
    mine, theirs = _meeting(x, y, axes)
    kept = [i for i in range(x.ndim) if i not in mine]
    rest = [i for i in range(y.ndim) if i not in theirs]
    lengths = [x.shape[i] for i in mine]
    if lengths != [y.shape[i] for i in theirs]:
        raise ShapeError(f"tensordot over axes {axes} cannot join {x.shape} and {y.shape}")
    k = prod(lengths)
    left, right = [x.shape[i] for i in kept], [y.shape[i] for i in rest]
    rows = reshape(permute_dims(x, [*kept, *mine]), (prod(left), k))
    columns = reshape(permute_dims(y, [*theirs, *rest]), (k, prod(right)))
    return reshape(matmul(rows, columns), (*left, *right))


def _meeting(x: Tensor, y: Tensor, axes: int | Sequence[Sequence[int]]) -> tuple[Shape, Shape]:
    """The axes of each operand that a tensordot sums over."""
    if not isinstance(axes, int):
        return normal_axes(axes[0], x), normal_axes(axes[1], y)
    if not 0 <= axes <= min(x.ndim, y.ndim):
        raise ShapeError(f"tensordot over {axes} axes of shapes {x.shape} and {y.shape}")
    return tuple(range(x.ndim - axes, x.ndim)), tuple(range(axes))


def _batched(x: Spec, y: Spec) -> bool:
    return len(x.shape) > 2 or len(y.shape) > 2


def _check(x: Shape, y: Shape) -> None:
    if x[-1] != y[-2]:
        raise ShapeError(
            f"MatMul cannot multiply shapes {x} and {y}: {x[-1]} columns meet {y[-2]} rows",
            hint="transpose one operand with .mT, or check the layer's sizes",
        )
