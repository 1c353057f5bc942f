"""Fit the confidence of a bundle's captions on photographs with known captions.

Usage:
    python scripts/fit_confidence.py BUNDLE --data DIR [--captions FILE] [--split dev] [--write]

A caption counts as good where its CIDEr-D is at least half of what people reach among themselves on
the split: the mean CIDEr-D of one person's caption against the others of the same photograph. The
logistic curve through good and bad captions (see `tushuo.caption.Calibration`) is printed with what
it is worth, measured by cross-validation. With --write it goes into the bundle's
generation_config.json, whose other settings stay.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.caption import Calibration, caption_files, fit_calibration, load_captioner
from tushuo.caption.generation_config import change_generation_config
from tushuo.caption.metrics import cider_d, tokenize
from tushuo.data import Found, load_captions
from tushuo.data.words import tokenize as tokenize_words
from tushuo.errors import DatasetError, TushuoError

GOOD = 0.5  # of people's mean CIDEr-D
FOLDS = 5

Array: TypeAlias = npt.NDArray[Any]
Words: TypeAlias = Sequence[str]


@dataclass(frozen=True)
class Fit:
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


def fit(means: Array, scores: Array, human: float) -> Fit:
    """Fit confidence and measure it by cross-validation.

    Args:
        means: Log-probability over words and end of each caption, (N,).
        scores: Their CIDEr-D, (N,).
        human: CIDEr-D of people's captions.
    """
    good = scores >= GOOD * human
    fold = np.arange(len(good)) % FOLDS
    held_out = np.empty(len(good))
    for k in range(FOLDS):
        found = fit_calibration(means[fold != k], good[fold != k])
        held_out[fold == k] = [found.confidence(mean, 0) for mean in means[fold == k]]
    bins = np.array_split(np.argsort(held_out), 10)
    return Fit(
        fit_calibration(means, good),
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


def measure(bundle: Path, data: Path, captions: str | None, split: str) -> Fit:
    """Caption a split with a bundle's own settings, score the captions and fit.

    Raises:
        TushuoError: The bundle or the data cannot be used.
    """
    captioner = load_captioner(bundle)
    examples = load_captions(data, captions).examples(split)
    chinese = captioner.bundle.vocabulary.language == "zh"

    def words(text: str) -> list[str]:
        return tokenize_words(text, "zh") if chinese else tokenize(text)

    made = []
    for outcome in caption_files(captioner, (Found(example.image) for example in examples)):
        if outcome.error is not None:
            raise outcome.error
        if outcome.result is not None:
            made.append(outcome.result)
    references = [[words(text) for text in example.captions] for example in examples]
    scores = cider_d([words(caption.text) for caption in made], references)
    means = [caption.logprob / (len(caption.words) + 1) for caption in made]
    return fit(np.array(means), np.array(scores), human_cider_d(references))


def main() -> int:
    """Reads the command line; the exit status is 1 when the bundle or the data cannot be used."""
    parser = argparse.ArgumentParser(description="Fit the confidence of a bundle's captions.")
    parser.add_argument("bundle", type=Path, help="the bundle's folder")
    parser.add_argument("--data", type=Path, required=True, help="the folder of a data set")
    parser.add_argument("--captions", help="the caption file, where the folder has several")
    parser.add_argument("--split", default="dev", help="never the one it was trained on")
    parser.add_argument("--write", action="store_true", help="change generation_config.json")
    options = parser.parse_args()
    try:
        found = measure(options.bundle, options.data, options.captions, options.split)
    except TushuoError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(found), indent=2))
    if options.write:
        change_generation_config(options.bundle, confidence=asdict(found.calibration))
    return 0


if __name__ == "__main__":
    sys.exit(main())
