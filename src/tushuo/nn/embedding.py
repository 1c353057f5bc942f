"""Vectors for words, by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.errors import ShapeError, UsageError
from tushuo.graph import ops
from tushuo.graph.backend import extremes, namespace
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import checks, init
from tushuo.nn.module import Module


class Embedding(Module):
    """A table of vectors, read by number.

    Args:
        num_embeddings: Number of rows V.
        embedding_dim: Length E of a row.
        padding_idx: The number that stands for padding: its vector is zero, whatever the table
            holds there, and no gradient reaches that row. Negative ones count from the end.
        rng: Generator or seed of the initial values, a standard normal distribution.
        dtype: Data type of the table.

    Attributes:
        weight: Shape (V, E).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        checks.positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise UsageError(
                f"Embedding: padding_idx {padding_idx} is not one of {num_embeddings} rows"
            )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        table = init.normal((num_embeddings, embedding_dim), rng=rng, dtype=dtype).numpy()
        if self.padding_idx is not None:
            table = np.array(table)
            table[self.padding_idx] = 0
        self.weight = Tensor(table)

    def forward(self, indices: Any) -> Tensor:
        """Integers of any shape (...) to vectors (..., E).

        Raises:
            ShapeError: A number is negative or not below V.
            DTypeError: The indices are not integers.
        """
        i = asarray(indices)
        self._check(i)
        vectors = ops.take(self.weight, i)
        if self.padding_idx is None:
            return vectors
        return ops.where(ops.expand_dims(i == self.padding_idx, -1), 0, vectors)

    def _check(self, i: Tensor) -> None:
        """Negative numbers would silently count from the end."""
        if not namespace(i.data).isdtype(i.dtype, "integral"):
            return
        found = extremes(i.data)
        if found is None:
            return
        low, high = found
        if low < 0 or high >= self.num_embeddings:
            raise ShapeError(
                f"Embedding({self.num_embeddings}, {self.embedding_dim}) needs indices from 0 to "
                f"{self.num_embeddings - 1}, got {low if low < 0 else high}",
                hint="was the vocabulary made for this table?",
            )

    def extra_repr(self) -> str:
        """Sizes, and the padding index if there is one."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
