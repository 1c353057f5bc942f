"""The phrases that are known, and how much of a sentence each of them is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.data import EOS
from tushuo.errors import UsageError

__all__ = ["LONGEST", "Phrase", "PhraseTable", "Shares", "phrases_of"]

LONGEST = 4
"""Words in a phrase, as in CIDEr."""

Phrase: TypeAlias = tuple[int, ...]
Floats: TypeAlias = npt.NDArray[np.float32]


class Shares(NamedTuple):
    """How much of a sentence its known phrases are."""

    places: npt.NDArray[np.int64]  # (S,), numbers of phrases
    values: Floats  # (S,), those of each length have the Euclidean norm 1


class Following(NamedTuple):
    """How phrases go on."""

    words: npt.NDArray[np.int64]  # (F,)
    places: npt.NDArray[np.int64]  # (F,), numbers of phrases


_NOTHING = Following(np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True, eq=False)
class PhraseTable:
    """Known phrases.

    Args:
        phrases: Runs of one to four words' ids, each once.
        rarity: The logarithm of one over the share of photographs that each phrase is said of,
            positive, (P,).
        norms: Those of usual sentences: the Euclidean norm of count times rarity over a sentence's
            phrases of one word, of two and so on, (4,).
        length: Words of a usual sentence.

    Raises:
        UsageError: They do not fit each other, or a value is out of range.
    """

    phrases: tuple[Phrase, ...]
    rarity: Floats
    norms: Floats
    length: float

    def __post_init__(self) -> None:
        if self.rarity.shape != (len(self.phrases),):
            raise UsageError(f"{len(self.phrases)} phrases, but rarities {self.rarity.shape}")
        if self.norms.shape != (LONGEST,):
            raise UsageError(f"phrases: norms: got {self.norms.shape}, expected ({LONGEST},)")
        length = np.array([self.length], np.float32)
        for what, found in (("rarity", self.rarity), ("norm", self.norms), ("length", length)):
            if not (np.isfinite(found) & (found > 0)).all():
                raise UsageError(f"phrases: a {what} is not positive, or not finite")
        if not all(1 <= len(phrase) <= LONGEST for phrase in self.phrases):
            raise UsageError(f"phrases: one has not 1 to {LONGEST} words")
        if len(self._places) < len(self.phrases):
            raise UsageError("phrases: one comes twice")

    def __len__(self) -> int:
        return len(self.phrases)

    def shares(self, sentence: Sequence[int]) -> Shares:
        """The tf-idf weights of a sentence's phrases, each length of phrase with norm 1.

        As CIDEr's vectors: Vedantam et al., "CIDEr: consensus-based image description evaluation"
        (2015), eq. 1 and 2, with the end of the sentence as a word.

        Args:
            sentence: Ids of words, without begin and end token.
        """
        places: list[int] = []
        values: list[float] = []
        known = self._places
        counts: list[dict[int, int]] = [{} for _ in range(LONGEST)]
        for phrase, count in phrases_of(sentence).items():
            if phrase in known:
                counts[len(phrase) - 1][known[phrase]] = count
        for same_length in counts:
            found = list(same_length)
            weights = self.rarity[found] * list(same_length.values()) if found else np.zeros(0)
            places += found
            values += list(weights / np.linalg.norm(weights)) if found else []
        return Shares(np.array(places, np.int64), np.array(values, np.float32))

    @cached_property
    def usual(self) -> Floats:
        """The weight of each phrase in a sentence of usual norms that has it once, (P,)."""
        found: Floats = self.rarity / self.norms[[len(phrase) - 1 for phrase in self.phrases]]
        return found

    def following(self, begun: Phrase) -> Following:
        """The words that make a phrase of its beginning, and the numbers of the phrases."""
        return self._following.get(begun, _NOTHING)

    @cached_property
    def _following(self) -> dict[Phrase, Following]:
        begun: dict[Phrase, list[tuple[int, int]]] = defaultdict(list)
        for place, phrase in enumerate(self.phrases):
            begun[phrase[:-1]].append((phrase[-1], place))
        return {start: Following(*np.array(pairs).T) for start, pairs in begun.items()}

    @cached_property
    def _places(self) -> dict[Phrase, int]:
        return {phrase: place for place, phrase in enumerate(self.phrases)}


def phrases_of(sentence: Sequence[int]) -> Counter[Phrase]:
    """How often each run of one to four words comes in a sentence, its end counted as a word."""
    return Counter(_runs((*sentence, EOS)))


def _runs(words: Phrase) -> Iterator[Phrase]:
    for length in range(1, LONGEST + 1):
        for start in range(len(words) - length + 1):
            yield words[start : start + length]
