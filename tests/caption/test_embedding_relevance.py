"""The cut-off of searches by meaning."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo.caption.embedding import Relevance, fit_relevance
from tushuo.errors import ShapeError, UsageError


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def world(noise: float = 0.5):
    """Background, photographs, sentences near them, and owners."""
    random = np.random.default_rng(0)
    background = unit(random.standard_normal((2000, 16)) + 0.4)
    photos = unit(random.standard_normal((200, 16)) + 0.4)
    photos[100:] = unit(photos[:100] + 0.1 * random.standard_normal((100, 16)))
    owners = np.repeat(np.arange(200), 2)
    sentences = unit(photos[owners] + noise / 4 * random.standard_normal((400, 16)))
    return background, photos, sentences, owners


def test_expectation_is_that_of_the_background():
    background, _, sentences, _ = data = world()
    relevance = fit_relevance(*data)
    similar = background @ sentences[0]
    assert relevance.expected(sentences[0]) == pytest.approx(
        (similar.mean(), similar.std()), rel=1e-4
    )


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_the_share_that_was_asked_for_is_kept(kept):
    background, photos, sentences, owners = data = world()
    relevance = fit_relevance(*data, kept=kept)
    own = np.sum(sentences * photos[owners], axis=1)
    least = np.array([relevance.least(query) for query in sentences])
    assert (own >= least).mean() == pytest.approx(kept, abs=0.01)
    strangers = (sentences @ background.T >= least[:, None]).mean()
    assert strangers < 0.02


def test_photographs_as_queries_have_a_cut_off_of_their_own():
    _, photos, _, _ = data = world()
    relevance = fit_relevance(*data, kept=0.9)
    assert relevance.like != relevance.deviations
    twins = [photos[i] @ photos[i + 100] >= relevance.least(photos[i], True) for i in range(100)]
    assert 0.8 < np.mean(twins) < 1


def test_a_query_without_spread_has_a_finite_cut_off():
    relevance = Relevance(np.ones(3, np.float32), np.zeros((3, 3), np.float32), 2.0, 2.0)
    assert relevance.least(np.zeros(3, np.float32)) == pytest.approx(2e-6)


def test_what_is_no_cut_off():
    with pytest.raises(ShapeError, match=r"expected \(D,\) and \(D, D\)"):
        Relevance(np.zeros(3, np.float32), np.zeros((2, 2), np.float32), 2.0, 2.0)
    with pytest.raises(UsageError, match=r"got nan and 2\.0, expected numbers"):
        Relevance(np.zeros(2, np.float32), np.zeros((2, 2), np.float32), float("nan"), 2.0)
    with pytest.raises(UsageError, match=r"kept: got 1\.0"):
        fit_relevance(*world(), kept=1.0)
