"""The conditions of a query as SQL: what must hold besides words and meaning."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tushuo.photos.query import Filter, Query, Term
from tushuo.photos.text import has_prefix, has_words

__all__ = ["conditions", "teach"]


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that conditions call."""
    for function in (has_words, has_prefix):
        connection.create_function(function.__name__, 2, function, deterministic=True)


def conditions(query: Query) -> tuple[str, list[str]]:
    """What must hold of photo p, file f and caption c: SQL that begins with AND; parameters."""
    sql, values = "", list[str]()
    for term in query.terms:
        more, given = _term(term)
        sql += more
        values += given
    for condition in query.filters:
        more, value = _filter(condition)
        sql += f" AND NOT coalesce({more}, 0)" if condition.negated else f" AND {more}"
        values.append(value)
    return sql, values


def _term(term: Term) -> tuple[str, Sequence[str]]:
    """What full text alone cannot tell: exact inflections, and words that no caption has."""
    spelt, values = "", [" ".join(term.words)]
    if term.prefix:
        spelt = " AND has_prefix(c.text, ?)"
    elif term.exact:
        spelt = " AND has_words(c.text, ?)"
    else:
        values = []
    if not term.negated:
        return spelt, values
    having = "SELECT c.photo FROM words JOIN caption c ON c.id = words.rowid WHERE words MATCH ?"
    return f" AND p.id NOT IN ({having}{spelt})", [term.fts, *values]


def _filter(condition: Filter) -> tuple[str, str]:
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
