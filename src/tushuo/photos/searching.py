"""Searches: full text ranked by BM25, conditions on date, camera, path and language."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tushuo.photos.query import Filter, Query, Term, parse_query
from tushuo.photos.text import has_words, readable

__all__ = ["Hit", "search"]


@dataclass(frozen=True)
class Hit:
    """A photograph that a search found, and why.

    Attributes:
        path: The file.
        caption: What matched; empty if the search asked for no words and there is none.
        language: Of the caption.
        spans: Where in the caption the words of the query stand: (start, end) in characters.
        by: The model that wrote it; None for a person.
        score: BM25 by SQLite's sign: the lower the better; 0 if the search asked for no words.
        taken: "2024-05-31 18:02:11", or None.
        camera: Maker and model, or None.
        why: The conditions of the query, with what this photograph has there.
    """

    path: Path
    caption: str
    language: str
    spans: tuple[tuple[int, int], ...]
    by: str | None
    score: float
    taken: str | None
    camera: str | None
    why: tuple[str, ...]

    @property
    def matched(self) -> list[str]:
        """The words at `spans`."""
        return [self.caption[start:end] for start, end in self.spans]


def search(connection: sqlite3.Connection, text: str, limit: int) -> list[Hit]:
    """The best hits of a query (see `parse_query`), best first; none where nothing matches.

    Where more than 10,000 captions fit the words, the newest 10,000 are ranked before the others:
    words that common say little, and their ranks take long. Without words, the photographs taken
    last come first.

    Raises:
        UsageError: The query cannot be understood.
    """
    query = parse_query(text)
    connection.create_function("has_words", 2, has_words, deterministic=True)
    rows = _worded(connection, query) if query.wanted else _wordless(connection, query)
    files: dict[bytes, tuple[Any, ...]] = {}
    with closing(rows):
        for path, *rest in rows:
            files.setdefault(path, tuple(rest))  # its best caption
            if len(files) == limit:
                break
    return [_hit(connection, query, path, *rest) for path, rest in files.items()]


_Rows: TypeAlias = Generator[tuple[Any, ...], None, None]

_RANKED_AT_ONCE = 10_000
_COLUMNS = "SELECT f.path, c.id, c.language, c.text, c.model, {}, p.taken, p.camera"
# the order of the joins is that of the loops: rows come ranked, and only as many as are asked for
_WORDED = """ FROM words CROSS JOIN caption c ON c.id = words.rowid
CROSS JOIN photo p ON p.id = c.photo CROSS JOIN file f ON f.photo = p.id
WHERE words MATCH ? AND words.rowid > ? AND words.rowid <= ? AND f.status = 'ok'"""
_CAPTIONED = "LEFT JOIN caption c ON c.photo = p.id AND c.shown"
_BY_PHOTO = f" FROM photo p {_CAPTIONED} CROSS JOIN file f ON f.photo = p.id"
_BY_FILE = f" FROM file f CROSS JOIN photo p ON p.id = f.photo {_CAPTIONED}"
_CHUNK = "SELECT rowid FROM words WHERE words MATCH ? AND rowid <= ? ORDER BY rowid DESC"


def _worded(connection: sqlite3.Connection, query: Query) -> _Rows:
    conditions, values = _conditions(query)
    ranked = f"{_COLUMNS.format('words.rank')} {_WORDED} {conditions} ORDER BY words.rank"
    top = 1 << 62
    while top:
        bound = connection.execute(
            f"{_CHUNK} LIMIT 1 OFFSET {_RANKED_AT_ONCE}", (query.wanted, top)
        ).fetchone()
        bottom = bound[0] if bound else 0
        yield from connection.execute(ranked, (query.wanted, bottom, top, *values))
        top = bottom


def _wordless(connection: sqlite3.Connection, query: Query) -> _Rows:
    conditions, values = _conditions(query)
    by_path = any(each.operator == "path" and not each.negated for each in query.filters)
    start = _COLUMNS.format("0.0") + (_BY_FILE if by_path else _BY_PHOTO)
    order = "ORDER BY p.taken DESC"
    yield from connection.execute(f"{start} WHERE f.status = 'ok' {conditions} {order}", values)


def _conditions(query: Query) -> tuple[str, list[str]]:
    """What must hold besides the words that are wanted, and its parameters."""
    sql, values = "", list[str]()
    for term in query.terms:
        more, given = _term_condition(term)
        sql += more
        values += given
    for condition in query.filters:
        more, value = _condition(condition)
        sql += f" AND NOT coalesce({more}, 0)" if condition.negated else f" AND {more}"
        values.append(value)
    return sql, values


def _term_condition(term: Term) -> tuple[str, list[str]]:
    """What full text alone cannot tell: exact inflections, and words that no caption has."""
    exact = " AND has_words(c.text, ?)" if term.exact else ""
    spelling = [" ".join(term.words)] if term.exact else []
    if not term.negated:
        return exact, spelling
    having = (
        "SELECT c.photo FROM words JOIN caption c ON c.id = words.rowid WHERE words MATCH ?" + exact
    )
    return f" AND p.id NOT IN ({having})", [term.fts, *spelling]


def _condition(condition: Filter) -> tuple[str, str]:
    value = condition.value
    match condition.operator:
        case "after":
            return "p.taken >= ?", value
        case "before":
            return "p.taken < ?", value
        case "camera":
            return "instr(lower(p.camera), lower(?))", _storable(value)
        case "path":
            return "instr(f.folded, ?)", _storable(value).casefold()
        case _:
            return "c.language = ?", value


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _hit(
    connection: sqlite3.Connection,
    query: Query,
    path: bytes,
    number: int | None,
    language: str | None,
    text: str | None,
    model: str | None,
    rank: float,
    taken: str | None,
    camera: str | None,
) -> Hit:
    file = Path(os.fsdecode(path))
    spans = _spans(connection, query.wanted, number) if query.wanted and number else ()
    has = {"after": taken, "before": taken, "camera": camera, "path": str(file), "lang": language}
    why = tuple(_reason(condition, has[condition.operator]) for condition in query.filters)
    return Hit(file, text or "", language or "", spans, model, rank, taken, camera, why)


def _reason(condition: Filter, has: str | None) -> str:
    name = {"after": "taken", "before": "taken", "lang": "language"}.get(condition.operator)
    return f"{name or condition.operator} {has or 'unknown'}"


def _spans(connection: sqlite3.Connection, wanted: str, number: int) -> tuple[tuple[int, int], ...]:
    """Where the words stand in the caption, those side by side as one."""
    (marked,) = connection.execute(
        "SELECT highlight(words, 0, char(2), char(3)) FROM words WHERE words MATCH ? AND rowid = ?",
        (wanted, number),
    ).fetchone()
    return _merged(readable(marked))


def _merged(marked: str) -> tuple[tuple[int, int], ...]:
    """Spans of a text with marks around words; captions have no control characters."""
    spans: list[tuple[int, int]] = []
    position = start = 0
    for piece in re.split("([\x02\x03])", marked.replace("\x03\x02", "")):
        if piece == "\x02":
            start = position
        elif piece == "\x03":
            spans.append((start, position))
        else:
            position += len(piece)
    return tuple(spans)


def marked(text: str, spans: Sequence[tuple[int, int]], before: str, after: str) -> str:
    """A text with marks around its spans."""
    for start, end in reversed(spans):
        text = f"{text[:start]}{before}{text[start:end]}{after}{text[end:]}"
    return text
