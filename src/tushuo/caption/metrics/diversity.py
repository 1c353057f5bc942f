"""How varied a set of captions is, whatever it says of the photographs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from tushuo.caption.metrics.bleu import bleu_from_counts, closest_length
from tushuo.caption.metrics.ngrams import Ngram, Words, ngram_counts

__all__ = ["Diversity", "distinct", "diversity", "novel_share", "self_bleu"]

_ORDERS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Diversity:
    """How varied a set of captions is.

    Attributes:
        distinct_1: Share of words that are different ones, see `distinct`.
        distinct_2: The same of pairs of neighbouring words.
        self_bleu: How alike the captions are, see `self_bleu`; None for a single caption.
        vocabulary: How many different words they use.
        mean_length: Words a caption.
        novel: Share of captions that are none of the training captions; None without those.
    """

    distinct_1: float
    distinct_2: float
    self_bleu: float | None
    vocabulary: int
    mean_length: float
    novel: float | None

    def as_dict(self) -> dict[str, float]:
        """The numbers by name, those that are known."""
        named = {
            "distinct-1": self.distinct_1,
            "distinct-2": self.distinct_2,
            "self-BLEU": self.self_bleu,
            "vocabulary": self.vocabulary,
            "length": self.mean_length,
            "novel": self.novel,
        }
        return {name: value for name, value in named.items() if value is not None}


def diversity(captions: Sequence[Words], training: Set[tuple[str, ...]] | None = None) -> Diversity:
    """How varied captions are as one set.

    Args:
        captions: Tokenized captions, at least one.
        training: The tokenized captions that a model has seen.
    """
    return Diversity(
        distinct_1=distinct(captions, 1),
        distinct_2=distinct(captions, 2),
        self_bleu=self_bleu([captions]) if len(captions) > 1 else None,
        vocabulary=len({word for caption in captions for word in caption}),
        mean_length=fmean(map(len, captions)),
        novel=None if training is None else novel_share(captions, training),
    )


def distinct(captions: Sequence[Words], order: int) -> float:
    """Distinct-n: different n-grams over all n-grams of a set, 0 to 1; 0 where there is none.

    Li et al., "A diversity-promoting objective function for neural conversation models", NAACL
    2016, section 5.1. The number falls as sets grow: only sets of one size compare.
    """
    counts = sum((ngram_counts(caption, order) for caption in captions), Counter[Ngram]())
    return len(counts) / counts.total() if counts else 0.0


def novel_share(captions: Sequence[Words], training: Set[tuple[str, ...]]) -> float:
    """The share of captions, 0 to 1, that are, word for word, no training caption."""
    return fmean(tuple(caption) not in training for caption in captions)


def self_bleu(sets: Sequence[Sequence[Words]]) -> float:
    """Self-BLEU: corpus BLEU-4 of each caption against all others of its set; lower is more varied.

    The idea is of Zhu et al., "Texygen", SIGIR 2018, section 3.2, who average sentence BLEU; here,
    as in the mBleu of Shetty et al. (ICCV 2017, section 5.2), counts are summed over all captions
    before dividing, which needs no smoothing.

    Args:
        sets: Sets of tokenized captions, say the alternatives of each photograph, or all captions
            as a single set. A set of one caption has no others, and is left out.

    Returns:
        From 0 to 1, for no set of two or more 0.
    """
    counts = [_self_counts(captions) for captions in sets if len(captions) > 1]
    return float(bleu_from_counts(np.sum(counts, axis=0))[-1]) if counts else 0.0


def _self_counts(captions: Sequence[Words]) -> list[int]:
    """A set's sums of what `bleu_counts` gives, in time linear in its size."""
    lengths = Counter(map(len, captions))
    closest = sum(_closest_other(length, lengths) * n for length, n in lengths.items())
    total = sum(map(len, captions))
    matched = [_self_matched(captions, order) for order in _ORDERS]
    guessed = [sum(max(len(words) - order + 1, 0) for words in captions) for order in _ORDERS]
    return [total, closest, *matched, *guessed]


def _closest_other(length: int, lengths: Counter[int]) -> int:
    """The length closest to that of a caption among those of the others of its set."""
    others = [other for other, n in lengths.items() if other != length or n > 1]
    return closest_length(length, others)


def _self_matched(captions: Sequence[Words], order: int) -> int:
    """N-grams that another caption has, each at most as often as the other that has most."""
    all_counts = [ngram_counts(words, order) for words in captions]
    most: dict[Ngram, tuple[int, int]] = {}  # the two largest counts in one caption
    for counts in all_counts:
        for ngram, n in counts.items():
            first, second = most.get(ngram, (0, 0))
            most[ngram] = (max(first, n), max(second, min(first, n)))
    matched = 0
    for counts in all_counts:
        for ngram, n in counts.items():
            first, second = most[ngram]
            matched += min(n, second if n == first else first)
    return matched
