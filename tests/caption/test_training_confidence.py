"""The confidence that is fitted to captions with scores, and what it is worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tushuo.caption import Calibration, Caption
from tushuo.caption.metrics import cider_d
from tushuo.caption.training import confidence
from tushuo.caption.training.confidence import (
    ConfidenceFit,
    fit_confidence,
    fit_to_quality,
    human_cider_d,
    useful_confidence,
)
from tushuo.data import Example
from tushuo.errors import DatasetError, UsageError


def test_people_against_each_other():
    references = [[["a", "dog"], ["a", "dog"]], [["two", "cats"], ["a", "red", "cat"]]]
    forward = cider_d([r[0] for r in references], [r[1:] for r in references])
    back = cider_d([r[1] for r in references], [r[:1] for r in references])
    assert human_cider_d(references) == pytest.approx(np.mean([forward, back]))
    with pytest.raises(DatasetError, match="a photograph has a single caption"):
        human_cider_d([[["a"]]])


def test_what_a_fit_is_worth():
    random = np.random.default_rng(0)
    means = random.uniform(-3, 0, 4000)
    scores = (random.random(4000) < 1 / (1 + np.exp(-(4 * means + 6)))).astype(float)
    found = fit_to_quality(means, scores, human=1.0)
    assert found.threshold == 0.5
    assert found.share == scores.mean()
    assert found.calibration.slope == pytest.approx(4, abs=0.4)
    assert 0.94 < found.auc < 0.97
    assert found.brier < 0.7 * found.constant_brier
    assert found.error < 0.04
    useless = fit_to_quality(random.permutation(means), scores, human=1.0)
    assert useless.auc == pytest.approx(0.5, abs=0.06)


def caption(text: str, logprob: float) -> Caption:
    words = tuple(text.split())
    return Caption(text, words, logprob, logprob, np.zeros((len(words), 1, 1), np.float32))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_captions_that_people_would_write_are_the_good_ones(language):
    names = {"en": [f"dog number {i} runs" for i in range(20)], "zh": [*"狗猫马牛羊鸡鸭鱼鸟龙" * 2]}
    examples = [
        Example(Path(f"{i}.png"), (text, f"{text} {text}"), "dev")
        for i, text in enumerate(names[language])
    ]
    good = [i % 3 > 0 for i in range(20)]
    made = [
        caption(text if right else "丑 other words", -1.0 - (i % 2) if right else -9.0)
        for i, (text, right) in enumerate(zip(names[language], good, strict=True))
    ]
    found = fit_confidence(made, examples, language)
    assert found.share == np.mean(good)
    assert found.auc == 1
    assert found.calibration.confidence(-1) > 0.5 > found.calibration.confidence(-9)


def test_captions_that_are_all_bad_cannot_be_told_apart():
    examples = [Example(Path(f"{i}.png"), (f"dog {i}", f"dog {i}"), "dev") for i in range(10)]
    with pytest.raises(UsageError, match="got 0 good and 8 bad captions"):
        fit_confidence([caption("x", -1.0 - i) for i in range(10)], examples, "en")


@pytest.mark.parametrize("auc", [0.8, 0.5])
def test_a_confidence_no_better_than_chance_is_left_out(monkeypatch, auc):
    fit = ConfidenceFit(Calibration(2.0, 1.0), 0.4, 0.5, auc, 0.2, 0.25, 0.01)
    monkeypatch.setattr(confidence, "fit_confidence", lambda *_: fit)
    told: list[str] = []
    assert useful_confidence([], [], "en", told.append) == (fit if auc > 0.5 else None)
    useless = "note: the captions get no confidence: it would be no better than chance"
    assert told == ([] if auc > 0.5 else [f"{useless} (area under the curve 0.50)"])
