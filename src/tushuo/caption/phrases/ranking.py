"""Sentences of a search, ranked anew by what people would say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tushuo.caption.decoding import Hypothesis
from tushuo.caption.phrases.phrases import Phrases
from tushuo.caption.phrases.table import Floats

__all__ = ["reranked"]


def reranked(
    sentences: Sequence[Hypothesis], phrases: Phrases, expected: Floats, weight: float
) -> list[Hypothesis]:
    """The sentences about one photograph, best first, their scores raised by their agreement.

    Choosing from what a search has found the sentence that others would agree with is consensus
    reranking (Devlin et al., "Exploring nearest neighbor approaches for image captioning", 2015,
    section 3); here what others say is predicted, as the words of Fang et al., "From captions to
    visual concepts and back" (2015), section 3.

    Args:
        sentences: From the search.
        phrases: Know which phrases a sentence is made of.
        expected: What is predicted for the photograph, (P,).
        weight: What an agreement of 1, on the scale of CIDEr, adds to a score.
    """
    scored = [
        replace(one, score=one.score + weight * phrases.agreement(expected, one.ids))
        for one in sentences
    ]
    return sorted(scored, key=lambda one: -one.score)
