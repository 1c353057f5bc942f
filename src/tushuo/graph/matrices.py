"""Whole matrices of derivatives: jacobian and hessian."""

from __future__ import annotations

from functools import wraps
from typing import Any

from tushuo.errors import GradientError
from tushuo.graph.backend import is_floating
from tushuo.graph.ops.creation import eye, zeros
from tushuo.graph.ops.joining import stack
from tushuo.graph.ops.movement import reshape
from tushuo.graph.tensor import Tensor
from tushuo.graph.trace import Function, Trace
from tushuo.graph.transforms import grad


def jacobian(f: Function, argnum: int = 0, mode: str = "reverse") -> Function:
    """The function that returns the matrix of all first derivatives of ``f``.

    Args:
        f: A function whose result and whose argument ``argnum`` are single floating-point Tensors.
        argnum: Which positional argument to differentiate by.
        mode: "reverse" costs a sweep an element of the result, "forward" a sweep an element of
            the argument; ``f`` itself runs once.

    Returns:
        A function with ``f``'s arguments that returns a Tensor of shape ``(*result.shape,
        *argument.shape)``.

    Raises:
        GradientError: The mode is unknown, or the result or argument is no single Tensor.
        DTypeError: The argument is not floating-point.
    """
    if mode not in ("reverse", "forward"):
        raise GradientError(f"mode is {mode!r}", hint="use 'reverse' or 'forward'")

    @wraps(f, updated=())
    def full(*args: Any, **kwargs: Any) -> Tensor:
        trace = Trace(f, args, kwargs, argnum)
        x, y = _single("argument", trace.traced[0]), _single("result", trace.result)
        return _rows(trace, x, y) if mode == "reverse" else _columns(trace, x, y)

    return full


def hessian(f: Function, argnum: int = 0) -> Function:
    """The function that returns all second derivatives of a scalar ``f``: forward over reverse.

    Returns:
        A function that returns a Tensor of shape ``(*argument.shape, *argument.shape)``.
    """
    return jacobian(grad(f, argnum), argnum, mode="forward")


def _single(what: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor) or not is_floating(value.data):
        raise GradientError(
            f"a jacobian needs one floating-point Tensor as {what}, got "
            f"{value.dtype if isinstance(value, Tensor) else type(value).__name__}",
            hint="use vjp or jvp for trees",
        )
    return value


def _rows(trace: Trace, x: Tensor, y: Tensor) -> Tensor:
    """A Jacobian by reverse mode, a sweep an element of the result."""
    rows = [trace.pulled(e) for e in _basis(y)]
    shape = (*y.shape, *x.shape)
    return reshape(stack(rows), shape) if rows else zeros(shape, like=x.detach())


def _columns(trace: Trace, x: Tensor, y: Tensor) -> Tensor:
    """A Jacobian by forward mode, a sweep an element of the argument."""
    columns = [trace.pushed([e]) for e in _basis(x)]
    shape = (*y.shape, *x.shape)
    return reshape(stack(columns, axis=-1), shape) if columns else zeros(shape, like=y.detach())


def _basis(x: Tensor) -> list[Tensor]:
    """The unit vectors of the space that ``x`` lies in."""
    return [reshape(row, x.shape) for row in eye(x.size, like=x.detach())]
