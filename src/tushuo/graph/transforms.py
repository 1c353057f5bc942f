"""Derivatives of functions of trees: grad, vjp, jvp, jacobian, hessian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from tushuo.errors import GradientError
from tushuo.graph.forward import push
from tushuo.graph.ops.creation import ones_like, zeros_like
from tushuo.graph.reverse import pull
from tushuo.graph.tensor import Tensor, asarray
from tushuo.graph.trace import Argnums, Function, Trace, match
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
        gradient = trace.pulled([ones_like(y.detach())])
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
    trace = Trace(f, args, {}, tuple(range(len(args))), has_aux=False)

    def pullback(cotangents: Any) -> tuple[Any, ...]:
        match("cotangents", trace.result, cotangents)
        result: tuple[Any, ...] = trace.pulled([asarray(g) for g in leaves(cotangents)])
        return result

    return trace.settled(trace.result), pullback


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of ``f`` and its derivative along ``tangents``, in forward mode.

    Args:
        f: A function of trees.
        primals: Its arguments.
        tangents: For each argument, a tree like it.

    Returns:
        ``f(*primals)`` and the tangent of it, trees of one structure.
    """
    match("tangents", list(primals), list(tangents))
    trace = Trace(f, tuple(primals), {}, tuple(range(len(primals))), has_aux=False)
    moved = [asarray(t) for t in leaves(list(tangents))]
    record = trace.record or any(t.node is not None for t in moved)
    found = push(trace.outputs, trace.targets, moved, record)
    filled = [
        zeros_like(y.detach()) if t is None else t
        for t, y in zip(found, trace.outputs, strict=True)
    ]
    return trace.settled(trace.result), rebuild(trace.result, filled)


def jacobian(f: Function, argnum: int = 0, mode: str = "reverse") -> Function:
    """The function that returns the matrix of all first derivatives of ``f``.

    Args:
        f: A function whose result and whose argument ``argnum`` are single Tensors.
        argnum: Which argument to differentiate by.
        mode: "reverse" costs a sweep an element of the result, "forward" a sweep an element of
            the argument.

    Returns:
        A function that returns a Tensor of shape ``(*result.shape, *argument.shape)``.
    """
    if mode not in ("reverse", "forward"):
        raise GradientError(f"mode is {mode!r}", hint="use 'reverse' or 'forward'")

    @wraps(f, updated=())
    def full(*args: Any) -> Tensor:
        x = asarray(args[argnum])

        def of_x(value: Any) -> Any:
            return f(*args[:argnum], value, *args[argnum + 1 :])

        return _rows(of_x, x) if mode == "reverse" else _columns(of_x, x)

    return full


def hessian(f: Function, argnum: int = 0) -> Function:
    """The function that returns all second derivatives of a scalar ``f``: forward over reverse.

    Returns:
        A function that returns a Tensor of shape ``(*argument.shape, *argument.shape)``.
    """
    return jacobian(grad(f, argnum), argnum, mode="forward")


def gradient(output: Tensor, inputs: Any, cotangent: Any = None) -> Any:
    """The derivatives of a computed Tensor by variables of its graph.

    The low-level door to reverse mode, for graphs built by hand with :func:`variable`. The result
    belongs to the graph, so that it can be differentiated again.

    Args:
        output: What to differentiate.
        inputs: A tree of Tensors of its graph.
        cotangent: What to start from, of the output's shape; 1 for a scalar.

    Returns:
        A tree like ``inputs``, zero where the output does not depend on one.
    """
    if cotangent is None and output.ndim:
        raise GradientError(
            f"the output has shape {output.shape}", hint="give a cotangent of that shape"
        )
    start = ones_like(output.detach()) if cotangent is None else asarray(cotangent)
    targets = leaves(inputs)
    if any(not isinstance(x, Tensor) or x.node is None for x in targets):
        raise GradientError(
            "a derivative by a constant was asked for", hint="make it with tushuo.variable"
        )
    found = pull([output], [start], targets, record=True)
    return rebuild(
        inputs,
        [zeros_like(x.detach()) if g is None else g for g, x in zip(found, targets, strict=True)],
    )


def _rows(f: Function, x: Tensor) -> Tensor:
    """A Jacobian by reverse mode, a sweep an element of the result."""
    from tushuo.graph.ops import reshape, stack

    y, pullback = vjp(f, x)
    rows = [pullback(e)[0] for e in _basis(y)]
    return reshape(stack(rows), (*y.shape, *x.shape)) if rows else zeros_like(y)


def _columns(f: Function, x: Tensor) -> Tensor:
    """A Jacobian by forward mode, a sweep an element of the argument."""
    from tushuo.graph.ops import reshape, stack

    columns = [jvp(f, (x,), (e,))[1] for e in _basis(x)]
    shape = columns[0].shape
    return reshape(stack(columns, axis=-1), (*shape, *x.shape))


def _basis(x: Tensor) -> list[Tensor]:
    """The unit vectors of the space that ``x`` lies in."""
    from tushuo.graph.ops import eye, reshape

    return [reshape(row, x.shape) for row in eye(x.size, like=x)]
