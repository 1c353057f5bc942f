"""Which words may come next: ends, lengths, repetitions, words to include and to leave out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tushuo.caption.decoding.settings import Decoding
from tushuo.caption.decoding.step import Array
from tushuo.errors import UsageError

__all__ = ["Rules"]


_COMPLETE = 2


class Shared(NamedTuple):
    """What may not follow several sentences.

    Attributes:
        refused: Which words, bool (V,).
        free: How many others there are.
    """

    refused: npt.NDArray[np.bool_]
    free: int


class Rules:
    """Which words may follow a sentence. There is always one, so there is always a caption.

    Args:
        settings: Lengths, repetitions, words to include and exclude.
        eos: The id that ends a sentence.
        never: Ids that are never chosen.
        words: V.

    Raises:
        UsageError: No word is left, or one to include is not allowed or out of range.
    """

    def __init__(self, settings: Decoding, eos: int, never: Iterable[int], words: int) -> None:
        self.settings = settings
        self.include = frozenset(settings.include)
        self._eos = eos
        self._words = np.full(words, True)
        self._words[sorted({*never, *_in_range(settings.exclude, words), eos})] = False
        self._never_yet = np.flatnonzero(~self._words)
        self._never = self._never_yet[self._never_yet != eos]
        self._shared: list[Shared | None] = [None] * 3  # too short to end, long enough, complete
        if not self._words.any():
            raise UsageError(f"all {words} words are forbidden")
        for word in _in_range(settings.include, words):
            if not self._words[word]:
                raise UsageError(f"the word of number {word} cannot be included: it is forbidden")

    def restrict(self, log_probs: Array, sentences: Sequence[tuple[int, ...]]) -> None:
        """Make the log-probabilities (R, V) of words -inf that may not follow each sentence."""
        for row, ids in zip(log_probs, sentences, strict=True):
            row[self._refused(ids)] = -np.inf

    def shared(self, length: int) -> Shared | None:
        """What is refused after all sentences of a length alike; None if that differs."""
        if self.include or self.settings.no_repeat_ngram_size:
            return None
        end = self.settings.max_words
        case = _COMPLETE if length == end else int(length >= self.settings.min_words)
        if self._shared[case] is None:
            refused = ~self.allowed((self._eos,) * length)  # which words they are does not count
            self._shared[case] = Shared(refused, int(np.count_nonzero(~refused)))
        return self._shared[case]

    def _refused(self, ids: tuple[int, ...]) -> Array:
        """What picks the words that may not follow a sentence."""
        settings = self.settings
        if self.include or settings.no_repeat_ngram_size or len(ids) == settings.max_words:
            return ~self.allowed(ids)
        return self._never if len(ids) >= settings.min_words else self._never_yet

    def allowed(self, ids: tuple[int, ...]) -> Array:
        """Which words may follow a sentence, bool (V,)."""
        left = self.settings.max_words - len(ids)
        missing = self.include.difference(ids)
        may_end = len(ids) >= self.settings.min_words and not missing
        if left == 0:
            return self._only({self._eos})
        if left == len(missing):
            return self._only(missing)
        allowed = self._words.copy()
        allowed[self._eos] = may_end
        fresh = allowed.copy()
        fresh[self._repeating(ids)] = False
        return fresh if fresh.any() else allowed

    def banks(self, sentences: Iterable[tuple[int, ...]]) -> Array:
        """How many words to include each continuation has, int (R, V)."""
        missing = [self.include.difference(ids) for ids in sentences]
        counts = np.zeros((len(missing), len(self._words)), dtype=np.int64)
        for row, words in zip(counts, missing, strict=True):
            row += len(self.include) - len(words)
            row[list(words)] += 1
        return counts

    def _only(self, ids: Iterable[int]) -> Array:
        mask = np.zeros(len(self._words), dtype=bool)
        mask[list(ids)] = True
        return mask

    def _repeating(self, ids: tuple[int, ...]) -> list[int]:
        """The words that would end a run which the sentence has already."""
        size = self.settings.no_repeat_ngram_size
        if not 0 < size <= len(ids):
            return []
        last = ids[len(ids) - size + 1 :]
        places = range(len(ids) - size + 1)
        return [ids[i + size - 1] for i in places if ids[i : i + size - 1] == last]


def _in_range(ids: tuple[int, ...], words: int) -> tuple[int, ...]:
    for word in ids:
        if not 0 <= word < words:
            raise UsageError(f"word {word} is out of range", hint=f"expected 0 to {words - 1}")
    return ids
