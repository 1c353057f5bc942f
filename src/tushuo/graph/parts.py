"""Contributions to a cotangent that are cheaper to add up together than one by one.

A sequence model reads an array step by step (``x[:, t]``) and multiplies by the same weights at
every step. Added one by one, each slice's cotangent would fill a whole array with zeros, and each
step would add a whole weight matrix. Parts stay small until all of them are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tushuo.graph.op import Shape
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
        from tushuo.graph.op import apply
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


def merge(parts: Sequence[Tensor | Part]) -> Tensor:
    """The sum of all contributions to one cotangent."""
    dense: list[Tensor] = []
    kinds: dict[type[Part], list[Part]] = {}
    for part in parts:
        if isinstance(part, Part):
            kinds.setdefault(type(part), []).append(part)
        else:
            dense.append(part)
    dense.extend(kind.add(group) for kind, group in kinds.items())
    result = dense[0]
    for term in dense[1:]:
        result = result + term
    return result
