"""Corpus BLEU (Papineni et al., "BLEU: a Method for Automatic Evaluation of MT", ACL 2002)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.caption.metrics.ngrams import NgramCounts, Words, ngram_counts

__all__ = ["bleu", "bleu_counts", "bleu_from_counts"]

Counts: TypeAlias = npt.NDArray[Any]

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
    counts = bleu_counts(candidates, references, max_order=max_order)
    return tuple(bleu_from_counts(counts.sum(axis=0)).tolist())


def bleu_counts(
    candidates: Sequence[Words], references: Sequence[Sequence[Words]], *, max_order: int = 4
) -> Counts:
    """What BLEU needs to know of each image; sums of rows give the BLEU of any set of images.

    Args:
        candidates: One tokenized caption for each image.
        references: The tokenized references of each image, in the same order.
        max_order: N, the longest n-gram.

    Returns:
        int64 (images, 2 + 2 N): length of the caption, closest reference length, matched n-grams of
        each order, n-grams of each order.
    """
    orders = range(1, max_order + 1)
    rows = [
        [
            len(candidate),
            closest_length(len(candidate), [len(reference) for reference in several]),
            *(_matched(candidate, several, order) for order in orders),
            *(max(len(candidate) - order + 1, 0) for order in orders),
        ]
        for candidate, several in zip(candidates, references, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 2 + 2 * max_order)


def bleu_from_counts(sums: npt.ArrayLike) -> Counts:
    """BLEU of summed counts.

    Args:
        sums: (..., 2 + 2 N), sums of rows of `bleu_counts`.

    Returns:
        float64 (..., N): BLEU-1 to BLEU-N.
    """
    values = np.asarray(sums, dtype=np.float64)
    orders = (values.shape[-1] - 2) // 2
    lengths, matched, guessed = np.split(values, [2, 2 + orders], axis=-1)
    products = np.cumprod((matched + _TINY) / (guessed + _SMALL), axis=-1)
    ratio = (lengths[..., :1] + _TINY) / (lengths[..., 1:] + _SMALL)
    penalty = np.exp(np.minimum(0.0, 1 - 1 / ratio))
    scores: Counts = penalty * products ** (1 / np.arange(1, orders + 1))
    return scores


def closest_length(length: int, others: Sequence[int]) -> int:
    """The reference length closest to a caption's, the shorter on a tie."""
    return min(others, key=lambda other: (abs(other - length), other))


def _matched(candidate: Words, references: Sequence[Words], order: int) -> int:
    """An n-gram counts at most as often as in one reference."""
    most: NgramCounts = ngram_counts(references[0], order)
    for reference in references[1:]:
        most |= ngram_counts(reference, order)
    return (ngram_counts(candidate, order) & most).total()
