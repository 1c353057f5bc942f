"""Trees of Tensors: nested dicts, lists, tuples and modules, taken apart and put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from tushuo.errors import ShapeError
from tushuo.graph.backend import is_array
from tushuo.graph.tensor import Tensor

T = TypeVar("T")


@runtime_checkable
class Branch(Protocol):
    """What a class of its own defines to be part of trees, as ``nn.Module`` does."""

    def tree_children(self) -> dict[str, Any]:
        """The children by name, in a stable order."""
        ...

    def tree_replace(self, children: dict[str, Any]) -> Any:
        """A copy with other children."""
        ...


class Leaf(NamedTuple):
    """A Tensor, array or number of a tree, with its path, as ``layers.0.weight``."""

    path: str
    value: Any


def leaves(tree: Any) -> list[Any]:
    """The leaves of a tree, in order: Tensors, arrays and numbers. None is an empty tree."""
    return [leaf.value for leaf in named_leaves(tree)]


def named_leaves(tree: Any) -> list[Leaf]:
    """The leaves of a tree with their paths."""
    return list(_walk(tree, ""))


def rebuild(tree: T, values: Sequence[Any]) -> T:
    """The same tree with other leaves.

    Raises:
        ShapeError: The number of values is not the number of leaves.
    """
    count = len(leaves(tree))
    if count != len(values):
        raise ShapeError(f"the tree has {count} leaves, got {len(values)} values")
    source = iter(values)
    result: T = _rebuilt(tree, source)
    return result


def tree_map(f: Callable[..., Any], tree: T, *others: Any) -> T:
    """The tree with ``f`` applied to each leaf, and to those at its place in the other trees.

    Raises:
        ShapeError: The trees do not have the same leaves.
    """
    first = named_leaves(tree)
    rest = [named_leaves(other) for other in others]
    for other in rest:
        _same_paths(first, other)
    columns = zip(*([x.value for x in column] for column in (first, *rest)), strict=True)
    return rebuild(tree, [f(*column) for column in columns])


def _same_paths(first: Sequence[Leaf], other: Sequence[Leaf]) -> None:
    mine, theirs = [x.path for x in first], [x.path for x in other]
    if mine != theirs:
        odd = sorted(set(mine) ^ set(theirs)) or mine
        raise ShapeError(f"the trees differ: {', '.join(odd[:3])} is not in both")


def _walk(tree: Any, path: str) -> Iterator[Leaf]:
    for key, child in _children(tree, path).items():
        if is_leaf(child):
            yield Leaf(key, child)
        else:
            yield from _walk(child, key)


def _children(tree: Any, path: str) -> dict[str, Any]:
    prefix = f"{path}." if path else ""
    if is_leaf(tree):
        return {path: tree}
    if isinstance(tree, dict):
        return {f"{prefix}{key}": child for key, child in tree.items()}
    if isinstance(tree, list | tuple):
        return {f"{prefix}{i}": child for i, child in enumerate(tree)}
    if isinstance(tree, Branch):
        return {f"{prefix}{key}": child for key, child in tree.tree_children().items()}
    return {}


def _rebuilt(tree: Any, source: Iterator[Any]) -> Any:
    if is_leaf(tree):
        return next(source)
    if isinstance(tree, dict):
        return {key: _rebuilt(child, source) for key, child in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_rebuilt(child, source) for child in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(_rebuilt(child, source) for child in tree)
    if isinstance(tree, Branch):
        children = tree.tree_children()
        return tree.tree_replace({key: _rebuilt(c, source) for key, c in children.items()})
    return tree


def is_leaf(value: object) -> bool:
    """Whether a value is a leaf of trees: a Tensor, an array or a number (not a bool)."""
    if isinstance(value, Tensor) or is_array(value):
        return True
    return isinstance(value, int | float) and not isinstance(value, bool)
