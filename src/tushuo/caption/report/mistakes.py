"""Words of a caption that no person used for the photograph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tushuo.caption.metrics import tokenize
from tushuo.caption.report.words import CONTRADICTING, GROUPS

__all__ = ["Mistake", "find_mistakes", "mistake_shares"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A word that no reference supports. People may only have left it out: it is a hint to look.

    Attributes:
        group: "colour", "count", "gender", "object" or "action".
        word: The caption's word.
        contradicts: Whether references have other words of the group: "red" where people wrote
            "blue". Always false for objects and actions, of which a photograph has many.
        instead: Those other words, most frequent first.
    """

    group: str
    word: str
    contradicts: bool
    instead: tuple[str, ...]


def find_mistakes(caption: str, references: Sequence[str]) -> list[Mistake]:
    """The words of an English caption that its references do not support, group by group.

    Args:
        caption: The caption.
        references: What people wrote.
    """
    words = dict.fromkeys(tokenize(caption))
    written = Counter(word for text in references for word in set(tokenize(text)))
    return [
        _mistake(group, word, written)
        for group, supporting in GROUPS.items()
        for word in words
        if word in supporting and not supporting[word] & written.keys()
    ]


def mistake_shares(mistakes: Iterable[Sequence[Mistake]]) -> dict[str, tuple[float, float]]:
    """For each group the share of captions with a mistake, and with one that contradicts.

    Args:
        mistakes: Of each caption, at least one caption.
    """
    found = list(mistakes)
    unsupported = Counter(g for each in found for g in {m.group for m in each})
    against = Counter(g for each in found for g in {m.group for m in each if m.contradicts})
    return {g: (unsupported[g] / len(found), against[g] / len(found)) for g in GROUPS}


def _mistake(group: str, word: str, written: Counter[str]) -> Mistake:
    if group not in CONTRADICTING:
        return Mistake(group, word, False, ())
    others = tuple(other for other, _ in written.most_common() if other in GROUPS[group])
    return Mistake(group, word, bool(others), others)
