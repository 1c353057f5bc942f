"""Trees of Tensors as flat dicts of arrays, and back: what a checkpoint stores."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from tushuo.errors import CheckpointError
from tushuo.graph.backend import lock, namespace, to_numpy
from tushuo.graph.tensor import Tensor, asarray
from tushuo.graph.tree import Leaf, named_leaves, rebuild
from tushuo.nn.module import Buffer, Module

T = TypeVar("T")
Arrays = Mapping[str, np.ndarray]


def flatten(tree: Any) -> dict[str, np.ndarray]:
    """The leaves of a tree by path, and the buffers of the modules in it, each buffer once."""
    found = {path: asarray(x).numpy() for path, x in named_leaves(tree)}
    found.update({path: to_numpy(b.data) for path, b in named_buffers(tree).items()})
    return found


def unflatten(arrays: Arrays, like: T) -> T:
    """A tree like another one, with leaves from arrays.

    The buffers of its modules, which ``like`` shares, are set. A Tensor that stands in two places
    of ``like`` is one in the result too.

    Raises:
        CheckpointError: Names, shapes or data types differ; nothing was changed then.
    """
    named, buffers = named_leaves(like), named_buffers(like)
    check_arrays(arrays, {**{path: asarray(x) for path, x in named}, **buffers})
    for path, buffer in buffers.items():
        buffer.data = namespace(buffer.data).asarray(arrays[path])
    made: dict[Hashable, Tensor] = {}
    for leaf in named:
        if _identity(leaf) not in made:
            made[_identity(leaf)] = _tensor(arrays[leaf.path], leaf.value)
    return rebuild(like, [made[_identity(leaf)] for leaf in named])


def check_arrays(arrays: Arrays, expected: Mapping[str, Tensor | Buffer]) -> None:
    """Refuse arrays that differ in name, shape or data type from those expected.

    Raises:
        CheckpointError: They do; the message names them.
    """
    missing = sorted(expected.keys() - arrays.keys())
    unknown = sorted(arrays.keys() - expected.keys())
    if missing or unknown:
        raise CheckpointError(
            f"the arrays do not fit: {len(missing)} missing {missing[:3]}, "
            f"{len(unknown)} unknown {unknown[:3]}",
            hint=_SAME,
        )
    for path, x in expected.items():
        wanted, got = _kind(x.data), _kind(arrays[path])
        if wanted != got:
            raise CheckpointError(f"{path or 'the array'} is {got}, expected {wanted}", hint=_SAME)


def named_buffers(tree: Any) -> dict[str, Buffer]:
    """The buffers of all modules of a tree by path; one that several modules share comes once."""
    found: dict[int, tuple[str, Buffer]] = {}
    for path, buffer in _buffers(tree, ""):
        found.setdefault(id(buffer), (path, buffer))
    return dict(found.values())


_SAME = "load what was saved from the same model and optimiser"


def _buffers(tree: Any, prefix: str) -> Iterator[tuple[str, Buffer]]:
    if isinstance(tree, Module):
        yield from ((f"{prefix}{name}", b) for name, b in tree.named_buffers().items())
    elif isinstance(tree, dict):
        for key, child in tree.items():
            yield from _buffers(child, f"{prefix}{key}.")
    elif isinstance(tree, list | tuple):
        for i, child in enumerate(tree):
            yield from _buffers(child, f"{prefix}{i}.")


def _identity(leaf: Leaf) -> Hashable:
    """Equal for the places of one Tensor; numbers may be one object by chance."""
    return id(leaf.value) if isinstance(leaf.value, Tensor) else leaf.path


def _tensor(array: np.ndarray, like: Any) -> Tensor:
    return Tensor.of(lock(namespace(asarray(like).data).asarray(array)))


def _kind(array: Any) -> str:
    name = str(array.dtype).rpartition(".")[2]  # some libraries put their own name before it
    return f"{name}{tuple(array.shape)}"
