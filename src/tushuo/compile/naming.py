"""What the arrays of a program are called: inputs by the parameters of the function, constants by
what the function closes over."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tushuo.graph.backend import is_array
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import Branch, named_leaves


def names_of(
    f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], arrays: Sequence[Any]
) -> list[str]:
    """The path of each array in a call, as ``model.0.weight``; nothing where it has none."""
    paths: dict[int, str] = {}
    for path, leaf in named_leaves(_arguments(f, args, kwargs)):
        data = leaf.data if isinstance(leaf, Tensor) else leaf
        if is_array(data):
            paths.setdefault(id(data), path)
    return [paths.get(id(array), "") for array in arrays]


def _arguments(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The arguments by the names of the parameters, by number where those are not known."""
    try:
        return dict(inspect.signature(f).bind(*args, **kwargs).arguments)
    except (TypeError, ValueError):
        return [*args, *kwargs.values()]


def constants_of(f: Callable[..., Any]) -> dict[int, str]:
    """The paths of the arrays that a function closes over, by the addresses of their elements.

    Those of a module whose method it is, or that ``partial`` gave it, have their paths in there, as
    ``layers.0.weight``; others begin with the name of a variable.
    """
    found: dict[int, str] = {}
    for tree in _closed_over(f):
        for path, leaf in named_leaves(tree):
            data = leaf.data if isinstance(leaf, Tensor) else leaf
            if isinstance(data, np.ndarray):
                found.setdefault(address(data), path)
    return found


def address(array: np.ndarray) -> int:
    """Where the elements of an array begin; its transpose begins there, too."""
    start: int = array.__array_interface__["data"][0]
    return start


def _closed_over(f: Any) -> list[Any]:
    """Trees among what a function has besides its arguments."""
    if isinstance(f, partial):
        return [*f.args, f.keywords, *_closed_over(f.func)]
    if isinstance(f, Branch):
        return [f]
    owner = getattr(f, "__self__", None)
    try:
        known = inspect.getclosurevars(getattr(f, "__func__", f))
    except (TypeError, ValueError):
        return [owner]
    return [owner, dict(known.nonlocals), dict(known.globals)]
