"""Constants: arrays made from nothing. They belong to no graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tushuo.graph.backend import Namespace, namespace
from tushuo.graph.tensor import Tensor, asarray

ShapeLike = int | Sequence[int]


def _space(like: Tensor | None) -> Namespace:
    return np if like is None else namespace(like.data)


def _dtype(dtype: Any, like: Tensor | None) -> Any:
    return like.dtype if dtype is None and like is not None else dtype


def zeros(shape: ShapeLike, dtype: Any = None, like: Tensor | None = None) -> Tensor:
    """Zeros; of ``like``'s array library and, unless given, data type."""
    return Tensor(_space(like).zeros(shape, dtype=_dtype(dtype, like)))


def ones(shape: ShapeLike, dtype: Any = None, like: Tensor | None = None) -> Tensor:
    """Ones; of ``like``'s array library and, unless given, data type."""
    return Tensor(_space(like).ones(shape, dtype=_dtype(dtype, like)))


def full(shape: ShapeLike, value: Any, dtype: Any = None, like: Tensor | None = None) -> Tensor:
    """One number everywhere; of ``like``'s array library and, unless given, data type."""
    return Tensor(_space(like).full(shape, value, dtype=_dtype(dtype, like)))


def zeros_like(x: Any) -> Tensor:
    """Zeros of the argument's shape and data type."""
    t = asarray(x)
    return Tensor.of(namespace(t.data).zeros_like(t.data))


def ones_like(x: Any) -> Tensor:
    """Ones of the argument's shape and data type."""
    t = asarray(x)
    return Tensor.of(namespace(t.data).ones_like(t.data))


def full_like(x: Any, value: Any) -> Tensor:
    """One number everywhere, in the argument's shape and data type."""
    t = asarray(x)
    return Tensor.of(namespace(t.data).full_like(t.data, value))


def eye(n: int, m: int | None = None, dtype: Any = None, like: Tensor | None = None) -> Tensor:
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere."""
    return Tensor(_space(like).eye(n, m, dtype=_dtype(dtype, like)))


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """Evenly spaced numbers from ``start`` (or 0) up to and without ``stop``."""
    low, high = (0, start) if stop is None else (start, stop)
    return Tensor(np.arange(low, high, step, dtype=dtype))


def linspace(start: float, stop: float, num: int, dtype: Any = None) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, both included."""
    return Tensor(np.linspace(start, stop, num, dtype=dtype))
