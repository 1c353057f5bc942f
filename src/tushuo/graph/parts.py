"""Contributions to a cotangent that are cheaper to add up together than one by one.

A sequence model reads an array step by step (``x[:, t]``) and multiplies by the same weights at
every step. Added one by one, each slice's cotangent would fill a whole array with zeros, and each
step would add a whole weight matrix. Parts stay small until all of them are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tushuo.graph.backend import Array, lock
from tushuo.graph.op import Shape, apply, total
from tushuo.graph.tensor import Tensor


class Part:
    """A contribution of a known shape that can be added to others of its kind."""

    shape: Shape

    @staticmethod
    def add(parts: Sequence[Any]) -> Tensor:
        """The sum of several parts of one kind."""
        raise NotImplementedError


class Placed(Part):
    """A cotangent of the elements that an index picked; zero elsewhere."""

    def __init__(self, values: Tensor, key: tuple[Any, ...], shape: Shape) -> None:
        self.values, self.key, self.shape = values, key, shape

    @staticmethod
    def add(parts: Sequence[Placed]) -> Tensor:
        """All of them placed into one array of zeros."""
        from tushuo.graph.ops.index import Place

        op = Place(tuple(p.key for p in parts), parts[0].shape)
        return apply(op, *(p.values for p in parts))


class Product(Part):
    """A product of matrices ``x.T @ y``; several become one product over joined rows."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y  # (N, I), (N, O)
        self.shape = (x.shape[1], y.shape[1])

    @staticmethod
    def add(parts: Sequence[Product]) -> Tensor:
        """One product, summed over the rows of all."""
        from tushuo.graph.ops.joining import concat
        from tushuo.graph.ops.matmul import matmul

        if len(parts) == 1:
            return matmul(parts[0].x.mT, parts[0].y)
        return matmul(concat([p.x for p in parts]).mT, concat([p.y for p in parts]))


class Sum:
    """The contributions to one cotangent: Tensors are added up as they come, parts at the end.

    Args:
        record: Whether the additions belong to the graph. If not, all but the first are done in
            place.
    """

    __slots__ = ("buffer", "parts", "record", "tensor")

    def __init__(self, record: bool) -> None:
        self.record = record
        self.tensor: Tensor | None = None
        self.buffer: Array = None  # what replaces the Tensor, from the second on
        self.parts: list[Part] = []

    def add(self, more: Tensor | Part) -> None:
        """Take one contribution in."""
        if isinstance(more, Part):
            self.parts.append(more)
        elif self.tensor is None:
            self.tensor = more
        elif self.buffer is not None and type(more.data) is np.ndarray:
            self.buffer += more.data
        elif self.record or not _are_plain(self.tensor, more):
            self.tensor, self.buffer = self._dense() + more, None
        else:
            self.buffer = self.tensor.data + more.data

    def total(self) -> Tensor:
        """The sum of all."""
        if not self.parts:
            return self._dense()
        terms = [] if self.tensor is None else [self._dense()]
        return total([*terms, *(kind.add(group) for kind, group in _by_kind(self.parts).items())])

    def _dense(self) -> Tensor:
        assert self.tensor is not None
        if self.buffer is None:
            return self.tensor
        return Tensor.of(lock(np.asarray(self.buffer)))


def _are_plain(x: Tensor, y: Tensor) -> bool:
    return type(x.data) is np.ndarray and type(y.data) is np.ndarray


def _by_kind(parts: Sequence[Part]) -> dict[type[Part], list[Part]]:
    kinds: dict[type[Part], list[Part]] = {}
    for part in parts:
        kinds.setdefault(type(part), []).append(part)
    return kinds
