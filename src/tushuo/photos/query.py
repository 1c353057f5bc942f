"""The language of searches: words, "phrases", -exclusions and operators such as after:2024-05."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from tushuo.errors import UsageError
from tushuo.photos.text import words

__all__ = ["OPERATORS", "Filter", "Query", "Term", "parse_query"]

OPERATORS = ("after", "before", "camera", "path", "lang")

_MAX_CHARACTERS = 1000
_MAX_ITEMS = 50
_ITEM = re.compile(r'(-?)(?:([^\W\d_]+):)?(?:"([^"]*)"|([^\s"]*))')
_QUOTES = str.maketrans("“”„＂：", '"""":')  # as phones and Chinese keyboards write them
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Term:
    """Words that a caption has side by side in this order; or, if negated, has not.

    Attributes:
        words: As typed.
        negated: Whether captions with them are left out.
        exact: Whether other inflections of them do not count.
    """

    words: tuple[str, ...]
    negated: bool = False
    exact: bool = False

    @property
    def fts(self) -> str:
        """The term in the syntax of FTS5."""
        # words are letters and digits alone, so that nothing in them can end the quotation
        return f'"{" ".join(self.words)}"'


@dataclass(frozen=True)
class Filter:
    """A condition: one of `OPERATORS` with its value; a date is that of its first day."""

    operator: str
    value: str
    negated: bool = False


@dataclass(frozen=True)
class Query:
    """What a search asks for; all of it must hold."""

    terms: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()

    @property
    def wanted(self) -> str:
        """What captions shall have, in the syntax of FTS5; empty if that is left open."""
        return " AND ".join(term.fts for term in self.terms if not term.negated)


def parse_query(text: str) -> Query:
    """Read a query.

    Words in any order, each in the caption in some inflection; ``"exact phrase"``; ``-word`` and
    ``-"phrase"`` to leave out; ``after:2024-05`` (from that day, month or year on), ``before:2024``
    (earlier than it), ``camera:canon`` and ``path:holiday`` (parts of names, in any case),
    ``lang:zh``; a minus before an operator turns it round.

    Args:
        text: What a person typed.

    Raises:
        UsageError: It is empty or too long, a quotation mark stands alone, an operator is unknown
            or has no fitting value, or an item has no letter or digit.
    """
    if len(text) > _MAX_CHARACTERS:
        raise UsageError(f"query of {len(text):,} characters, at most {_MAX_CHARACTERS:,}")
    terms: list[Term] = []
    filters: list[Filter] = []
    for minus, operator, value, quoted in _items(text.translate(_QUOTES)):
        if operator:
            filters.append(_filter(operator.lower(), value, minus))
        else:
            terms.append(_term(value, minus, quoted))
    if not terms and not filters:
        raise UsageError("the query is empty", hint="give words, as: tushuo search dog beach")
    if len(terms) + len(filters) > _MAX_ITEMS:
        raise UsageError(f"a query of {len(terms) + len(filters)} items, at most {_MAX_ITEMS}")
    return Query(tuple(terms), tuple(filters))


def _items(text: str) -> Iterator[tuple[bool, str, str, bool]]:
    """Of each item: whether it has a minus, operator, value, and whether that is quoted."""
    position, end = 0, len(text)
    while position < end:
        if text[position].isspace():
            position += 1
            continue
        match = _ITEM.match(text, position)
        if match is None or match.end() == position or text[match.end() : match.end() + 1] == '"':
            raise UsageError("a quotation mark stands alone", hint='write "exact phrase"')
        minus, operator, quoted, bare = match.groups()
        is_quoted = quoted is not None
        yield bool(minus), operator or "", quoted if is_quoted else bare, is_quoted
        position = match.end()


def _term(value: str, negated: bool, exact: bool) -> Term:
    found = words(value)
    if not found:
        raise UsageError(f"nothing to search for in {'-' * negated + value!r:.60}")
    return Term(found, negated, exact)


def _filter(operator: str, value: str, negated: bool) -> Filter:
    if operator not in OPERATORS:
        known = " ".join(f"{name}:" for name in OPERATORS)
        raise UsageError(
            f"unknown operator {operator + ':'!r:.60}",
            hint=f"known: {known}; put text with a colon into quotation marks",
        )
    if not value.strip():
        raise UsageError(f"{operator}: has no value", hint=_EXAMPLES[operator])
    if operator in ("after", "before"):
        value = _first_day(operator, value)
    elif operator == "lang":
        value = value.lower()
        if not _LANGUAGE.fullmatch(value):
            raise UsageError(f"lang: got {value!r:.60}", hint=_EXAMPLES[operator])
    return Filter(operator, value, negated)


_EXAMPLES = {
    "after": "write after:2024, after:2024-05 or after:2024-05-31",
    "before": "write before:2024, before:2024-05 or before:2024-05-31",
    "camera": "write camera:canon",
    "path": 'write path:holiday or path:"summer holiday"',
    "lang": "write lang:en or lang:zh",
}


def _first_day(operator: str, value: str) -> str:
    match = _DATE.fullmatch(value)
    try:
        if match is None:
            raise ValueError
        year, month, day = (int(part or 1) for part in match.groups())
        return date(year, month, day).isoformat()
    except ValueError:
        problem = f"{operator}: {value!r:.60} is no date"
        raise UsageError(problem, hint=_EXAMPLES[operator]) from None
