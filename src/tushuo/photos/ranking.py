"""Rankings, and how several of them become one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tushuo.photos.hits import Row

__all__ = ["Ranking", "fused"]

_K = 60  # Cormack, Clarke and Buettcher 2009, "Reciprocal rank fusion", section 2


@dataclass
class Ranking:
    """Photographs in an order; all files of one share its rank.

    Attributes:
        rows: Each file with its best caption, best first.
        strengths: What ranked each photograph, best first; the higher the better.
    """

    rows: dict[bytes, Row] = field(default_factory=dict)
    strengths: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Generator[tuple[Row, float], None, None], depth: int) -> Ranking:
        """The first files of so many photographs; what comes again does not count."""
        ranking = cls()
        with closing(found):
            for row, strength in found:
                if row.photo not in ranking.strengths and len(ranking.strengths) == depth:
                    break
                ranking.strengths.setdefault(row.photo, strength)
                ranking.rows.setdefault(row.path, row)
        return ranking


def fused(rankings: Sequence[Ranking]) -> list[tuple[Row, float]]:
    """All files, best first, each with its score: the sum of 1 / (60 + rank) over the rankings.

    A file's caption is that of the first ranking that has it.
    """
    rows: dict[bytes, Row] = {}
    scores: dict[int, float] = {}
    for ranking in rankings:
        rows = ranking.rows | rows
        for rank, photo in enumerate(ranking.strengths, 1):
            scores[photo] = scores.get(photo, 0.0) + 1 / (_K + rank)
    files = [(row, scores[row.photo]) for row in rows.values()]
    return sorted(files, key=_best_first)


def _best_first(file: tuple[Row, float]) -> Any:
    row, score = file
    return -score, row.photo, row.path
