"""Modules: trees of parameters that compute something."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from tushuo.errors import CheckpointError
from tushuo.graph.backend import Array, is_array, to_numpy
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import named_leaves


class Buffer:
    """A value that a module keeps but does not learn, as a running mean.

    It is a cell whose ``data`` can be replaced. Copies of a module made by ``tree_map`` or inside
    ``grad`` share it, so that what a layer notes while it is differentiated is not lost.
    """

    __slots__ = ("data",)

    def __init__(self, data: Array) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Buffer({self.data.dtype}{tuple(self.data.shape)})"


class Module:
    """Base of layers and models: a subclass sets attributes and defines ``forward``.

    Tensors among the attributes are the parameters; modules, lists, tuples and dicts of such are
    children. So a module is a tree: ``grad``, ``tree_map`` and the optimisers take it as it is and
    return modules.

    Attributes:
        training: Whether layers behave as in training (dropout drops, batch norm uses the batch).
    """

    training: bool = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute ``forward``."""
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def tree_children(self) -> dict[str, Any]:
        """Parameters and children by name, in the order in which they were set."""
        return {name: value for name, value in vars(self).items() if _is_branch(value)}

    def tree_replace(self, children: dict[str, Any]) -> Self:
        """A copy with other parameters and children; buffers are shared."""
        other = copy.copy(self)
        vars(other).update(children)
        return other

    def named_parameters(self) -> dict[str, Tensor]:
        """The parameters by path, as ``layers.0.weight``."""
        return dict(named_leaves(self))

    def parameters(self) -> list[Tensor]:
        """The parameters, in order."""
        return list(self.named_parameters().values())

    def named_buffers(self) -> dict[str, Buffer]:
        """The buffers by path, as ``norm.running_mean``."""
        return {
            f"{prefix}{name}": value
            for prefix, module in self.named_modules()
            for name, value in vars(module).items()
            if isinstance(value, Buffer)
        }

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module and all below it, each with its path and a dot: ``blocks.0.``."""
        return _modules(self, "")

    def state_dict(self) -> dict[str, np.ndarray]:
        """Parameters and buffers by path, as NumPy arrays."""
        state = {name: x.numpy() for name, x in self.named_parameters().items()}
        state.update({name: to_numpy(b.data) for name, b in self.named_buffers().items()})
        return state

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> Self:
        """Take parameters and buffers from arrays, cast to the data types that they have here.

        Returns:
            This module, changed.

        Raises:
            CheckpointError: Names are missing or left over, a shape differs, or something is no
                array of numbers. The module is as before then.
        """
        own: dict[str, Tensor | Buffer] = {**self.named_parameters(), **self.named_buffers()}
        _check_names(type(self).__name__, own.keys(), state.keys())
        arrays = {name: _fitting(name, old, state[name]) for name, old in own.items()}
        for name, old in own.items():
            if isinstance(old, Buffer):
                old.data = arrays[name].copy()
            else:
                _set(self, name, Tensor(arrays[name]))
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below to training."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch this module and all below to inference."""
        return self.train(False)

    def extra_repr(self) -> str:
        """The settings that ``repr`` shows."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"({name}): {value!r}".replace("\n", "\n  ")
            for name, child in self.tree_children().items()
            for name, value in _shown(name, child)
        ]
        body = "".join(f"\n  {line}" for line in lines)
        extra = self.extra_repr()
        return (
            f"{type(self).__name__}({extra}{body}\n)"
            if lines
            else f"{type(self).__name__}({extra})"
        )


def _is_branch(value: object) -> bool:
    """Whether an attribute belongs to the tree."""
    if isinstance(value, list | tuple):
        return any(map(_is_branch, value))
    if isinstance(value, dict):
        return any(map(_is_branch, value.values()))
    return isinstance(value, Tensor | Module) or is_array(value)


def _modules(value: Any, prefix: str) -> Iterator[tuple[str, Module]]:
    if isinstance(value, Module):
        yield prefix, value
        children = value.tree_children().items()
    elif isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list | tuple):
        children = {str(i): child for i, child in enumerate(value)}.items()
    else:
        return
    for name, child in children:
        yield from _modules(child, f"{prefix}{name}.")


def _shown(name: str, child: Any) -> Iterator[tuple[str, Any]]:
    """The modules of an attribute; parameters are shown by the layer's ``extra_repr``."""
    if isinstance(child, Module):
        yield name, child
    elif isinstance(child, list | tuple):
        yield from ((f"{name}.{i}", x) for i, x in enumerate(child) if isinstance(x, Module))
    elif isinstance(child, dict):
        yield from ((f"{name}.{k}", x) for k, x in child.items() if isinstance(x, Module))


def _set(module: Any, path: str, value: Tensor) -> None:
    *parents, last = path.split(".")
    for name in parents:
        module = _get(module, name)
    if isinstance(module, list):
        module[int(last)] = value
    elif isinstance(module, dict):
        module[last] = value
    else:
        setattr(module, last, value)


def _get(module: Any, name: str) -> Any:
    if isinstance(module, list | tuple):
        return module[int(name)]
    return module[name] if isinstance(module, dict) else getattr(module, name)


def _check_names(kind: str, own: Any, given: Any) -> None:
    missing, unknown = sorted(own - given), sorted(given - own)
    if missing or unknown:
        raise CheckpointError(
            f"the weights do not fit {kind}: {len(missing)} missing {missing[:3]}, "
            f"{len(unknown)} unknown {unknown[:3]}",
            hint="load weights that were saved from the same architecture",
        )


def _fitting(name: str, old: Tensor | Buffer, given: Any) -> np.ndarray:
    """An array in the place of another one, cast to its data type."""
    array, shape = np.asarray(given), tuple(old.data.shape)
    if array.dtype.kind not in "biuf":
        raise CheckpointError(f"{name} is {array.dtype} in the weights, expected real numbers")
    if array.shape != shape:
        raise CheckpointError(f"{name} has shape {shape} here and {array.shape} in the weights")
    return np.asarray(array, dtype=old.data.dtype)
