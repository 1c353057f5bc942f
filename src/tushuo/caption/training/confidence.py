"""The confidence of a captioner's captions, fitted on photographs with known captions.

A caption counts as good where its CIDEr-D is at least half of what people reach among themselves:
the mean CIDEr-D of one person's caption against the others of the same photograph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.caption.captioner import Caption
from tushuo.caption.confidence import Calibration, fit_calibration
from tushuo.caption.metrics import cider_d, tokenize
from tushuo.data import Example
from tushuo.data.words import tokenize as tokenize_words
from tushuo.errors import DatasetError, UsageError

__all__ = [
    "ConfidenceFit",
    "fit_confidence",
    "fit_to_quality",
    "human_cider_d",
    "useful_confidence",
]

GOOD = 0.5  # of people's mean CIDEr-D
FOLDS = 5

Array: TypeAlias = npt.NDArray[Any]
Words: TypeAlias = Sequence[str]


@dataclass(frozen=True)
class ConfidenceFit:
    """A calibration and what it is worth on captions that it was not fitted on.

    Attributes:
        calibration: Fitted on all captions.
        threshold: The CIDEr-D from which a caption counts as good.
        share: The share of good captions.
        auc: How probable it is that a good caption is given more confidence than a bad one.
        brier: Mean squared difference between confidence and outcome.
        constant_brier: The same of a confidence that is always the share of good captions.
        error: Mean difference between confidence and share of good captions, over ten equal bins.
    """

    calibration: Calibration
    threshold: float
    share: float
    auc: float
    brier: float
    constant_brier: float
    error: float


def fit_confidence(
    captions: Sequence[Caption], examples: Sequence[Example], language: str
) -> ConfidenceFit:
    """Fit the confidence of captions.

    Args:
        captions: What a captioner wrote about each photograph, with the settings it will have.
        examples: The photographs with what people wrote, two captions or more each.
        language: "en" or "zh".

    Raises:
        DatasetError: A photograph has a single caption.
        UsageError: Good and bad captions cannot be told apart, as where there are none of one kind.
    """

    def words(text: str) -> list[str]:
        return tokenize_words(text, "zh") if language == "zh" else tokenize(text)

    references = [[words(text) for text in example.captions] for example in examples]
    found = cider_d([words(caption.text) for caption in captions], references)
    ranked = [caption.score for caption in captions]
    return fit_to_quality(np.array(ranked), np.array(found), human_cider_d(references))


def useful_confidence(
    captions: Sequence[Caption],
    examples: Sequence[Example],
    language: str,
    tell: Callable[[str], None],
) -> ConfidenceFit | None:
    """The fit of `fit_confidence`; None, and told, if good captions cannot be told from bad ones.

    Args:
        captions: As of `fit_confidence`, as are the next two.
        examples: The photographs.
        language: "en" or "zh".
        tell: Takes a line for the user.
    """
    try:
        found = fit_confidence(captions, examples, language)
    except (DatasetError, UsageError) as error:
        problem = error.problem
    else:
        if found.auc > 0.5:
            return found
        problem = f"it would be no better than chance (area under the curve {found.auc:.2f})"
    tell(f"note: the captions get no confidence: {problem}")
    return None


def human_cider_d(references: Sequence[Sequence[Words]]) -> float:
    """The mean CIDEr-D of each reference against the others of its photograph.

    Raises:
        DatasetError: A photograph has fewer than two references.
    """
    fewest = min(map(len, references))
    if fewest < 2:
        raise DatasetError("a photograph has a single caption", hint="it takes two or more")
    means = []
    for i in range(fewest):
        one = [several[i] for several in references]
        others = [[*several[:i], *several[i + 1 :]] for several in references]
        means.append(fmean(cider_d(one, others)))
    return fmean(means)


def fit_to_quality(scores: Array, quality: Array, human: float) -> ConfidenceFit:
    """Fit confidence and measure it by cross-validation.

    Args:
        scores: What captions were ranked by, (N,).
        quality: Their CIDEr-D, (N,).
        human: CIDEr-D of people's captions.

    Raises:
        UsageError: Good and bad captions cannot be told apart.
    """
    good = quality >= GOOD * human
    fold = np.arange(len(good)) % FOLDS
    held_out = np.empty(len(good))
    for k in range(FOLDS):
        found = fit_calibration(scores[fold != k], good[fold != k])
        held_out[fold == k] = [found.confidence(score) for score in scores[fold == k]]
    bins = np.array_split(np.argsort(held_out), 10)
    return ConfidenceFit(
        fit_calibration(scores, good),
        GOOD * human,
        float(good.mean()),
        _auc(held_out, good),
        float(((held_out - good) ** 2).mean()),
        float(good.mean() * (1 - good.mean())),
        fmean(abs(float(held_out[part].mean() - good[part].mean())) for part in bins if len(part)),
    )


def _auc(values: Array, good: Array) -> float:
    """By the rank sum of Mann and Whitney; equal values count as ordered at random."""
    less = (values[good][:, None] > values[~good][None]).mean()
    equal = (values[good][:, None] == values[~good][None]).mean()
    return float(less + equal / 2)
