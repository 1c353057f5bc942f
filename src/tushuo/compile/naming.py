"""What the inputs of a program are called: by the parameters of the function, and their parts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tushuo.graph.backend import is_array
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import named_leaves


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
