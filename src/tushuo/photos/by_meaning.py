"""Photographs ranked by how close they lie to what a query means; exact, over all vectors."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tushuo.errors import LibraryError
from tushuo.photos.conditions import conditions
from tushuo.photos.embedding import Embedder, Floats
from tushuo.photos.hits import COLUMNS, Row
from tushuo.photos.query import Part, Query
from tushuo.photos.vectors import Vectors

__all__ = ["by_meaning", "meaning_of"]

_AT_ONCE = 500
_UNDERSTOOD = 0.6  # by bench/search_quality.py: far fewer false hits, few true ones lost
_MOST_ALIKE = 100  # where nobody fitted from which similarity on a photograph is a hit
_FILES = f"""SELECT {COLUMNS} FROM json_each(?) CROSS JOIN photo p ON p.id = json_each.value
LEFT JOIN caption c ON c.photo = p.id AND c.shown
CROSS JOIN file f ON f.photo = p.id AND f.status = 'ok'
WHERE 1"""


def meaning_of(
    connection: sqlite3.Connection, query: Query, vectors: Vectors | None, embedder: Embedder | None
) -> Floats | None:
    """Where a query points, float32 (D,), of length 1: the sum of its parts, each of length 1.

    Returns:
        None if it has no meaning, or nothing is there to understand it, or its words are not well
        known: what they then seem to mean would be no better than a guess.

    Raises:
        LibraryError: It names a photograph to compare with, and the library has no vectors.
        ImageError: That photograph cannot be read.
    """
    by_photo = any(part.photo for part in query.meaning)
    if vectors is None or (embedder is None and not by_photo):
        if by_photo:
            raise LibraryError(
                "the library has no vectors to compare photographs by",
                hint="tushuo index with a model that makes them (see: tushuo models)",
            )
        return None
    if embedder is not None and not all(_clear(part, embedder) for part in query.meaning):
        return None
    sum_of = np.zeros(vectors.space.dimensions, dtype=np.float32)
    for part in query.meaning:
        vector = _vector(connection, part, vectors, embedder)
        sum_of += 0 if vector is None else part.sign * vector
    length = float(np.linalg.norm(sum_of))
    return sum_of / length if length > 1e-6 else None


def by_meaning(
    connection: sqlite3.Connection,
    query: Query,
    vectors: Vectors,
    target: Floats,
    embedder: Embedder | None,
) -> Generator[tuple[Row, float], None, None]:
    """Files of photographs near a target (D,), nearest first, each with its cosine."""
    photos, matrix = vectors.all()
    cosines = matrix @ target  # (N,)
    least = _least(query, cosines, target, embedder)
    near = np.flatnonzero(cosines >= least)
    near = near[np.argsort(-cosines[near], kind="stable")]
    sql, values = _conditions(query)
    leave_out = {os.fsencode(_absolute(part.text)) for part in query.meaning if part.photo}
    for some in _growing(near):
        numbers = json.dumps(photos[some].tolist())
        rows: dict[int, list[Row]] = {}
        for row in connection.execute(f"{_FILES} {sql} ORDER BY c.id", (numbers, *values)):
            rows.setdefault(row[1], []).append(Row._make(row))
        for i in some:
            for row in rows.get(int(photos[i]), ()):
                if row.path not in leave_out:
                    yield row, float(cosines[i])


def _conditions(query: Query) -> tuple[str, list[str]]:
    """The conditions, after one by full text that makes those of spelling quick."""
    sql, values = conditions(query)
    spelt = [t.fts for t in query.terms if (t.exact or t.prefix) and not t.negated]
    if not spelt:
        return sql, values
    having = "SELECT rowid FROM words WHERE words MATCH ?"
    return f" AND c.id IN ({having}){sql}", [" AND ".join(spelt), *values]


def _growing(near: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """The same in parts, each twice as long as the one before: few statements, if all are asked."""
    start, length = 0, _AT_ONCE
    while start < len(near):
        yield near[start : start + length]
        start, length = start + length, 2 * length


def _clear(part: Part, embedder: Embedder) -> bool:
    return part.photo or embedder.understood(part.text) >= _UNDERSTOOD


def _least(query: Query, cosines: Floats, target: Floats, embedder: Embedder | None) -> float:
    relevance = None if embedder is None else embedder.relevance
    if relevance is not None:
        return relevance.least(target, any(part.photo for part in query.meaning))
    if len(cosines) <= _MOST_ALIKE:
        return -1.0
    return float(np.partition(cosines, -_MOST_ALIKE)[-_MOST_ALIKE])


def _vector(
    connection: sqlite3.Connection, part: Part, vectors: Vectors, embedder: Embedder | None
) -> Floats | None:
    if not part.photo:
        return None if embedder is None else embedder.embed_texts([part.text])[0]
    path = _absolute(part.text)
    row = connection.execute("SELECT photo FROM file WHERE path = ?", (os.fsencode(path),))
    stored = row.fetchone()
    vector = None if stored is None or stored[0] is None else vectors.of(stored[0])
    if vector is None and embedder is not None:
        vector = embedder.embed_images([path])[0]
    if vector is None:
        raise LibraryError(
            f"like: the library has no vector of {str(path)!r:.300}",
            hint="index it with the model of the others",
        )
    return vector


def _absolute(name: str) -> Path:
    return Path(os.path.abspath(name))  # noqa: PTH100  (as it was indexed, links unresolved)
