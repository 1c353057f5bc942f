"""Arguments taken apart: the arrays of a call, and all else that a program depends on."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tushuo.errors import CompileError
from tushuo.graph.abstract import Abstract
from tushuo.graph.backend import is_array
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import Branch, leaves, tree_map

T = TypeVar("T")


class Taken(NamedTuple):
    """A tree of arguments, taken apart.

    Attributes:
        arrays: Of its Tensors and arrays, in order, each once.
        key: All else; equal keys mean that one program serves both, with the same cells.
        cells: Each buffer of a module and its array, which can be exchanged.
        graph: Whether a Tensor belongs to a graph, or has no values.
    """

    arrays: list[np.ndarray]
    key: Hashable
    cells: list[Any]
    graph: bool


def unboxed(tree: T) -> T:
    """The tree with arrays without axes for NumPy's scalars."""
    if not any(isinstance(x, np.number | np.bool_) for x in leaves(tree)):
        return tree
    return tree_map(lambda x: np.asarray(x) if isinstance(x, np.generic) else x, tree)


def is_tensor(x: Any) -> bool:
    """Whether a leaf is a Tensor or an array."""
    return isinstance(x, Tensor) or is_array(x)


def data_of(x: Any) -> Any:
    """The array of a Tensor; what is none stays as it is."""
    return x.data if isinstance(x, Tensor) else x


def take_apart(tree: Any) -> Taken:
    """The arrays of a tree, and the key of its structure, shapes, data types and other leaves.

    Raises:
        CompileError: An array is not NumPy's.
    """
    walker = _Walker()
    key = walker.visit(tree)
    return Taken(walker.arrays, key, walker.cells, walker.graph)


def fixed(x: Any) -> Hashable:
    """What stands for a leaf that is no array: equal leaves have equal keys.

    Numbers, words and flags count by value and kind, and what consists of them does by its parts;
    other objects by identity, unless they say what they equal. So does the array of a buffer.
    """
    if isinstance(x, bool | int | str | bytes | None):
        return type(x), x
    if isinstance(x, float):
        return float, repr(x)  # tells -0.0 from 0.0, and NaN is itself
    cell = cell_of(x)
    if cell is not None:
        return Same(x), Same(cell)
    if isinstance(x, tuple):  # 2 and 2.0 are equal, and so are tuples of them
        return type(x), tuple(map(fixed, x))
    if isinstance(x, slice):
        return slice, fixed((x.start, x.stop, x.step))
    if type(x) in (set, frozenset):
        return type(x), frozenset(map(fixed, x))
    try:
        hash(x)
    except TypeError:
        return Same(x)
    if is_dataclass(x) and not isinstance(x, type):
        return type(x), x, tuple(fixed(getattr(x, f.name)) for f in fields(x) if f.compare)
    return type(x), x


def cell_of(x: Any) -> np.ndarray | None:
    """The array that a buffer holds for now; None for what is no buffer."""
    cell = getattr(x, "data", None)
    return cell if isinstance(cell, np.ndarray) else None


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
        self.cells: list[Any] = []
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
        return self._setting(x)

    def _array(self, x: Any) -> Hashable:
        """An array's shape and data type; one that stands in two places is one input."""
        if type(x) not in (np.ndarray, Abstract):
            raise CompileError(
                f"an argument is an array of {type(x).__module__} ({type(x).__qualname__}), and "
                "compile knows plain ones of NumPy",
                hint="pass such a one, or call the function itself",
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
        settings = tuple((k, self._setting(v)) for k, v in rest.items())
        return type(x), settings, tuple((k, self.visit(v)) for k, v in children.items())

    def _setting(self, x: Any) -> Hashable:
        cell = cell_of(x)
        if cell is None:
            return fixed(x)
        self.cells += (x, cell)
        return type(x), cell.shape, cell.dtype
