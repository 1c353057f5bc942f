"""Functions of arrays as all ways to a derivative call them: counted, and held to one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tushuo.errors import DTypeError, GradientError, ShapeError, TushuoError
from tushuo.graph import Tensor, asarray

Array = np.ndarray
Function = Callable[[Any], Any]
"""A function of one array that returns one number, of tushuo's functions or of NumPy's."""


class Counted:
    """A function that counts its evaluations.

    It is handed Tensors; one that takes no Tensor, since it is made of NumPy's functions, is handed
    arrays from then on.
    """

    def __init__(self, f: Function) -> None:
        self.f, self.calls, self.plain = f, 0, False

    def __call__(self, x: Array) -> Any:
        """The value at an array: one number, real or complex.

        Raises:
            GradientError: The function returns something else.
        """
        self.calls += 1
        return number(self._value(x))

    def _value(self, x: Array) -> Any:
        if self.plain:
            return self.f(x)
        try:
            return self.f(asarray(x))
        except TypeError as error:
            if self.calls > 1 or isinstance(error, TushuoError):
                raise
            return self._without_tensors(x, error)

    def _without_tensors(self, x: Array, error: TypeError) -> Any:
        try:
            result = self.f(x)
        except Exception:
            raise error from None
        self.plain = True
        return result


def number(value: Any) -> Any:
    """The result of a function as one NumPy number.

    Raises:
        GradientError: It is not one number.
    """
    array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    if array.ndim or array.dtype.kind not in "fciu":
        raise GradientError(
            f"a gradient needs a function that returns one number, got {array.dtype}{array.shape}",
            hint="reduce it with sum() or mean(), or use tushuo.jacobian",
        )
    return array[()]


def point(name: str, x: Any) -> Array:
    """Where a derivative is taken, as a float64 array of its own.

    Raises:
        DTypeError: It does not hold real numbers; the message starts with ``name``.
        ShapeError: It holds none at all, or rows of different lengths.
    """
    try:
        given = x.numpy() if isinstance(x, Tensor) else asarray(x).numpy()
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"{name}: {error.problem}", hint=error.hint) from None
    if given.dtype.kind not in "fiu":
        raise DTypeError(f"{name} needs real numbers, got {given.dtype}{given.shape}")
    if not given.size:
        raise ShapeError(f"{name} needs at least one number, got shape {given.shape}")
    return given.astype(np.float64)


def like(name: str, gradient: Any, x: Array) -> Array:
    """A gradient as an array of the shape of what it is taken by.

    Raises:
        ShapeError: The shapes differ; the message starts with ``name``.
    """
    found = point(name, gradient)
    if found.shape != x.shape:
        raise ShapeError(
            f"{name} has shape {found.shape}, the argument has shape {x.shape}",
            hint="a gradient has one derivative for each element of the argument",
        )
    return found
