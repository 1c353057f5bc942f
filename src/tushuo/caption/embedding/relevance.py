"""How close a photograph must lie to a query to be an answer, and not just the least bad one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.errors import ShapeError, UsageError

__all__ = ["Relevance", "fit_relevance"]


@dataclass(frozen=True, eq=False)
class Relevance:
    """A cut-off that follows each query.

    Similarities of one query to photographs that have nothing to do with it are near normal, but
    where they lie differs between queries. So a query's similarities are held against those that it
    has to a background of everyday photographs, of which only mean and covariance are kept: a hit
    lies `deviations` standard deviations above what the background leads to expect. Unlike a
    cut-off among the photographs of a library, this also holds for a library of few photographs,
    or of one subject.

    Attributes:
        mean: Of the background's vectors, float32 (D,).
        covariance: Of the background's vectors, float32 (D, D).
        deviations: For queries in words.
        like: The same for photographs as queries.

    Raises:
        ShapeError: The shapes are not (D,) and (D, D).
        UsageError: A number is not finite.
    """

    mean: npt.NDArray[np.float32]
    covariance: npt.NDArray[np.float32]
    deviations: float
    like: float

    def __post_init__(self) -> None:
        mean, covariance = np.shape(self.mean), np.shape(self.covariance)
        if len(mean) != 1 or covariance != mean * 2:
            raise ShapeError(f"relevance: got {mean} and {covariance}, expected (D,) and (D, D)")
        if not np.isfinite([self.deviations, self.like]).all():
            raise UsageError(f"relevance: got {self.deviations} and {self.like}, expected numbers")

    def least(self, query: npt.NDArray[np.float32], by_photo: bool = False) -> float:
        """The least similarity of a hit.

        Args:
            query: float32 (D,).
            by_photo: Whether photographs have part in the query.
        """
        expected, spread = self.expected(query)
        return expected + (self.like if by_photo else self.deviations) * spread

    def expected(self, query: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Mean and standard deviation of a query's similarities to the background."""
        variance = float(query @ self.covariance @ query)
        return float(query @ self.mean), max(variance, 1e-12) ** 0.5


def fit_relevance(
    background: npt.NDArray[Any],
    photographs: npt.NDArray[Any],
    sentences: npt.NDArray[Any],
    owners: npt.NDArray[Any],
    kept: float = 0.8,
) -> Relevance:
    """A cut-off that keeps a share of the photographs that were meant.

    That of photographs as queries is set where as many of a photograph's neighbours are kept as
    sentences keep: two photographs are neighbours here if each is the other's closest.

    Args:
        background: Vectors (B, D) of everyday photographs, at least two.
        photographs: Vectors (N, D) of photographs that training has not seen.
        sentences: Vectors (M, D) of sentences about them.
        owners: For each sentence the number of its photograph, int (M,).
        kept: The share, between 0 and 1. What lies below the default is seldom among the first
            ten of a thousand (see bench/search_quality.py).
    """
    if not 0 < kept < 1:
        raise UsageError(f"kept: got {kept}, expected a number between 0 and 1")
    mean = background.mean(axis=0, dtype=np.float64)
    centred = background - mean
    covariance = centred.T @ centred / len(background)
    near, friend = _mutual(photographs)
    texts = _deviations(sentences, photographs[owners], mean, covariance)
    likes = _deviations(photographs[near], photographs[friend], mean, covariance)
    return Relevance(
        mean.astype(np.float32),
        covariance.astype(np.float32),
        float(np.quantile(texts, 1 - kept)),
        float(np.quantile(likes, 1 - kept)) if len(near) else float(np.quantile(texts, 1 - kept)),
    )


def _deviations(
    queries: npt.NDArray[Any],
    answers: npt.NDArray[Any],
    mean: npt.NDArray[Any],
    covariance: npt.NDArray[Any],
) -> npt.NDArray[Any]:
    """How far above the background each query's answer lies, (Q,)."""
    spread = np.sqrt(np.maximum(np.sum(queries @ covariance * queries, axis=1), 1e-12))
    found: npt.NDArray[Any] = (np.sum(queries * answers, axis=1) - queries @ mean) / spread
    return found


def _mutual(vectors: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Photographs that are each other's closest, and which."""
    similar = vectors @ vectors.T
    np.fill_diagonal(similar, -np.inf)
    closest = similar.argmax(axis=1)
    mutual = np.flatnonzero(closest[closest] == np.arange(len(vectors)))
    return mutual, closest[mutual]
