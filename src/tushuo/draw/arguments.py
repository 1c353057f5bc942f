"""The arguments of a drawn function as named variables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import MethodType
from typing import Any

from tushuo.errors import UsageError
from tushuo.graph import Tensor, asarray, variable
from tushuo.graph.backend import is_floating
from tushuo.graph.tree import Branch, named_leaves, rebuild


@dataclass
class Arguments:
    """A function and its arguments, with fresh variables in the place of numbers and arrays.

    Attributes:
        call: Runs the function on them.
        variables: The variables that were made, and constants for arrays of integers.
        parameters: Those of them that belong to modules.
    """

    call: Callable[[], Any]
    variables: list[Tensor] = field(default_factory=list)
    parameters: list[Tensor] = field(default_factory=list)


def prepared(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    """Fresh variables for all numbers and arrays in the arguments.

    The parameters of ``f`` are variables too, if it is a module or the method of one.

    Raises:
        UsageError: ``f`` is no function, or the arguments do not fit it.
    """
    if not callable(f):
        raise UsageError(
            f"expected a function to draw, got {type(f).__name__} {f!r:.40}",
            hint="pass a function of Tensors, as draw(lambda a, b: a * b)(2.0, 3.0)",
        )
    names = _names(f, args, kwargs)
    made = Arguments(lambda: None)
    run = _own(f, made)
    values = [_variables(name, x, made) for name, x in zip(names, args, strict=True)]
    named = {name: _variables(name, x, made) for name, x in kwargs.items()}
    made.call = lambda: run(*values, **named)
    return made


def title(f: Any) -> str:
    """The name of a function, "f" for a lambda."""
    name = getattr(f, "__name__", type(f).__name__)
    return "f" if name == "<lambda>" else str(name)


def _names(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """The parameters' names, one for each positional argument."""
    try:
        signature = inspect.signature(f)
    except (ValueError, TypeError):  # some built-in functions have none
        return [f"x{i}" for i in range(len(args))]
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise UsageError(
            f"the inputs do not fit {title(f)}{signature}: {error}",
            hint="give a value for each of its parameters",
        ) from None
    return list(_each(signature, len(args)))


def _each(signature: inspect.Signature, count: int) -> Iterator[str]:
    parameters = list(signature.parameters.values())
    for i in range(count):
        p = parameters[min(i, len(parameters) - 1)]
        variadic = [k for k, p in enumerate(parameters) if p.kind is p.VAR_POSITIONAL]
        if variadic and i >= variadic[0]:
            yield f"{parameters[variadic[0]].name}.{i - variadic[0]}"
        else:
            yield p.name


def _own(f: Any, made: Arguments) -> Any:
    """The function, with variables for its parameters if it is a module or the method of one."""
    if isinstance(f, Branch):
        return _variables("", f, made)
    if isinstance(f, MethodType) and isinstance(f.__self__, Branch):
        return MethodType(f.__func__, _variables("", f.__self__, made))
    return f


def _variables(name: str, tree: Any, made: Arguments) -> Any:
    values = []
    for path, leaf in named_leaves(tree):
        x = _variable(".".join(filter(None, (name, path))), leaf)
        values.append(x)
        made.variables.append(x)
        if isinstance(tree, Branch):
            made.parameters.append(x)
    return rebuild(tree, values)


def _variable(name: str, value: Any) -> Tensor:
    x = asarray(float(value) if isinstance(value, int) else value).detach()
    name = getattr(value, "name", None) or name
    if is_floating(x.data):
        return variable(x, name=name)
    x.name = name
    return x
