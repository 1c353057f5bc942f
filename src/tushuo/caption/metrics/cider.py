"""CIDEr and CIDEr-D: does a caption say what people agree on about the image?

Vedantam, Zitnick and Parikh, "CIDEr: Consensus-based Image Description Evaluation", CVPR 2015
(arXiv:1411.5726), whose equations are cited here.

Each caption becomes one tf-idf vector for every n-gram length: an n-gram weighs more the oftener it
stands in the caption, and less the more images have it among their references (eq. 1). A candidate
scores by the cosine of its vectors with those of each reference. Words are not stemmed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tushuo.caption.metrics.ngrams import Ngram, NgramCounts, Words, ngram_counts

__all__ = ["CiderD", "cider", "cider_d"]

_ORDERS = (1, 2, 3, 4)
_SIGMA = 6.0
_SCALE = 10.0

_Weights: TypeAlias = dict[Ngram, float]


@dataclass(frozen=True, slots=True)
class _Vectors:
    """The tf-idf weights of a caption and their Euclidean norms, one of each per n-gram length."""

    weights: list[_Weights]
    norms: list[float]
    length: int


_Similarity: TypeAlias = Callable[[_Vectors, _Vectors], float]


def cider(candidates: Sequence[Words], references: Sequence[Sequence[Words]]) -> list[float]:
    """CIDEr of each image: the mean cosine over the references and n-gram lengths (eqs. 2 and 3).

    Scaled by 10 as CIDEr-D is, so that the two compare; the paper's own CIDEr has no such factor.

    Args:
        candidates: One tokenized caption for each image.
        references: The tokenized references of each image, in the same order; document frequencies
            are counted over these images.

    Returns:
        One score from 0 to 10 for each image. The score of the corpus is their mean.
    """
    return _scores(candidates, references, _cosine)


def cider_d(candidates: Sequence[Words], references: Sequence[Sequence[Words]]) -> list[float]:
    """CIDEr-D of each image: CIDEr made hard to game (eq. 4), as pycocoevalcap's `Cider` has it.

    Repeating a rewarded n-gram is clipped to the reference's weight, a Gaussian (sigma 6) punishes
    a length other than the reference's, and the result is scaled by 10.

    Args:
        candidates: One tokenized caption for each image.
        references: The tokenized references of each image, in the same order; document frequencies
            are counted over these images.

    Returns:
        One score from 0 to 10 for each image. The score of the corpus is their mean.
    """
    return _scores(candidates, references, _clipped_cosine)


class CiderD:
    """CIDEr-D against references that stay the same, whose vectors are computed once.

    Args:
        references: The tokenized references of each image; document frequencies are counted over
            these images.
    """

    def __init__(self, references: Sequence[Sequence[Words]]) -> None:
        self._rarity = _inverse_document_frequency(references)
        self._unseen = math.log(len(references))
        self._references = [[self._vectors(one) for one in several] for several in references]

    def __call__(self, candidate: Words, image: int) -> float:
        """The score, from 0 to 10, of a tokenized caption of the image of that number."""
        ours, several = self._vectors(candidate), self._references[image]
        return _SCALE * sum(_clipped_cosine(ours, theirs) for theirs in several) / len(several)

    def _vectors(self, words: Words) -> _Vectors:
        return _vectors(words, self._rarity, self._unseen)


def _scores(
    candidates: Sequence[Words], references: Sequence[Sequence[Words]], similarity: _Similarity
) -> list[float]:
    rarity = _inverse_document_frequency(references)
    unseen = math.log(len(references))
    scores = []
    for candidate, several in zip(candidates, references, strict=True):
        vectors = _vectors(candidate, rarity, unseen)
        total = sum(similarity(vectors, _vectors(one, rarity, unseen)) for one in several)
        scores.append(_SCALE * total / len(several))
    return scores


def _inverse_document_frequency(references: Sequence[Sequence[Words]]) -> _Weights:
    """`log(images / images that have the n-gram in some reference)`, second factor of eq. 1."""
    images: NgramCounts = Counter()
    for several in references:
        images.update({ngram for one in several for n in _ORDERS for ngram in ngram_counts(one, n)})
    return {ngram: math.log(len(references) / count) for ngram, count in images.items()}


def _vectors(words: Words, rarity: _Weights, unseen: float) -> _Vectors:
    # Counts stand for term frequencies: the cosine cancels the division by the caption's length.
    weights = [
        {
            ngram: count * rarity.get(ngram, unseen)
            for ngram, count in ngram_counts(words, n).items()
        }
        for n in _ORDERS
    ]
    norms = [math.hypot(*each.values()) for each in weights]
    # pycocoevalcap measures length in pairs of words; it differs for the empty caption only.
    return _Vectors(weights, norms, length=max(len(words) - 1, 0))


def _cosine(candidate: _Vectors, reference: _Vectors) -> float:
    return _mean_over_orders(candidate, reference, lambda ours, theirs: ours * theirs)


def _clipped_cosine(candidate: _Vectors, reference: _Vectors) -> float:
    clipped = _mean_over_orders(
        candidate, reference, lambda ours, theirs: min(ours, theirs) * theirs
    )
    difference = candidate.length - reference.length
    return clipped * math.exp(-(difference**2) / (2 * _SIGMA**2))


def _mean_over_orders(
    candidate: _Vectors, reference: _Vectors, product: Callable[[float, float], float]
) -> float:
    total = 0.0
    for ours, theirs, norm, other in zip(
        candidate.weights, reference.weights, candidate.norms, reference.norms, strict=True
    ):
        if norm and other:
            shared = ours.keys() & theirs.keys()
            total += sum(product(ours[ngram], theirs[ngram]) for ngram in shared) / (norm * other)
    return total / len(_ORDERS)
