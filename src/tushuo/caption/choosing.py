"""How a captioner ranks the sentences that were found about photographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tushuo.caption.bundle import Bundle
from tushuo.caption.decoding import Decoding, Hypothesis
from tushuo.caption.matching import matched
from tushuo.caption.phrases import Judge, judges_of

__all__ = ["Found", "confidences", "judged", "ranked_by_match"]

Found = Sequence[Sequence[Hypothesis]]
"""One sentence or more about each of N photographs."""

Worded = Callable[[Sequence[int]], str]
"""Makes a text of a sentence's ids."""

Floats = npt.NDArray[np.float32]

_OF_SCORES = ("length_penalty", "phrase_weight", "match_weight", "do_sample")


def judged(found: Found, judges: Sequence[Judge] | None) -> Found:
    """The sentences with what people would say in their scores, best first.

    Args:
        found: Sentences.
        judges: One for each photograph; None where phrases do not count.
    """
    if judges is None:
        return found
    return [judge.ranked(several) for judge, several in zip(judges, found, strict=True)]


def ranked_by_match(
    found: Found, features: Floats, bundle: Bundle, settings: Decoding, worded: Worded
) -> Found:
    """The sentences with their likeness to the photograph in their scores, best first.

    Args:
        found: Sentences.
        features: Feature maps with places in rows, (N, L, D).
        bundle: The captioner's.
        settings: Of the search.
        worded: Makes a text of ids.
    """
    if bundle.embedder is None or not settings.match_weight or settings.do_sample or not found:
        return found
    return matched(found, features, bundle.embedder, settings.match_weight, worded)


def confidences(
    found: Found, features: Floats, bundle: Bundle, settings: Decoding, worded: Worded
) -> list[list[float | None]]:
    """How sure the captioner is of sentences, in the same order; None where that is not known.

    It depends on the scores that its own settings give them, however they were found.

    Args:
        found: Sentences, with the scores that the settings of their search gave them.
        features: Feature maps with places in rows, (N, L, D).
        bundle: The captioner's.
        settings: Of the search.
        worded: Makes a text of ids.
    """
    if bundle.calibration is None:
        return [[None] * len(several) for several in found]
    scores = _own_scores(found, features, bundle, settings, worded)
    return [[bundle.calibration.confidence(score) for score in several] for several in scores]


def _own_scores(
    found: Found, features: Floats, bundle: Bundle, settings: Decoding, worded: Worded
) -> list[list[float]]:
    own = bundle.decoding
    if all(getattr(own, name) == getattr(settings, name) for name in _OF_SCORES):
        return [[one.score for one in several] for several in found]
    again: Found = [
        [replace(one, score=own.score(one.logprob, len(one.ids))) for one in several]
        for several in found
    ]
    again = judged(again, judges_of(bundle.phrases, features, own, len(bundle.vocabulary)))
    again = ranked_by_match(again, features, bundle, own, worded)
    scores = [{one.ids: one.score for one in several} for several in again]
    return [[mine[one.ids] for one in several] for mine, several in zip(scores, found, strict=True)]
