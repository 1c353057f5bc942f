"""How well photographs and sentences find each other: recall at K, both ways.

As Hodosh, Young and Hockenmaier, "Framing image description as a ranking task" (2013), section 5,
measure it: among N photographs, how often the right one is among the K that lie closest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.errors import ShapeError, UsageError

__all__ = ["Recall", "ranks", "recall"]

AT = (1, 5, 10)
Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Recall:
    """Shares and ranks of one set of photographs with sentences.

    Attributes:
        photograph_ranks: For each sentence, how many photographs lie closer than its own, int (M,).
        sentence_ranks: For each photograph, how many sentences of others lie closer than the
            closest of its own, int (N,).
        owners: For each sentence its photograph's number, int (M,).
    """

    photograph_ranks: npt.NDArray[np.int64]
    sentence_ranks: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]

    def as_dict(self) -> dict[str, float]:
        """Scores by name, shares from 0 to 1; median ranks count from 1."""
        to_photo = {f"text-to-photo R@{k}": _share(self.photograph_ranks, k) for k in AT}
        to_text = {f"photo-to-text R@{k}": _share(self.sentence_ranks, k) for k in AT}
        return {
            **to_photo,
            "text-to-photo median rank": float(np.median(self.photograph_ranks)) + 1,
            **to_text,
            "photo-to-text median rank": float(np.median(self.sentence_ranks)) + 1,
        }

    def intervals(
        self, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
    ) -> Mapping[str, Interval]:
        """Percentile bootstrap intervals of the shares, photographs drawn with their sentences.

        All others stay in the ranking, so an interval says how much the choice of queries matters.

        Raises:
            UsageError: A number is out of its range.
        """
        if not 1 <= resamples <= 100_000 or not 0 < confidence < 1:
            raise UsageError(f"got {resamples} resamples and confidence {confidence}")
        count = len(self.sentence_ranks)
        random = np.random.default_rng(seed)
        times = random.multinomial(count, np.full(count, 1 / count), resamples)  # (R, N)
        sentences = np.bincount(self.owners, minlength=count)
        found: dict[str, Interval] = {}
        for k in AT:
            hits = np.bincount(self.owners, self.photograph_ranks < k, minlength=count)
            drawn = (times @ hits) / np.maximum(times @ sentences, 1)
            found[f"text-to-photo R@{k}"] = _ends(drawn, confidence)
        for k in AT:
            drawn = times @ (self.sentence_ranks < k) / count
            found[f"photo-to-text R@{k}"] = _ends(drawn, confidence)
        return found


def recall(photographs: Any, sentences: Any, owners: Any) -> Recall:
    """Rank all photographs for each sentence, and all sentences for each photograph.

    Args:
        photographs: Vectors (N, D) of length 1.
        sentences: Vectors (M, D) of length 1.
        owners: For each sentence the number of its photograph, int (M,); each has at least one.

    Raises:
        ShapeError: The shapes do not fit, or a photograph has no sentence.
    """
    a, b, own = np.asarray(photographs), np.asarray(sentences), np.asarray(owners)
    fits = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[1] and own.shape == b.shape[:1]
    if not fits or set(own.tolist()) != set(range(len(a))):
        raise ShapeError(
            f"got photographs {a.shape}, sentences {b.shape} and owners {own.shape}",
            hint="expected (N, D), (M, D) and (M,) with every number from 0 to N - 1",
        )
    similar = b @ a.T  # (M, N)
    mine = own[:, None] == np.arange(len(a))  # (M, N)
    others = np.where(mine, -np.inf, similar)
    return Recall(
        ranks(others, similar[np.arange(len(b)), own]),
        ranks(others.T, np.where(mine, similar, -np.inf).max(0)),
        own,
    )


def ranks(similar: npt.NDArray[Any], own: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """How many others lie closer than the right one; of those just as close, half count.

    So a space in which everything lies in one point is no better than chance.

    Args:
        similar: Similarities of the others, (Q, N).
        own: The similarity of the right one, (Q,).
    """
    closer = (similar > own[:, None]).sum(axis=1)
    level = (similar == own[:, None]).sum(axis=1)
    return np.asarray(closer + level // 2, dtype=np.int64)


def _share(found: npt.NDArray[np.int64], k: int) -> float:
    return float((found < k).mean())


def _ends(drawn: npt.NDArray[Any], confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
