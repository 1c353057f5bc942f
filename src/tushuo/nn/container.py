"""Layers one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from inspect import signature
from typing import Any

from tushuo.errors import UsageError
from tushuo.nn import init
from tushuo.nn.module import Module


class Sequential(Module):
    """Layers one after another; parameters are named as in PyTorch, ``0.weight``.

    Args:
        layers: The modules, in order.

    Raises:
        UsageError: One is not a module.
    """

    def __init__(self, *layers: Module) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise UsageError(
                    f"Sequential: layer {i} is no Module but {layer!r:.60}",
                    hint="functions have layers of their own, as ReLU() for relu",
                )
            setattr(self, str(i), layer)

    def forward(self, x: Any, rng: init.Rng = None) -> Any:
        """The input through all layers.

        Args:
            x: What the first layer takes.
            rng: Generator or seed, handed on to the layers that take one, as Dropout.
        """
        rng = None if rng is None else init.generator(rng)
        for layer in self:
            x = layer(x, rng=rng) if _takes_rng(type(layer).forward) else layer(x)
        return x

    def __iter__(self) -> Iterator[Module]:
        return iter(self.tree_children().values())

    def __len__(self) -> int:
        return len(self.tree_children())

    def __getitem__(self, index: int) -> Module:
        return list(self)[index]


@cache
def _takes_rng(forward: Callable[..., Any]) -> bool:
    return "rng" in signature(forward).parameters
