"""The language of searches: words, "phrases", -exclusions, operators such as after:2024, sums."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from tushuo.errors import UsageError
from tushuo.photos.query import OPERATORS, Filter, Part, Query, Term
from tushuo.photos.text import words

__all__ = ["parse_query"]

_MAX_CHARACTERS = 1000
_MAX_ITEMS = 50
_ITEM = re.compile(r'(-?)(?:([^\W\d_]+):)?(?:"([^"]*)"|([^\s"]*))')
_QUOTES = str.maketrans("“”„＂：", '"""":')  # as phones and Chinese keyboards write them
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SIGN = re.compile(r"[-+−–＋－](?=\s|$)")


def parse_query(text: str) -> Query:
    """Read a query.

    Words in any order, each in the caption in some inflection; ``"exact phrase"``; ``surf*`` for
    words that begin so; ``-word`` and ``-"phrase"`` to leave out; ``after:2024-05`` (from that day,
    month or year on), ``before:2024`` (earlier than it), ``camera:canon`` and ``path:holiday``
    (parts of names, in any case), ``lang:zh``; a minus before an operator turns it round.

    By meaning, photographs near the words are found, too; ``like:photo.jpg`` finds those near a
    photograph, and meanings can be added and taken away: ``horse + beach - people``,
    ``like:photo.jpg - snow``. Captions with what is taken away are left out.

    Args:
        text: What a person typed.

    Raises:
        UsageError: It is empty or too long, a quotation mark, plus or minus stands alone, an
            operator is unknown or has no fitting value, or an item has no letter or digit.
    """
    if len(text) > _MAX_CHARACTERS:
        raise UsageError(f"query of {len(text):,} characters, at most {_MAX_CHARACTERS:,}")
    parts = [_Sum()]
    items = list(_items(text.translate(_QUOTES)))
    if len(items) > _MAX_ITEMS:
        raise UsageError(f"a query of {len(items)} items, at most {_MAX_ITEMS}")
    for item in items:
        if item.sign:
            parts[-1].check(item.sign)
            parts.append(_Sum(item.sign))
        else:
            parts[-1].add(item)
    parts[-1].check("")
    return _joined(parts)


class _Item(NamedTuple):
    """One item as typed; or, between two, a sign."""

    minus: bool = False
    operator: str = ""
    value: str = ""
    quoted: bool = False
    sign: str = ""


@dataclass
class _Sum:
    """What stands between two signs, and the sign before it."""

    sign: str = ""
    terms: list[Term] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    meant: list[str] = field(default_factory=list)
    photos: list[Part] = field(default_factory=list)

    def add(self, item: _Item) -> None:
        if item.operator.lower() == "like":
            self.photos.append(_photo(item, self.factor))
        elif item.operator:
            self.filters.append(_filter(item.operator.lower(), item.value, item.minus))
        else:
            term = _term(item)
            self.terms.append(term)
            if not term.negated and not term.prefix:
                self.meant.append(item.value)

    def check(self, following: str) -> None:
        """Whether there is something between the signs."""
        if not (self.terms or self.filters or self.photos):
            if not self.sign and not following:
                raise UsageError(
                    "the query is empty", hint="give words, as: tushuo search dog beach"
                )
            if self.sign or following == "+":
                raise UsageError(
                    f"nothing to search for {'after' if self.sign else 'before'}"
                    f" {self.sign or following!r}",
                    hint="write: horse + beach - people",
                )

    @property
    def factor(self) -> int:
        return -1 if self.sign == "-" else 1

    @property
    def parts(self) -> list[Part]:
        words = [Part(" ".join(self.meant), sign=self.factor)] if self.meant else []
        return words + self.photos

    @property
    def spelt(self) -> list[Term]:
        """What captions shall have; what is taken away, side by side, they shall not have."""
        wanted = [term for term in self.terms if not term.negated]
        if self.factor > 0 or not wanted:
            return self.terms
        together = tuple(word for term in wanted for word in term.words)
        return [replace(wanted[-1], words=together, negated=True)]


def _joined(sums: Sequence[_Sum]) -> Query:
    parts = [part for one in sums for part in one.parts]
    if all(part.sign < 0 for part in parts):  # what is far from something is no answer
        if any(part.photo for part in parts):
            raise UsageError(
                "like: is only taken away", hint="say from what: horse - like:photo.jpg"
            )
        parts = []
    return Query(
        tuple(term for one in sums for term in one.spelt),
        tuple(condition for one in sums for condition in one.filters),
        tuple(parts),
    )


def _items(text: str) -> Iterator[_Item]:
    position, end = 0, len(text)
    while position < end:
        if text[position].isspace():
            position += 1
            continue
        if sign := _SIGN.match(text, position):
            yield _Item(sign="+" if sign[0] in "+＋" else "-")
            position = sign.end()
            continue
        match = _ITEM.match(text, position)
        if match is None or match.end() == position or text[match.end() : match.end() + 1] == '"':
            raise UsageError("a quotation mark stands alone", hint='write "exact phrase"')
        minus, operator, quoted, bare = match.groups()
        is_quoted = quoted is not None
        yield _Item(bool(minus), operator or "", quoted if is_quoted else bare, is_quoted)
        position = match.end()


def _term(item: _Item) -> Term:
    found = words(item.value)
    if not found:
        raise UsageError(f"nothing to search for in {'-' * item.minus + item.value!r:.60}")
    prefix = item.value.endswith("*") and not item.quoted
    return Term(found, item.minus, item.quoted, prefix)


def _photo(item: _Item, factor: int) -> Part:
    if not item.value.strip():
        raise UsageError("like: has no value", hint=_EXAMPLES["like"])
    return Part(item.value, True, -factor if item.minus else factor)


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
    "like": 'write like:photo.jpg or like:"my photo.jpg"',
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
