"""Arguments taken apart: the arrays of a call, and all else that a program depends on."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tushuo.errors import CompileError
from tushuo.graph.abstract import Abstract
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import Branch, leaves, tree_map

T = TypeVar("T")


class Taken(NamedTuple):
    """A tree of arguments, taken apart.

    Attributes:
        arrays: Of its Tensors and arrays, in order, each once.
        key: All else; equal keys mean that one program serves both.
        graph: Whether a Tensor belongs to a graph, or has no values.
    """

    arrays: list[np.ndarray]
    key: Hashable
    graph: bool


def unboxed(tree: T) -> T:
    """The tree with arrays without axes for NumPy's scalars."""
    if not any(isinstance(x, np.number | np.bool_) for x in leaves(tree)):
        return tree
    return tree_map(lambda x: np.asarray(x) if isinstance(x, np.generic) else x, tree)


def take_apart(tree: Any) -> Taken:
    """The arrays of a tree, and the key of its structure, shapes, data types and other leaves.

    Raises:
        CompileError: An array is not NumPy's.
    """
    walker = _Walker()
    key = walker.visit(tree)
    return Taken(walker.arrays, key, walker.graph)


def fixed(x: Any) -> Hashable:
    """What stands for a leaf that is no array: equal leaves have equal keys.

    Numbers, words and flags count by value, other objects by identity; so does the array in the
    ``data`` of a buffer, which can be exchanged.
    """
    if isinstance(x, bool | int | str | bytes | None):
        return type(x), x
    if isinstance(x, float):
        return float, repr(x)  # tells -0.0 from 0.0, and NaN is itself
    cell = getattr(x, "data", None)
    if isinstance(cell, np.ndarray):
        return Same(x), Same(cell)
    try:
        hash(x)
    except TypeError:
        return Same(x)
    return type(x), x


class Same:
    """An object that equals itself alone, kept alive so that no other gets its place."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


class _Walker:
    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self.graph = False
        self._seen: dict[int, int] = {}

    def visit(self, x: Any) -> Hashable:
        kind = type(x)
        if isinstance(x, Tensor):
            self.graph = self.graph or x.node is not None or type(x.data) is Abstract
            return self._array(x.data)
        if isinstance(x, np.ndarray):
            return self._array(x)
        if isinstance(x, dict):
            return kind, tuple((k, self.visit(v)) for k, v in x.items())
        if isinstance(x, list | tuple):
            return kind, tuple([self.visit(v) for v in x])
        if isinstance(x, Branch):
            return self._branch(x)
        return fixed(x)

    def _array(self, x: Any) -> Hashable:
        """An array's shape and data type; one that stands in two places is one input."""
        if type(x) not in (np.ndarray, Abstract):
            raise CompileError(
                f"an argument is an array of {type(x).__module__}, and compile knows NumPy's",
                hint="call the function itself",
            )
        if not x.dtype.isnative:
            raise CompileError(
                f"an argument holds {x.dtype} in another machine's byte order",
                hint="cast it with x.astype(x.dtype.newbyteorder('='))",
            )
        place = self._seen.setdefault(id(x), len(self.arrays))
        if place < len(self.arrays):
            return place
        self.arrays.append(x)
        return x.shape, x.dtype

    def _branch(self, x: Any) -> Hashable:
        """A module: its children, and its settings."""
        children = x.tree_children()
        rest = {k: v for k, v in getattr(x, "__dict__", {}).items() if k not in children}
        settings = tuple((k, fixed(v)) for k, v in rest.items())
        return type(x), settings, tuple((k, self.visit(v)) for k, v in children.items())
