"""Checks of settings and of the trees that an optimiser is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.graph.backend import is_floating
from tushuo.graph.tensor import Tensor, asarray
from tushuo.graph.tree import named_leaves

Named = dict[str, Tensor]
"""The leaves of a tree by path."""


def check_range(name: str, value: float, low: float, high: float = math.inf) -> None:
    """Refuse a setting outside of ``low`` to ``high``.

    Raises:
        UsageError: It is; the message names the setting.
    """
    if not low <= value <= high:
        wanted = f"at least {low}" if high == math.inf else f"{low} to {high}"
        raise UsageError(f"{name}: got {value!r}, expected {wanted}")


def floating_leaves(tree: Any) -> Named:
    """The leaves of a tree of parameters as Tensors.

    Raises:
        DTypeError: A leaf is not floating-point.
    """
    found = {path: asarray(value) for path, value in named_leaves(tree)}
    for path, x in found.items():
        if not is_floating(x.data):
            raise DTypeError(
                f"cannot optimise {_at(path)}: it is {x.dtype}, not floating-point",
                hint="cast it, or keep it outside of the parameters",
            )
    return found


def matching_leaves(what: str, tree: Any, params: Named) -> Sequence[Tensor]:
    """The leaves of a tree that must be like the parameters.

    Raises:
        ShapeError: A path is missing or left over, or a shape differs.
        DTypeError: A data type differs.
    """
    found = {path: asarray(value) for path, value in named_leaves(tree)}
    missing, unknown = params.keys() - found.keys(), found.keys() - params.keys()
    if missing or unknown:
        raise ShapeError(
            f"the {what} do not match the parameters: {len(missing)} missing {_few(missing)}, "
            f"{len(unknown)} unknown {_few(unknown)}",
            hint=f"pass {what} of the same tree as the parameters",
        )
    for path, x in params.items():
        _check_like(what, path, x, found[path])
    return [found[path] for path in params]


def _check_like(what: str, path: str, x: Tensor, other: Tensor) -> None:
    if x.data.shape != other.data.shape:
        raise ShapeError(
            f"the {what} do not match the parameters: {_at(path)} has shape {other.shape}, "
            f"expected {x.shape}"
        )
    if x.data.dtype != other.data.dtype:
        raise DTypeError(
            f"the {what} do not match the parameters: {_at(path)} is {other.dtype}, "
            f"expected {x.dtype}",
            hint="cast it with astype",
        )


def _few(paths: set[str]) -> str:
    return f"({', '.join(sorted(map(_at, paths))[:3])})" if paths else ""


def _at(path: str) -> str:
    return path or "the root"
