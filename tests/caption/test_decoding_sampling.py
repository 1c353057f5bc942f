"""Sentences drawn by chance: their shares, their seeds, and what they do not depend on."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toy_decoder import BOS, EOS, PAD, UNK, Toy, hostile, logprob, photographs
from tushuo.caption import Decoding, sample


def draw(decoder, state, batch, keys=None, **options):
    chosen = Decoding(do_sample=True, **options)
    return sample(decoder, state, batch, chosen, bos=BOS, eos=EOS, forbidden=(PAD, UNK), keys=keys)


def draw_toy(toy, photos, keys=None, beams=3, **options):
    return draw(toy, toy.start(photos, beams), len(photos), keys, beams=beams, **options)


def first_words(probabilities, count=4000, **options):
    """How often each word came first, as shares."""
    values = np.log([0.0, 0.0, 0.0, 0.0, *probabilities], where=np.arange(99)[: 4 + len(
        probabilities)] > 3, out=np.full(4 + len(probabilities), -np.inf))  # fmt: skip
    (found,) = draw(hostile(values), {}, 1, beams=count // 4, max_words=1, **options)
    counts = Counter(h.ids[0] - 4 for h in found)
    return [counts[i] / len(found) for i in range(len(probabilities))]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.1, 0.5, 0.15, 0.25]),
        ({"temperature": 0.5}, np.square([0.1, 0.5, 0.15, 0.25]) / 0.345),
        ({"top_k": 2}, [0, 2 / 3, 0, 1 / 3]),
        ({"top_p": 0.8}, [0, 5 / 9, 15 / 90, 25 / 90]),
        ({"top_p": 0.75}, [0, 2 / 3, 0, 1 / 3]),  # exactly reached
        ({"top_p": 0.01}, [0, 1, 0, 0]),
        ({"top_k": 3, "top_p": 0.7}, [0, 2 / 3, 0, 1 / 3]),
    ],
)
def test_words_come_as_often_as_they_should(options, expected):
    found = first_words([0.1, 0.5, 0.15, 0.25], **options)
    np.testing.assert_allclose(found, expected, atol=0.05)
    assert [share == 0 for share in found] == [share == 0 for share in expected]


@given(seed=st.integers(0, 10_000), size=st.integers(0, 2))
@settings(max_examples=25, deadline=None)
def test_a_drawn_sentence_says_the_truth_about_itself(seed, size):
    toy, photo = Toy(seed), photographs(1, seed)[0]
    rules = {"min_words": 2, "max_words": 5, "exclude": (5,), "no_repeat_ngram_size": size}
    (found,) = draw_toy(toy, [photo], temperature=1.5, length_penalty=1.0, **rules)
    assert len(found) == 3
    for h in found:
        assert 2 <= len(h.ids) <= 5
        assert not {PAD, BOS, EOS, UNK, 5} & set(h.ids)
        assert h.logprob == pytest.approx(logprob(toy, photo, h.ids))
        assert h.score == pytest.approx(h.logprob / (len(h.ids) + 1))
        assert h.attention.shape == (len(h.ids), 4)


def test_a_draw_depends_on_seed_key_and_number_alone():
    toy, photos, keys = Toy(4, sharpness=0.5), photographs(5), [7, 8, 9, 7, 2**63]
    together = draw_toy(toy, photos, keys, max_words=8)
    for i in range(5):
        (alone,) = draw_toy(toy, photos[i : i + 1], keys[i : i + 1], beams=2, max_words=8)
        assert [h.ids for h in alone] == [h.ids for h in together[i][:2]]
    again = draw_toy(toy, photos, keys, max_words=8)
    other = draw_toy(toy, photos, keys, max_words=8, seed=1)
    assert [h.ids for r in again for h in r] == [h.ids for r in together for h in r]
    assert [h.ids for r in other for h in r] != [h.ids for r in together for h in r]


def test_equal_photographs_with_other_keys_get_other_sentences():
    toy, photo = Toy(4, sharpness=0.3), photographs(1)[0]
    found = draw_toy(toy, [photo] * 20, beams=1, max_words=8)
    assert len({r[0].ids for r in found}) > 10


def test_almost_no_temperature_is_greedy():
    toy, photos = Toy(6), photographs(5)
    found = draw_toy(toy, photos, beams=1, temperature=0.01)
    likeliest = draw_toy(toy, photos, beams=1, top_k=1)
    assert [r[0].ids for r in found] == [r[0].ids for r in likeliest]


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf, -1e300])
def test_hostile_decoders(value):
    (found,) = draw(hostile([value] * 7), {}, 1, beams=4, max_words=3)
    assert all(1 <= len(h.ids) <= 3 and np.isfinite(h.logprob) for h in found)


def test_no_photographs():
    assert draw_toy(Toy(0), photographs(0)) == []
