"""Confidence: the fit, its use in a captioner, and the file that keeps it."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiny import WORDS, tiny_bundle
from tushuo.caption import Calibration, Captioner, fit_calibration
from tushuo.caption.embedding import Embedder
from tushuo.caption.embedding.pieces import PieceList
from tushuo.caption.phrases import count_phrases, fit_phrases
from tushuo.data import SPECIAL_TOKENS
from tushuo.errors import ShapeError, UsageError
from tushuo.models.joint_space import JointSpace


def test_it_is_the_logistic_curve_of_the_score():
    calibration = Calibration(slope=2.0, intercept=1.5)
    assert calibration.confidence(-1.0) == pytest.approx(1 / (1 + exp(0.5)))


@given(st.floats(-1e9, 1e9), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_it_is_a_probability_whatever_happens(score, slope, intercept):
    assert 0 <= Calibration(slope, intercept).confidence(score) <= 1


def test_the_fit_finds_the_curve_that_made_the_data():
    random = np.random.default_rng(0)
    means = random.uniform(-3, 0, 20_000)
    good = random.random(20_000) < 1 / (1 + np.exp(-(3 * means + 4)))
    found = fit_calibration(means, good)
    assert found.slope == pytest.approx(3, abs=0.15)
    assert found.intercept == pytest.approx(4, abs=0.2)
    given_to = np.array([found.confidence(x) for x in means])
    for low in np.arange(0.1, 0.9, 0.1):
        part = (given_to >= low) & (given_to < low + 0.1)
        assert good[part].mean() == pytest.approx(given_to[part].mean(), abs=0.04)


def test_the_fit_is_where_the_likelihood_is_flat():
    means, good = np.array([-3.0, -2.0, -1.5, -1.0, -0.5]), np.array([0, 1, 0, 1, 1], bool)
    found = fit_calibration(means, good)
    targets = np.where(good, 4 / 5, 1 / 4)
    residual = targets - [found.confidence(x) for x in means]
    assert residual.sum() == pytest.approx(0, abs=1e-6)
    assert residual @ means == pytest.approx(0, abs=1e-6)


def test_captions_that_can_be_told_apart_give_no_endless_slope():
    found = fit_calibration([-2.0, -1.9, -0.2, -0.1], [False, False, True, True])
    assert 0 < found.slope < 10


@pytest.mark.parametrize(
    ("means", "good", "error", "message"),
    [
        ([-1.0], [True, False], ShapeError, r"got shapes \(1,\) and \(2,\)"),
        ([-1.0, -2.0], [True, True], UsageError, "got 2 good and 0 bad captions"),
        ([-1.0, -1.0], [True, False], UsageError, "cannot tell them apart"),
    ],
)
def test_what_cannot_be_fitted(means, good, error, message):
    with pytest.raises(error, match=message):
        fit_calibration(means, good)


def test_numbers_that_are_none():
    with pytest.raises(UsageError, match="expected finite numbers"):
        Calibration(float("nan"), 0.0)


def test_captions_tell_their_confidence(captioner, photographs):
    (unknown,) = captioner(photographs[:1])
    assert unknown.confidence is None
    calibration = Calibration(1.0, 2.0)
    sure = Captioner(replace(tiny_bundle(), calibration=calibration))
    (caption,) = sure(photographs[:1])
    for each in (caption, *caption.alternatives):
        assert each.confidence == calibration.confidence(each.score)


def ranking_bundle():
    """Its phrases and its joint space count."""
    bundle, rng = tiny_bundle(), np.random.default_rng(3)
    words = range(len(SPECIAL_TOKENS), len(bundle.vocabulary))
    captions = [[rng.choice(words, size=4).tolist()] for _ in range(12)]
    pooled = rng.normal(size=(12, 1280)).astype(np.float32)
    table = count_phrases(captions, 1)
    phrases = fit_phrases(table, pooled, captions, ridge=0.1, rank=8, directions=6)
    pieces = PieceList(["<pad>", "<text>", *WORDS])
    embedder = Embedder(JointSpace(len(pieces), 1280, 16, 8, rng=5).eval(), pieces)
    decoding = replace(bundle.decoding, phrase_weight=2.0, match_weight=3.0)
    return replace(bundle, phrases=phrases, embedder=embedder, decoding=decoding)


@pytest.mark.parametrize(
    "options", [{"phrase_weight": 0.0}, {"match_weight": 0.0}, {"length_penalty": 0.0}, {"seed": 1}]
)
def test_the_same_sentence_is_as_sure_however_it_was_found(options):
    """The scores of other settings mean something else."""
    bundle = ranking_bundle()
    captioner = Captioner(replace(bundle, calibration=Calibration(1.0, 0.5)))
    features = np.random.default_rng(4).normal(size=(3, 4, 1280))
    if "seed" in options:
        options = {**options, "do_sample": True}
    for own, other in zip(
        captioner.caption_features(features, beams=30, max_words=2),
        captioner.caption_features(features, beams=30, max_words=2, **options),
        strict=True,
    ):
        usual = {each.text: each for each in (own, *own.alternatives)}
        both = [each for each in (other, *other.alternatives) if each.text in usual]
        assert both
        for each in both:
            assert each.confidence == pytest.approx(usual[each.text].confidence, rel=1e-4)
            assert each.score != pytest.approx(usual[each.text].score)
