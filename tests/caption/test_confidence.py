"""Confidence: the fit, its use in a captioner, and the file that keeps it."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiny import tiny_bundle
from tushuo.caption import Calibration, Captioner, fit_calibration
from tushuo.errors import ShapeError, UsageError


def test_it_is_the_logistic_curve_of_the_mean_word():
    calibration = Calibration(slope=2.0, intercept=1.5)
    assert calibration.confidence(-6.0, words=5) == pytest.approx(1 / (1 + exp(0.5)))


@given(st.floats(-1e9, 0), st.integers(1, 50), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_it_is_a_probability_whatever_happens(logprob, words, slope, intercept):
    assert 0 <= Calibration(slope, intercept).confidence(logprob, words) <= 1


def test_the_fit_finds_the_curve_that_made_the_data():
    random = np.random.default_rng(0)
    means = random.uniform(-3, 0, 20_000)
    good = random.random(20_000) < 1 / (1 + np.exp(-(3 * means + 4)))
    found = fit_calibration(means, good)
    assert found.slope == pytest.approx(3, abs=0.15)
    assert found.intercept == pytest.approx(4, abs=0.2)
    given_to = np.array([found.confidence(x, 0) for x in means])
    for low in np.arange(0.1, 0.9, 0.1):
        part = (given_to >= low) & (given_to < low + 0.1)
        assert good[part].mean() == pytest.approx(given_to[part].mean(), abs=0.04)


def test_the_fit_is_where_the_likelihood_is_flat():
    means, good = np.array([-3.0, -2.0, -1.5, -1.0, -0.5]), np.array([0, 1, 0, 1, 1], bool)
    found = fit_calibration(means, good)
    targets = np.where(good, 4 / 5, 1 / 4)
    residual = targets - [found.confidence(x, 0) for x in means]
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
        assert each.confidence == calibration.confidence(each.logprob, len(each.words))
