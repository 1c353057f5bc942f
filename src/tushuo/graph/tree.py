"""Trees of Tensors: nested dicts, lists, tuples and modules, taken apart and put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    found: list[Any] = []
    _gather(tree, found)
    return found


def named_leaves(tree: Any) -> list[Leaf]:
    """The leaves of a tree with their paths."""
    return list(_walk(tree, ""))


def rebuild(tree: T, values: Sequence[Any]) -> T:
    """The same tree with other leaves.

    Raises:
        ShapeError: The number of values is not the number of leaves.
    """
    source, end = iter(values), object()
    try:
        result: T = _rebuilt(tree, source)
        exact = next(source, end) is end
    except StopIteration:
        exact = False
    if not exact:
        raise ShapeError(f"the tree has {len(leaves(tree))} leaves, got {len(values)} values")
    return result


def tree_map(f: Callable[..., Any], tree: T, *others: Any) -> T:
    """The tree with ``f`` applied to each leaf, and to those at its place in the other trees.

    Places that hold one Tensor, as shared weights do, hold one again if the other trees agree.

    Raises:
        ShapeError: The trees do not have the same leaves.
    """
    first = named_leaves(tree)
    rest = [named_leaves(other) for other in others]
    for other in rest:
        _same_paths(first, other)
    columns = zip(*([x.value for x in column] for column in (first, *rest)), strict=True)
    done: dict[tuple[int, ...], Any] = {}
    return rebuild(tree, [_once(f, column, done) for column in columns])


def _once(f: Callable[..., Any], column: tuple[Any, ...], done: dict[tuple[int, ...], Any]) -> Any:
    """``f`` of some leaves, computed once for the same Tensors."""
    if not all(isinstance(x, Tensor) for x in column):
        return f(*column)
    key = tuple(map(id, column))
    if key not in done:
        done[key] = f(*column)
    return done[key]


def _same_paths(first: Sequence[Leaf], other: Sequence[Leaf]) -> None:
    mine, theirs = [x.path for x in first], [x.path for x in other]
    if mine != theirs:
        odd = sorted(set(mine) ^ set(theirs)) or mine
        raise ShapeError(f"the trees differ: {', '.join(odd[:3])} is not in both")


def _gather(tree: Any, found: list[Any]) -> None:
    if is_leaf(tree):
        found.append(tree)
    else:
        for _, child in _children(tree):
            _gather(child, found)


def _walk(tree: Any, path: str) -> Iterator[Leaf]:
    if is_leaf(tree):
        yield Leaf(path, tree)
    else:
        for key, child in _children(tree):
            yield from _walk(child, f"{path}.{key}" if path else str(key))


def _children(tree: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(tree, dict):
        return tree.items()
    if isinstance(tree, list | tuple):
        return enumerate(tree)
    if isinstance(tree, Branch):
        return tree.tree_children().items()
    return ()


def _rebuilt(tree: Any, source: Iterator[Any]) -> Any:
    if is_leaf(tree):
        return next(source)
    if isinstance(tree, dict):
        return {key: _rebuilt(child, source) for key, child in tree.items()}
    if isinstance(tree, list | tuple):
        children = [_rebuilt(child, source) for child in tree]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    if isinstance(tree, Branch):
        named = tree.tree_children()
        return tree.tree_replace({key: _rebuilt(child, source) for key, child in named.items()})
    return tree


def is_leaf(value: object) -> bool:
    """Whether a value is a leaf of trees: a Tensor, an array or a number (not a bool)."""
    if isinstance(value, Tensor) or is_array(value):
        return True
    return isinstance(value, int | float) and not isinstance(value, bool)
