"""Searches: words and meaning, each with a ranking, brought together."""

from __future__ import annotations

import sqlite3

from tushuo.photos.by_meaning import by_meaning, meaning_of
from tushuo.photos.by_words import by_date, by_words
from tushuo.photos.conditions import teach
from tushuo.photos.embedding import Embedder, Floats
from tushuo.photos.hits import Hit, hit_of, marked
from tushuo.photos.parsing import parse_query
from tushuo.photos.query import Query
from tushuo.photos.ranking import Ranking, fused
from tushuo.photos.vectors import Vectors

__all__ = ["Hit", "marked", "search"]

_DEPTH = 200  # photographs of each ranking that have a say


def search(
    connection: sqlite3.Connection,
    vectors: Vectors | None,
    text: str,
    limit: int,
    embedder: Embedder | None = None,
) -> list[Hit]:
    """The best hits of a query (see `parse_query`), best first; none where nothing matches.

    Words and meaning rank photographs on their own; reciprocal rank fusion makes one ranking of
    both. Without words and meaning, the photographs taken last come first.

    Raises:
        UsageError: The query cannot be understood.
        ImageError: The photograph after `like:` cannot be read.
        LibraryError: The query has `like:`, and there are no vectors to compare.
    """
    query = parse_query(text)
    teach(connection)
    target = meaning_of(connection, query, vectors, embedder)
    if target is None and any(part.photo for part in query.meaning):
        return []  # the parts cancel each other
    if not query.wanted and target is None:
        dated = Ranking.of(((row, 0.0) for row in by_date(connection, query)), limit)
        return [hit_of(connection, query, row) for row in list(dated.rows.values())[:limit]]
    return _both(connection, query, vectors, target, limit, embedder)


def _both(
    connection: sqlite3.Connection,
    query: Query,
    vectors: Vectors | None,
    target: Floats | None,
    limit: int,
    embedder: Embedder | None,
) -> list[Hit]:
    depth = max(limit, _DEPTH)
    worded, meant = Ranking(), Ranking()
    if query.wanted:
        # where the meaning is understood, captions with some of the words only make it worse
        worded = Ranking.of(by_words(connection, query, loosely=target is None), depth)
    if vectors is not None and target is not None:
        meant = Ranking.of(by_meaning(connection, query, vectors, target, embedder), depth)
    return [
        hit_of(
            connection,
            query,
            row,
            score,
            worded.strengths.get(row.photo),
            meant.strengths.get(row.photo),
        )
        for row, score in fused([worded, meant])[:limit]
    ]
