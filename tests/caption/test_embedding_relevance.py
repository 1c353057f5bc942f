"""The cut-off of searches by meaning."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo.caption.embedding import Relevance, fit_relevance
from tushuo.errors import ShapeError, UsageError

SCALE = 12.0


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def world():
    """Background, photographs, sentences near them, and owners."""
    random = np.random.default_rng(0)
    background = unit(random.standard_normal((2000, 16)) + 0.4)
    photos = unit(random.standard_normal((200, 16)) + 0.4)
    photos[100:] = unit(photos[:100] + 0.1 * random.standard_normal((100, 16)))
    owners = np.repeat(np.arange(200), 2)
    sentences = unit(photos[owners] + 0.12 * random.standard_normal((400, 16)))
    return background, photos, sentences, owners, SCALE


def test_chance_is_the_log_mean_exp_over_the_background():
    background, _, sentences, *_ = world()
    relevance = Relevance.of(background, SCALE, 1.0, 1.0)
    expected = np.log(np.exp(SCALE * sentences @ background.T).mean(axis=1))
    np.testing.assert_allclose(relevance.chance(sentences), expected, rtol=1e-5)


def test_the_background_is_evidence_for_nothing_in_the_mean():
    background, _, sentences, *_ = world()
    chance = Relevance.of(background, SCALE, 1.0, 1.0).chance(sentences)
    ratios = np.exp(SCALE * sentences @ background.T - chance[:, None])
    np.testing.assert_allclose(ratios.mean(axis=1), 1, rtol=1e-5)


def test_few_axes_hold_a_background_of_many_dimensions():
    random = np.random.default_rng(1)
    decay = 0.9 ** np.arange(200)
    background = unit(random.standard_normal((500, 200)) * decay)
    queries = unit(random.standard_normal((20, 200)) * decay)
    relevance = Relevance.of(background, SCALE, 1.0, 1.0)
    assert relevance.background.shape == (500, 96)
    expected = np.log(np.exp(SCALE * queries @ background.T).mean(axis=1))
    np.testing.assert_allclose(relevance.chance(queries), expected, atol=1e-3)


def test_least_is_where_the_evidence_is_reached():
    background, _, sentences, *_ = world()
    relevance = Relevance.of(background, SCALE, 1.0, 2.0)
    chance = relevance.chance(sentences[:1])[0]
    assert SCALE * relevance.least(sentences[0]) - chance == pytest.approx(1)
    assert SCALE * relevance.least(sentences[0], by_photo=True) - chance == pytest.approx(2)


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_the_share_that_was_asked_for_is_kept(kept):
    background, photos, sentences, owners, _ = data = world()
    relevance = fit_relevance(*data, kept=kept)
    own = np.sum(sentences * photos[owners], axis=1)
    least = np.array([relevance.least(query) for query in sentences])
    assert (own >= least).mean() == pytest.approx(kept, abs=0.01)
    assert (sentences @ background.T >= least[:, None]).mean() < 0.02
    alike = photos @ photos.T - 2 * np.eye(len(photos))
    shown = [
        (row >= relevance.least(query, True)).sum()
        for query, row in zip(photos, alike, strict=True)
    ]
    assert np.minimum(shown, 5).mean() / 5 == pytest.approx(kept, abs=0.02)


def test_what_is_no_cut_off():
    one, two = np.zeros(1, np.float32), np.zeros((2, 2), np.float32)
    with pytest.raises(ShapeError, match=r"expected \(D,\), \(R, D\) and \(B, R\)"):
        Relevance(one, two, two, 1.0, 1.0, 1.0)
    with pytest.raises(ShapeError, match=r"got shapes \[\(2,\), \(2, 2\), \(0, 2\)\]"):
        Relevance(two[0], two, two[:0], 1.0, 1.0, 1.0)
    for numbers in ((0.0, 1.0, 1.0), (1.0, float("nan"), 1.0)):
        with pytest.raises(UsageError, match="got scale, evidence and like"):
            Relevance(two[0], two, two, *numbers)
    with pytest.raises(UsageError, match=r"kept: got 1\.0"):
        fit_relevance(*world(), kept=1.0)
