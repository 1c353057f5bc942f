"""What a search asks for: words, conditions, and a meaning."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OPERATORS", "Filter", "Part", "Query", "Term"]

OPERATORS = ("after", "before", "camera", "path", "lang", "like")

_LONG = 6  # letters


@dataclass(frozen=True)
class Term:
    """Words that a caption has side by side in this order; or, if negated, has not.

    Attributes:
        words: As typed.
        negated: Whether captions with them are left out.
        exact: Whether other inflections of them do not count.
        prefix: Whether the last word is only the beginning of one.
    """

    words: tuple[str, ...]
    negated: bool = False
    exact: bool = False
    prefix: bool = False

    @property
    def fts(self) -> str:
        """The term in the syntax of FTS5; of a prefix somewhat more than it means.

        The index has stems, so that running is found as run; hence a prefix is looked for by its
        first letters only, which no stem lacks, and captions are checked afterwards.
        """
        # words are letters and digits alone, so that nothing in them can end the quotation
        spelt = f'"{" ".join(self.words)}"'
        if not self.prefix:
            return spelt
        *first, last = self.words
        head = " ".join([*first, last[: 2 if len(last) < _LONG else 3]])
        return f'({spelt} OR "{head}" *)'


@dataclass(frozen=True)
class Part:
    """A part of what a query means, to be added or taken away.

    Attributes:
        text: Words, or the path of a photograph.
        photo: Whether it is a path.
        sign: 1 or -1.
    """

    text: str
    photo: bool = False
    sign: int = 1


@dataclass(frozen=True)
class Filter:
    """A condition: one of `OPERATORS` with its value; a date is that of its first day."""

    operator: str
    value: str
    negated: bool = False


@dataclass(frozen=True)
class Query:
    """What a search asks for.

    Attributes:
        terms: Words of captions.
        filters: All of these must hold.
        meaning: What photographs shall be near to; empty if only words and conditions count.
    """

    terms: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    meaning: tuple[Part, ...] = ()

    @property
    def wanted(self) -> str:
        """What captions shall have, in the syntax of FTS5; empty if that is left open."""
        return " AND ".join(term.fts for term in self.terms if not term.negated)
