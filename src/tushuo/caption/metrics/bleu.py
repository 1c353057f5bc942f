"""Corpus BLEU (Papineni et al., "BLEU: a Method for Automatic Evaluation of MT", ACL 2002)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tushuo.caption.metrics.ngrams import NgramCounts, Words, ngram_counts

__all__ = ["bleu"]

# pycocoevalcap's guards against 0/0; they show where a corpus has no match of some order.
_TINY = 1e-15
_SMALL = 1e-9


def bleu(
    candidates: Sequence[Words], references: Sequence[Sequence[Words]], *, max_order: int = 4
) -> tuple[float, ...]:
    """BLEU-1 to BLEU-`max_order` of a corpus.

    `BLEU-N = BP * (p_1 * ... * p_N) ** (1 / N)` (section 2.3), with the modified n-gram precisions
    `p_n` of section 2.1 and the brevity penalty `BP = min(1, exp(1 - r / c))` of section 2.2. All
    counts are summed over the corpus before dividing. The reference length `r` sums, for each
    candidate, the reference length closest to its own (the shorter on a tie).

    Args:
        candidates: One tokenized caption for each image.
        references: The tokenized references of each image, in the same order.
        max_order: Longest n-gram.

    Returns:
        `max_order` scores from 0 to 1.
    """
    pairs = list(zip(candidates, references, strict=True))
    length = sum(len(candidate) for candidate, _ in pairs)
    reference_length = sum(_closest_length(candidate, several) for candidate, several in pairs)
    penalty = _brevity_penalty(length, reference_length)
    scores = []
    product = 1.0
    for order in range(1, max_order + 1):
        product *= _precision(pairs, order)
        scores.append(penalty * product ** (1 / order))
    return tuple(scores)


def _closest_length(candidate: Words, references: Sequence[Words]) -> int:
    lengths = (len(reference) for reference in references)
    return min(lengths, key=lambda length: (abs(length - len(candidate)), length))


def _brevity_penalty(length: int, reference_length: int) -> float:
    ratio = (length + _TINY) / (reference_length + _SMALL)
    return min(1.0, math.exp(1 - 1 / ratio)) if ratio < 1 else 1.0


def _precision(pairs: Sequence[tuple[Words, Sequence[Words]]], order: int) -> float:
    """Modified n-gram precision: an n-gram counts at most as often as in one reference."""
    matched = guessed = 0
    for candidate, references in pairs:
        counts = ngram_counts(candidate, order)
        matched += (counts & _most_of_each(references, order)).total()
        guessed += counts.total()
    return (matched + _TINY) / (guessed + _SMALL)


def _most_of_each(references: Sequence[Words], order: int) -> NgramCounts:
    most = ngram_counts(references[0], order)
    for reference in references[1:]:
        most |= ngram_counts(reference, order)
    return most
