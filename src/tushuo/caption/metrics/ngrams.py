"""N-grams of a sentence and how often each occurs: what BLEU and CIDEr count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["Ngram", "NgramCounts", "Words", "ngram_counts"]

Words: TypeAlias = Sequence[str]
Ngram: TypeAlias = tuple[str, ...]
NgramCounts: TypeAlias = Counter[Ngram]


def ngram_counts(words: Words, order: int) -> NgramCounts:
    """Count the runs of `order` neighbouring words.

    Args:
        words: The sentence, tokenized.
        order: Length of a run, at least 1.

    Returns:
        Occurrences of each n-gram; empty where the sentence is shorter than `order`.
    """
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))
