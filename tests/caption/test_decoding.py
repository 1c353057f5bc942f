"""The search against brute force, greedy decoding, and decoders that mean harm."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toy_decoder import BOS, EOS, PAD, PLACES, UNK, Toy, hostile, logprob, photographs, search
from tushuo.caption import Decoding, beam_search
from tushuo.errors import UsageError


def sentences(words, max_words):
    for length in range(1, max_words + 1):
        yield from product(range(4, 4 + words), repeat=length)


def greedy(toy, photo, max_words):
    state, ids, last = toy.start([photo], 1), [], BOS
    while len(ids) < max_words:
        out = toy(state, np.array([[last]]))
        scores = out.log_probs[0, 0].copy()
        scores[[PAD, BOS, UNK]] = -np.inf
        if not ids:
            scores[EOS] = -np.inf
        last, state = int(np.argmax(scores)), out.state
        if last == EOS:
            break
        ids.append(last)
    return tuple(ids)


@given(seed=st.integers(0, 10_000), max_words=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_one_beam_is_greedy(seed, max_words):
    toy, photos = Toy(seed), photographs(3, seed)
    found = search(toy, photos, beams=1, max_words=max_words)
    assert [ranked[0].ids for ranked in found] == [greedy(toy, x, max_words) for x in photos]
    assert all(len(ranked) == 1 for ranked in found)


@pytest.mark.parametrize("length_penalty", [0.0, 0.7, 1.0, 2.0])
def test_enough_beams_find_every_sentence_in_order(length_penalty):
    toy, photos = Toy(7, words=3), photographs(2)
    everything = list(sentences(3, 3))
    found = search(toy, photos, len(everything), max_words=3, length_penalty=length_penalty)
    for ranked, photo in zip(found, photos, strict=True):
        score = {s: logprob(toy, photo, s) / (len(s) + 1) ** length_penalty for s in everything}
        expected = sorted(everything, key=lambda s: -score[s])
        assert [h.ids for h in ranked] == expected
        np.testing.assert_allclose([h.score for h in ranked], [score[s] for s in expected])


@given(seed=st.integers(0, 10_000), beams=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_a_hypothesis_says_the_truth_about_itself(seed, beams):
    toy, photo = Toy(seed), photographs(1, seed)[0]
    (ranked,) = search(toy, [photo], beams, max_words=5, length_penalty=0.6)
    assert [h.score for h in ranked] == sorted((h.score for h in ranked), reverse=True)
    assert len({h.ids for h in ranked}) == len(ranked) >= 1
    for h in ranked:
        assert 1 <= len(h.ids) <= 5
        assert not {PAD, BOS, EOS, UNK} & set(h.ids)
        assert h.logprob == pytest.approx(logprob(toy, photo, h.ids))
        assert h.score == pytest.approx(h.logprob / (len(h.ids) + 1) ** 0.6)
        np.testing.assert_allclose(h.attention, attention(toy, photo, h.ids))


@given(st.integers(0, 200), st.integers(1, 4))
def test_a_patient_search_finds_more_and_loses_nothing(seed, beams):
    toy, photos = Toy(seed), photographs(1, seed)
    (hasty,), (patient,) = (
        search(toy, photos, beams, max_words=7, patience=patience) for patience in (1.0, 2.5)
    )
    assert {h.ids for h in hasty} <= {h.ids for h in patient}
    ends = any(len(h.ids) == 7 for h in patient)  # nothing is left to go on
    assert ends or len(patient) >= 2.5 * beams


def attention(toy, photo, ids):
    state, rows = toy.start([photo], 1), []
    for last in (BOS, *ids[:-1]):
        out = toy(state, np.array([[last]]))
        rows.append(out.attention[0, 0])
        state = out.state
    return rows


def test_a_photograph_does_not_feel_the_others():
    toy, photos = Toy(3, sharpness=1.0), photographs(6)
    together = search(toy, photos, max_words=8)
    alone = [search(toy, [photo], max_words=8)[0] for photo in photos]
    for a, b in zip(together, alone, strict=True):
        assert [(h.ids, h.logprob) for h in a] == [(h.ids, h.logprob) for h in b]
    assert len({ranked[0].ids for ranked in together}) > 1


def test_a_larger_beam_seldom_lowers_the_log_probability():
    toy, photos = Toy(5), photographs(200)
    best = {k: [r[0].logprob for r in search(toy, photos, k, max_words=6)] for k in (1, 3, 10)}
    lower = [sum(b < a - 1e-9 for a, b in zip(best[m], best[n], strict=True))
             for m, n in ((1, 3), (3, 10))]  # fmt: skip
    assert max(lower) <= 6  # of 200
    assert np.mean(best[1]) < np.mean(best[3]) <= np.mean(best[10])


ODD = st.one_of(st.floats(-1e6, 0), st.sampled_from([np.nan, -np.inf, np.inf]))


@given(st.lists(ODD, min_size=5, max_size=9), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_there_is_always_a_caption(values, beams, max_words):
    state = {"h": np.zeros((2, beams, 1))}
    chosen = Decoding(beams, max_words)
    found = beam_search(hostile(values), state, 2, chosen, bos=BOS, eos=EOS, forbidden=(PAD, UNK))
    for ranked in found:
        assert ranked
        for h in ranked:
            assert 1 <= len(h.ids) <= max_words
            assert min(h.ids) > UNK
            assert np.isfinite(h.logprob)
            assert h.attention.shape == (len(h.ids), PLACES)


def test_a_decoder_that_only_ends_still_gives_a_word():
    values = np.full(6, -50.0)
    values[EOS] = 0.0
    (ranked,) = beam_search(
        hostile(values), {}, 1, Decoding(1, 9), bos=BOS, eos=EOS, forbidden=(PAD, UNK)
    )
    assert ranked[0].ids == (4,)


def test_no_photographs_no_captions():
    assert search(Toy(0), photographs(0)) == []


def test_a_vocabulary_without_a_word_is_refused():
    with pytest.raises(UsageError, match="all 4 words are forbidden"):
        beam_search(hostile([0.0] * 4), {}, 1, Decoding(), bos=BOS, eos=EOS, forbidden=(PAD, UNK))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beams": 0}, "beams: got 0, expected 1 to 1000"),
        ({"max_words": 0}, "max_words: got 0, expected 1 to 1000"),
        ({"length_penalty": float("nan")}, "length_penalty: got nan, expected -10 to 10"),
    ],
)
def test_settings_out_of_range(arguments, message):
    with pytest.raises(UsageError, match=message):
        Decoding(**arguments)
