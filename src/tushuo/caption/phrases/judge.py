"""Sentences judged by what people would say, while they are written and in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tushuo.caption.decoding import Decoding, Hypothesis
from tushuo.caption.phrases.phrases import Phrases
from tushuo.caption.phrases.table import LONGEST, Floats

__all__ = ["Judge", "judges_of"]


_TRUST = 0.5
"""How much of it counts while a sentence is written: it is a guess then. Chosen on dev."""


class Judge:
    """Judges sentences about one photograph.

    Choosing from what a search has found the sentence that others would agree with is consensus
    reranking (Devlin et al., "Exploring nearest neighbor approaches for image captioning", 2015,
    section 3); here what others say is predicted, as the words of Fang et al., "From captions to
    visual concepts and back" (2015), section 3. Such sentences have to be found first: so each
    phrase that a sentence completes counts already while it is written.

    Args:
        phrases: Know which phrases a sentence is made of.
        expected: What is predicted for the photograph, (P,).
        settings: Of the search: `phrase_weight` is what an agreement of 1, on the scale of CIDEr,
            adds to a score.
        words: V, of the vocabulary.
    """

    def __init__(self, phrases: Phrases, expected: Floats, settings: Decoding, words: int) -> None:
        self._phrases, self._expected = phrases, expected
        self._weight = settings.phrase_weight
        # a score is a log-probability over a power of the length, which is not known yet
        power = (phrases.table.length + 1) ** settings.length_penalty
        self._gains = _TRUST * power * self._weight * phrases.gains(expected)
        self._single = self._added(np.zeros(words, np.float32), ())

    def __call__(self, sentence: tuple[int, ...]) -> Floats:
        """What each next word (V,) adds to a log-probability, about, by phrases it completes."""
        gains = self._single.copy()
        for start in range(max(0, len(sentence) - LONGEST + 1), len(sentence)):
            self._added(gains, sentence[start:])
        return gains

    def ranked(self, sentences: Sequence[Hypothesis]) -> list[Hypothesis]:
        """The sentences with their agreement in their scores, best first."""
        agreement = self._phrases.agreement
        scored = [
            replace(one, score=one.score + self._weight * agreement(self._expected, one.ids))
            for one in sentences
        ]
        return sorted(scored, key=lambda one: -one.score)

    def _added(self, gains: Floats, begun: tuple[int, ...]) -> Floats:
        """The gains (V,), with those of the words that complete a phrase."""
        words, places = self._phrases.table.following(begun)
        gains[words] += self._gains[places]
        return gains


def judges_of(
    phrases: Phrases | None, features: Floats, settings: Decoding, words: int
) -> list[Judge] | None:
    """A judge for each photograph; None where sentences are drawn, or likelihood is all.

    Args:
        phrases: The captioner's.
        features: Feature maps with places in rows, (N, L, D).
        settings: Of the search.
        words: V, of the vocabulary.
    """
    if phrases is None or not settings.phrase_weight or settings.do_sample:
        return None
    return [Judge(phrases, one, settings, words) for one in phrases.expected(features)]
