"""What a search found, and why."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tushuo.photos.query import Filter, Query
from tushuo.photos.text import prefixed, readable

__all__ = ["COLUMNS", "Hit", "Row", "hit_of", "marked"]


@dataclass(frozen=True)
class Hit:
    """A photograph that a search found, and why.

    Attributes:
        path: The file.
        caption: What matched, or is shown; empty if there is none.
        language: Of the caption.
        spans: Where in the caption the words of the query stand: (start, end) in characters.
        by: The model that wrote it; None for a person.
        score: The hits come by it, the highest first: by reciprocal rank fusion of words and
            meaning; 0 if the search asked for neither.
        taken: "2024-05-31 18:02:11", or None.
        camera: Maker and model, or None.
        why: The conditions of the query, with what this photograph has there.
        words: BM25 of the caption, the higher the better; None if the words did not find it.
        meaning: The cosine between query and photograph; None if the meaning did not find it.
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
    words: float | None = None
    meaning: float | None = None

    @property
    def matched(self) -> list[str]:
        """The words at `spans`."""
        return [self.caption[start:end] for start, end in self.spans]

    @property
    def reasons(self) -> list[str]:
        """All that speaks for it, for people to read."""
        words = [", ".join(dict.fromkeys(map(str.casefold, self.matched)))] if self.spans else []
        meaning = [] if self.meaning is None else [f"meaning {self.meaning:.2f}"]
        return [*words, *meaning, *self.why]


class Row(NamedTuple):
    """A file with one of its captions, as `COLUMNS` selects it."""

    path: bytes
    photo: int
    caption: int | None
    language: str | None
    text: str | None
    model: str | None
    taken: str | None
    camera: str | None


COLUMNS = "f.path, p.id, c.id, c.language, c.text, c.model, p.taken, p.camera"


def hit_of(
    connection: sqlite3.Connection,
    query: Query,
    row: Row,
    score: float = 0.0,
    words: float | None = None,
    meaning: float | None = None,
) -> Hit:
    """A hit with its reasons."""
    path = Path(os.fsdecode(row.path))
    has = {"after": row.taken, "before": row.taken, "camera": row.camera, "path": str(path)}
    has["lang"] = row.language
    why = tuple(_reason(condition, has[condition.operator]) for condition in query.filters)
    spans = _spans(connection, query, row)
    text, language = row.text or "", row.language or ""
    facts = (row.taken, row.camera, why, words, meaning)
    return Hit(path, text, language, spans, row.model, score, *facts)


def _reason(condition: Filter, has: str | None) -> str:
    name = {"after": "taken", "before": "taken", "lang": "language"}.get(condition.operator)
    return f"{name or condition.operator} {has or 'unknown'}"


def _spans(connection: sqlite3.Connection, query: Query, row: Row) -> tuple[tuple[int, int], ...]:
    """Where the words stand in the caption, those side by side as one."""
    if row.caption is None or row.text is None:
        return ()
    spans = {
        span
        for term in query.terms
        if term.prefix and not term.negated
        for span in prefixed(row.text, term.words)
    }
    spelt = " OR ".join(term.fts for term in query.terms if not term.prefix and not term.negated)
    if spelt:
        found = connection.execute(
            "SELECT highlight(words, 0, char(2), char(3)) FROM words"
            " WHERE words MATCH ? AND rowid = ?",
            (spelt, row.caption),
        ).fetchone()
        spans |= set(_merged(readable(found[0]))) if found else set()
    return tuple(sorted(spans))


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
