"""The array API's promotion of data types: how operands of an operation come to share one."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.errors import DTypeError
from tushuo.graph.backend import Array, is_array, namespace
from tushuo.graph.op import Op, apply
from tushuo.graph.tensor import Tensor, asarray

Operand = Any
"""A Tensor, an array, a Python number, or nested lists of numbers."""

BOOL = np.dtype(np.bool_)
INTEGER = np.dtype(np.int64)

_RANK: dict[type, int] = {bool: 0, int: 1, float: 2}


def unary(op: Op, x: Operand) -> Tensor:
    """Apply an operation to one floating-point operand.

    Raises:
        DTypeError: The operand is not floating-point.
    """
    if type(x) is not Tensor:
        x = asarray(x)
    return apply(op, floating(op.name, x))


def binary(op: Op, x: Operand, y: Operand, real: bool = False) -> Tensor:
    """Apply an operation to two operands after the array API's promotion.

    Args:
        op: An elementwise operation of two operands.
        x: The first.
        y: The second.
        real: Whether integers are refused.

    Raises:
        DTypeError: The operands are of different kinds, as integers and floating-point numbers.
    """
    x, y = paired(op.name, x, y)
    return apply(op, floating(op.name, x) if real else x, y)


def paired(name: str, x: Operand, y: Operand) -> tuple[Tensor, Tensor]:
    """Two operands as Tensors of one data type.

    Python numbers take the other operand's data type; data types of one kind go to the wider.

    Raises:
        DTypeError: They are of different kinds; the message names the operation.
    """
    if type(x) is not Tensor:
        x = operand(name, x, y)
    if type(y) is not Tensor:
        y = operand(name, y, x)
    if x.data.dtype is y.data.dtype or x.data.dtype == y.data.dtype:
        return x, y
    return promote(name, x, y)


def operand(name: str, value: Any, other: Any) -> Tensor:
    """A value as a Tensor; a Python number takes the data type of the other operand.

    Raises:
        DTypeError: The data type cannot hold the number.
    """
    if type(value) not in _RANK or not (isinstance(other, Tensor) or is_array(other)):
        return asarray(value)
    like = other.data if isinstance(other, Tensor) else other
    own = kind(like)
    if _RANK[type(value)] > _RANK[own] or (type(value) is bool) != (own is bool):
        raise DTypeError(
            f"{name} cannot mix {like.dtype} with the {type(value).__name__} {value!r}",
            hint="cast with astype",
        )
    try:
        return Tensor.of(namespace(like).asarray(value, dtype=like.dtype))
    except OverflowError as error:
        raise DTypeError(
            f"{name}: {value!r} does not fit into {like.dtype}", hint="cast with astype"
        ) from error


def promote(name: str, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Both operands in the wider data type of their kind.

    Raises:
        DTypeError: They are of different kinds; the message names the operation.
    """
    if x.data.dtype == y.data.dtype:
        return x, y
    if kind(x.data) is not kind(y.data):
        raise DTypeError(
            f"{name} cannot mix {x.dtype} and {y.dtype}", hint="cast one of them with astype"
        )
    wide = namespace(x.data, y.data).result_type(x.dtype, y.dtype)
    return x.astype(wide), y.astype(wide)


def floating(name: str, x: Tensor) -> Tensor:
    """The operand itself, which must be floating-point.

    Raises:
        DTypeError: It is not; the message names the operation.
    """
    if kind(x.data) is not float:
        raise DTypeError(
            f"{name} needs floating-point operands, got {x.dtype}",
            hint="cast with astype('float32')",
        )
    return x


def kind(array: Array) -> type:
    """The Python type of the array's elements: bool, int or float (complex counts as float)."""
    if isinstance(array, np.ndarray):
        return {"b": bool, "i": int, "u": int}.get(array.dtype.kind, float)
    xp = namespace(array)
    if xp.isdtype(array.dtype, "bool"):
        return bool
    return int if xp.isdtype(array.dtype, "integral") else float
