"""Derivatives of functions of trees in both modes: grad, vjp, jvp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from tushuo.errors import DTypeError, GradientError, ShapeError
from tushuo.graph.backend import is_floating
from tushuo.graph.node import Node
from tushuo.graph.ops.creation import ones_like
from tushuo.graph.order import route
from tushuo.graph.reverse import pull
from tushuo.graph.tensor import Tensor, asarray
from tushuo.graph.trace import Argnums, Function, Trace, filled
from tushuo.graph.tree import leaves, rebuild


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that returns ``f``'s value and its gradient.

    Args:
        f: A function whose result is one real number (a Tensor without axes).
        argnums: Which positional arguments to differentiate by: trees of floating-point Tensors,
            arrays or numbers.
        has_aux: Whether ``f`` returns ``(value, anything else)``; the rest is handed through.

    Returns:
        A function with ``f``'s arguments that returns ``(value, gradient)``, or ``((value, aux),
        gradient)``. The gradient is a tree like the argument, or a tuple of trees for a tuple of
        ``argnums``. What the value does not depend on has gradient zero.

    Raises:
        GradientError: The result is not one real number.
        DTypeError: A leaf of the argument is not floating-point.
    """

    @wraps(f, updated=())
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        trace = Trace(f, args, kwargs, argnums, has_aux)
        y = trace.scalar()
        gradient = trace.pulled(ones_like(y.detach()))
        value = trace.settled(y)
        return ((value, trace.settled(trace.aux)) if has_aux else value), gradient

    return differentiated


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that returns the gradient of ``f``; see :func:`value_and_grad`.

    With ``has_aux`` it returns ``(gradient, aux)``.
    """
    both = value_and_grad(f, argnums, has_aux)

    @wraps(f, updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return gradient


def vjp(f: Function, *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of ``f`` and its pullback, in reverse mode.

    Returns:
        ``f(*args)``, a tree, and a function that takes cotangents (a tree like the value) and
        returns a tuple with the cotangents of each argument. It can be called several times.
    """
    trace = Trace(f, args, {}, tuple(range(len(args))))
    return trace.settled(trace.result), trace.pulled


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of ``f`` and its derivative along ``tangents``, in forward mode.

    Args:
        f: A function of trees.
        primals: Its arguments.
        tangents: For each argument, a tree like it.

    Returns:
        ``f(*primals)`` and the tangent of it, trees of one structure.

    Raises:
        ShapeError: The tangents are not like the arguments.
        DTypeError: A leaf of an argument is not floating-point.
    """
    if not isinstance(primals, Sequence):
        raise GradientError(
            f"jvp needs a sequence of arguments, got {type(primals).__name__}",
            hint="put a single one in a tuple: jvp(f, (x,), (t,))",
        )
    trace = Trace(f, tuple(primals), {}, tuple(range(len(primals))), tied=False)
    moved = trace.pushed(list(tangents))
    return trace.settled(trace.result), moved


def gradient(output: Tensor, inputs: Any, cotangent: Any = None) -> Any:
    """The derivatives of a computed Tensor by variables of its graph.

    The low-level door to reverse mode, for graphs built by hand with :func:`variable`. The result
    belongs to the graph, so that it can be differentiated again.

    Args:
        output: What to differentiate.
        inputs: A tree of Tensors of its graph: variables, or what was computed from them.
        cotangent: What to start from, of the output's shape; 1 for a scalar.

    Returns:
        A tree like ``inputs``, zero where the output does not depend on one.

    Raises:
        ShapeError: The cotangent has not the output's shape.
        GradientError: An input belongs to no graph, or a cotangent is missing.
        DTypeError: An input is not floating-point.
    """
    targets = leaves(inputs)
    goals = {_variable_node(x) for x in targets}
    found: dict[Any, Tensor] = {}
    if output.node is not None:
        start = _start(output, cotangent)
        found = pull(route([output.node], goals, beyond=True), [output], [start], record=True)
    return rebuild(inputs, [filled(found.get(x.node), x) for x in targets])


def _start(output: Tensor, cotangent: Any) -> Tensor:
    if cotangent is None:
        if output.ndim:
            raise GradientError(
                f"the output has shape {output.shape}", hint="give a cotangent of that shape"
            )
        return ones_like(output.detach())
    start = asarray(cotangent, output.dtype)
    if start.shape != output.shape:
        raise ShapeError(f"cotangent: expected shape {output.shape}, got {start.shape}")
    return start


def _variable_node(x: Any) -> Node:
    if not isinstance(x, Tensor) or x.node is None:
        raise GradientError(
            "a derivative by a constant was asked for", hint="make it with tushuo.variable"
        )
    if not is_floating(x.data):
        raise DTypeError(f"cannot differentiate by a Tensor of {x.dtype}", hint="cast it first")
    return x.node
