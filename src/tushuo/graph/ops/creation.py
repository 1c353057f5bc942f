"""Constants: arrays made from nothing. They belong to no graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tushuo.errors import ShapeError
from tushuo.graph.backend import Namespace, data_type, lock, namespace
from tushuo.graph.ops.axes import lengths
from tushuo.graph.tensor import Tensor, asarray

ShapeLike = int | Sequence[int]


def zeros(shape: ShapeLike, dtype: Any = None, like: Tensor | None = None) -> Tensor:
    """Zeros; of ``like``'s array library and, unless given, data type."""
    return _made("zeros", shape, dtype, like)


def ones(shape: ShapeLike, dtype: Any = None, like: Tensor | None = None) -> Tensor:
    """Ones; of ``like``'s array library and, unless given, data type."""
    return _made("ones", shape, dtype, like)


def full(shape: ShapeLike, value: Any, dtype: Any = None, like: Tensor | None = None) -> Tensor:
    """One number everywhere; of ``like``'s array library and, unless given, data type.

    Raises:
        ShapeError: A length is negative or no integer.
        DTypeError: The array library has no such data type.
    """
    return _made("full", shape, dtype, like, value)


def _made(how: str, shape: ShapeLike, dtype: Any, like: Tensor | None, *args: Any) -> Tensor:
    xp, full = _space(like), _lengths(shape)
    return Tensor.of(lock(getattr(xp, how)(full, *args, dtype=_dtype(xp, dtype, like))))


def _lengths(shape: ShapeLike) -> tuple[int, ...]:
    full = lengths(shape)
    if any(n < 0 for n in full):
        raise ShapeError(f"a shape is made of lengths >= 0, got {full}")
    return full


def _space(like: Tensor | None) -> Namespace:
    return np if like is None else namespace(like.data)


def _dtype(xp: Namespace, dtype: Any, like: Tensor | None) -> Any:
    if dtype is None:
        return None if like is None else like.dtype
    return data_type(xp, dtype)


def zeros_like(x: Any) -> Tensor:
    """Zeros of the argument's shape and data type."""
    t = asarray(x)
    return Tensor.of(lock(namespace(t.data).zeros_like(t.data)))


def ones_like(x: Any) -> Tensor:
    """Ones of the argument's shape and data type."""
    t = asarray(x)
    return Tensor.of(lock(namespace(t.data).ones_like(t.data)))


def full_like(x: Any, value: Any) -> Tensor:
    """One number everywhere, in the argument's shape and data type."""
    t = asarray(x)
    return Tensor.of(lock(namespace(t.data).full_like(t.data, value)))


def eye(n: int, m: int | None = None, dtype: Any = None, like: Tensor | None = None) -> Tensor:
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere; m is n unless given.

    Raises:
        ShapeError: A length is negative or no integer.
    """
    xp, shape = _space(like), _lengths((n, n if m is None else m))
    return Tensor.of(lock(xp.eye(*shape, dtype=_dtype(xp, dtype, like))))


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """Evenly spaced numbers from ``start`` (or 0) up to and without ``stop``.

    Raises:
        ShapeError: The step is zero.
    """
    if step == 0:
        raise ShapeError("arange: the step is zero")
    low, high = (0, start) if stop is None else (start, stop)
    return Tensor.of(lock(np.arange(low, high, step, dtype=_dtype(np, dtype, None))))


def linspace(start: float, stop: float, num: int, dtype: Any = None) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, both included.

    Raises:
        ShapeError: ``num`` is negative or no integer.
    """
    (count,) = _lengths(num)
    return Tensor.of(lock(np.linspace(start, stop, count, dtype=_dtype(np, dtype, None))))
