"""ROUGE-L (Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", ACL 2004, section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from tushuo.caption.metrics.ngrams import Words

__all__ = ["rouge_l"]

_BETA = 1.2


def rouge_l(candidates: Sequence[Words], references: Sequence[Sequence[Words]]) -> list[float]:
    """ROUGE-L of each image: an F-measure of the longest common subsequence (eqs. 2 to 4).

    As in pycocoevalcap, the best precision and the best recall over the references are joined, with
    recall weighted by `beta = 1.2`.

    Args:
        candidates: One tokenized caption for each image.
        references: The tokenized references of each image, in the same order.

    Returns:
        One score from 0 to 1 for each image. The score of the corpus is their mean.
    """
    pairs = zip(candidates, references, strict=True)
    return [_f_measure(candidate, several) for candidate, several in pairs]


def _f_measure(candidate: Words, references: Sequence[Words]) -> float:
    # pycocoevalcap takes an empty caption for one empty word.
    words = candidate or [""]
    others = [reference or [""] for reference in references]
    common = [_longest_common_subsequence(words, other) for other in others]
    precision = max(common) / len(words)
    recall = max(length / len(other) for length, other in zip(common, others, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def _longest_common_subsequence(first: Words, second: Words) -> int:
    """Length of the longest sequence of words, gaps allowed, that both have in this order."""
    best = [0] * (len(second) + 1)  # row of the table: second[:j] against what is read of first
    for word in first:
        diagonal = 0
        for j, other in enumerate(second, start=1):
            longest = diagonal + 1 if word == other else max(best[j], best[j - 1])
            diagonal, best[j] = best[j], longest
    return best[-1]
