"""How close a photograph must lie to a query to be an answer, and not just the least bad one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tushuo.errors import ShapeError, UsageError

__all__ = ["Relevance", "fit_relevance"]

_AXES = 96  # hold 98 % of the variance of Flickr8k's photographs, and the chance to within 0.05
_ALIKE = 5
_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class Relevance:
    """A cut-off that follows each query.

    The contrastive loss makes `scale * similarity` estimate, up to a number that depends on the
    query alone, how much likelier a photograph is with this sentence than without: log p(photo |
    sentence) / p(photo) (van den Oord et al., "Representation learning with contrastive predictive
    coding", 2018, section 2.3). That number follows from a background of everyday photographs,
    over which the likelihood ratio must be 1 in the mean. So a cut-off is a ratio, its logarithm
    called evidence here, and holds for a library of few photographs or of one subject, too.

    The background is kept as coordinates along its principal axes.

    Attributes:
        centre: The background's mean, float32 (D,).
        axes: Its principal axes, rows of length 1, float32 (R, D).
        background: Coordinates of its photographs, float32 (B, R), at least one.
        scale: What similarities are multiplied with, above 0.
        evidence: The least evidence of a hit, in nats, for queries in words.
        like: The same for photographs as queries.

    Raises:
        ShapeError: The shapes do not fit.
        UsageError: A number is not finite, or the scale not above 0.
    """

    centre: npt.NDArray[np.float32]
    axes: npt.NDArray[np.float32]
    background: npt.NDArray[np.float32]
    scale: float
    evidence: float
    like: float

    def __post_init__(self) -> None:
        shapes = [np.shape(x) for x in (self.centre, self.axes, self.background)]
        if [len(shape) for shape in shapes] != [1, 2, 2] or not shapes[2][0]:
            raise ShapeError(f"relevance: got shapes {shapes}, expected (D,), (R, D) and (B, R)")
        if shapes[1] != (shapes[2][1], shapes[0][0]):
            raise ShapeError(f"relevance: got shapes {shapes}, expected (D,), (R, D) and (B, R)")
        numbers = (self.scale, self.evidence, self.like)
        if not np.isfinite(numbers).all() or self.scale <= 0:
            raise UsageError(f"relevance: got scale, evidence and like {numbers}")

    @classmethod
    def of(cls, background: npt.NDArray[Any], scale: float, evidence: float, like: float) -> Self:
        """With a background of vectors (B, D)."""
        centre = background.mean(axis=0)
        centred = background - centre
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        axes = axes[:_AXES]
        parts = [np.asarray(x, np.float32) for x in (centre, axes, centred @ axes.T)]
        return cls(parts[0], parts[1], parts[2], scale, evidence, like)

    def least(self, query: npt.NDArray[np.float32], by_photo: bool = False) -> float:
        """The least similarity of a hit.

        Args:
            query: float32 (D,).
            by_photo: Whether photographs have part in the query.
        """
        wanted = self.like if by_photo else self.evidence
        return (float(self.chance(query[None])[0]) + wanted) / self.scale

    def chance(self, queries: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The evidence's zero: log of the mean of `exp(scale * similarity)` over the background.

        Args:
            queries: float32 (Q, D).

        Returns:
            float64 (Q,), to be subtracted from `scale * similarity`.
        """
        found = np.empty(len(queries))
        for start in range(0, len(queries), _AT_ONCE):
            part = queries[start : start + _AT_ONCE]
            similar = (part @ self.axes.T) @ self.background.T  # (Q, B), from the centre
            logits = self.scale * similar.astype(np.float64)
            most = logits.max(axis=1)
            tail = np.log(np.exp(logits - most[:, None]).mean(axis=1))
            found[start : start + _AT_ONCE] = most + tail + self.scale * (part @ self.centre)
        return found


def fit_relevance(
    background: npt.NDArray[Any],
    photographs: npt.NDArray[Any],
    sentences: npt.NDArray[Any],
    owners: npt.NDArray[Any],
    scale: float,
    kept: float = 0.85,
) -> Relevance:
    """A cut-off that keeps a share of the photographs that were meant.

    For photographs as queries, it keeps that share of the five that lie closest to each.

    Args:
        background: Vectors (B, D) of everyday photographs.
        photographs: Vectors (N, D) of photographs that training has not seen, at least two.
        sentences: Vectors (M, D) of sentences about them.
        owners: For each sentence the number of its photograph, int (M,).
        scale: What similarities were multiplied with in training.
        kept: The share, between 0 and 1.

    Raises:
        UsageError: `kept` is out of range.
    """
    if not 0 < kept < 1:
        raise UsageError(f"kept: got {kept}, expected a number between 0 and 1")
    open_to_all = Relevance.of(background, scale, 0.0, 0.0)

    def quantile(queries: npt.NDArray[Any], answers: npt.NDArray[Any]) -> float:
        found = scale * np.sum(queries * answers, axis=1) - open_to_all.chance(queries)
        return float(np.quantile(found, 1 - kept))

    similar = photographs @ photographs.T
    np.fill_diagonal(similar, -np.inf)  # nothing is its own neighbour
    evidence = quantile(sentences, photographs[owners])
    closest = np.argsort(-similar, axis=1)[:, :_ALIKE]  # (N, 5)
    like = quantile(np.repeat(photographs, closest.shape[1], axis=0), photographs[closest.ravel()])
    return Relevance.of(background, scale, evidence, like)
