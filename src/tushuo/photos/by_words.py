"""Photographs ranked by the words of their captions: SQLite's FTS5 with BM25."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from math import log

from tushuo.photos.conditions import conditions
from tushuo.photos.hits import COLUMNS, Row
from tushuo.photos.query import Query

__all__ = ["by_date", "by_words"]

_RANKED_AT_ONCE = 10_000
# the order of the joins is that of the loops: rows come ranked, and only as many as are asked for
_JOINS = """CROSS JOIN photo p ON p.id = c.photo
CROSS JOIN file f ON f.photo = p.id AND f.status = 'ok'"""
_WORDED = f"""SELECT {COLUMNS}, words.rank FROM words
CROSS JOIN caption c ON c.id = words.rowid {_JOINS}
WHERE words MATCH ? AND words.rowid > ? AND words.rowid <= ?"""
_CHUNK = "SELECT rowid FROM words WHERE words MATCH ? AND rowid <= ? ORDER BY rowid DESC"

_CAPTIONED = "LEFT JOIN caption c ON c.photo = p.id AND c.shown"
_BY_PHOTO = f"FROM photo p {_CAPTIONED} CROSS JOIN file f ON f.photo = p.id"
_BY_FILE = f"FROM file f CROSS JOIN photo p ON p.id = f.photo {_CAPTIONED}"


def by_words(
    connection: sqlite3.Connection, query: Query, loosely: bool
) -> Generator[tuple[Row, float], None, None]:
    """Files with captions that have the words, best first, each with its BM25 (higher is better).

    Where more than 10,000 captions have all words, the newest 10,000 are ranked before the others:
    words that common say little, and their ranks take long.

    Args:
        connection: Of a library.
        query: Has words.
        loosely: Whether captions with a good part of three words or more follow (see `_most`).
    """
    yield from _all(connection, query)
    if loosely:
        yield from _most(connection, query)


def by_date(connection: sqlite3.Connection, query: Query) -> Iterator[Row]:
    """Files that fulfil the conditions of a query without words, those taken last first."""
    sql, values = conditions(query)
    by_path = any(each.operator == "path" and not each.negated for each in query.filters)
    source = _BY_FILE if by_path else _BY_PHOTO
    order = "ORDER BY p.taken DESC"
    rows = connection.execute(
        f"SELECT {COLUMNS} {source} WHERE f.status = 'ok' {sql} {order}", values
    )
    yield from map(Row._make, rows)


def _all(connection: sqlite3.Connection, query: Query) -> Iterator[tuple[Row, float]]:
    sql, values = conditions(query)
    top = 1 << 62
    while top:
        bound = connection.execute(
            f"{_CHUNK} LIMIT 1 OFFSET {_RANKED_AT_ONCE}", (query.wanted, top)
        ).fetchone()
        bottom = bound[0] if bound else 0
        bounds = (query.wanted, bottom, top)
        yield from _rows(connection, f"{_WORDED} {sql} ORDER BY words.rank", (*bounds, *values))
        top = bottom


_FEWEST_WORDS = 3
_SHARE = 0.4  # by bench/search_quality.py: twice as many found as with 0.5, few false hits
_BEST = f"""WITH found AS MATERIALIZED (
    SELECT rowid AS id, bm25(words) AS rank FROM words
    WHERE words MATCH ? AND rowid IN (SELECT rowid FROM words WHERE words MATCH ?)
)
SELECT {COLUMNS}, rank FROM found CROSS JOIN caption c ON c.id = found.id {_JOINS}
WHERE rank <= ?"""


def _most(connection: sqlite3.Connection, query: Query) -> Iterator[tuple[Row, float]]:
    """Captions with at least 40 % of what the words say, by their inverse document frequency.

    In a caption of average length that has each word once, BM25 is the sum of the inverse document
    frequencies of the words it has (Robertson and Zaragoza 2009, eq. 3.15).
    """
    weights = _weights(connection, query)
    total = sum(weights.values())
    if len(weights) < _FEWEST_WORDS or not total:
        return
    sql, values = conditions(query)
    some = " OR ".join(weights)
    needed = " OR ".join(_needed(weights, _SHARE * total))
    parameters = (some, needed, -_SHARE * total, *values)
    yield from _rows(connection, f"{_BEST} {sql} ORDER BY rank", parameters)


def _weights(connection: sqlite3.Connection, query: Query) -> dict[str, float]:
    """What each word that is wanted says: its inverse document frequency, as in FTS5's BM25."""
    (count,) = connection.execute("SELECT count(*) FROM caption WHERE shown").fetchone()
    weights = {}
    for term in query.terms:
        if not term.negated:
            having = "SELECT count(*) FROM words WHERE words MATCH ?"
            (n,) = connection.execute(having, (term.fts,)).fetchone()
            weights[term.fts] = max(0.0, log((count - n + 0.5) / (n + 0.5)))
    return weights


def _needed(weights: dict[str, float], share: float) -> list[str]:
    """The rarest words, so many that the others together say less than the share."""
    common = 0.0
    by_weight = sorted(weights, key=lambda fts: weights[fts])
    for i, fts in enumerate(by_weight):
        common += weights[fts]
        if common >= share:
            return by_weight[i:]
    return []


def _rows(
    connection: sqlite3.Connection, sql: str, parameters: tuple[object, ...]
) -> Iterator[tuple[Row, float]]:
    for *row, rank in connection.execute(sql, parameters):
        yield Row._make(row), -rank
