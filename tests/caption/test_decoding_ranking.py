"""How continuations are ranked: piles against a whole sort, machine code against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tushuo as ts
from toy_decoder import BOS, EOS, PAD, UNK, Toy, hostile, photographs
from tushuo.caption import DecoderStep, Decoding, beam_search
from tushuo.caption.decoding import ranking
from tushuo.caption.decoding.ranking import best, finder


@given(seed=st.integers(0, 10_000), size=st.integers(1, 1500), count=st.integers(1, 24))
@settings(max_examples=80, deadline=None)
def test_the_best_places_are_those_of_a_whole_sort(seed, size, count):
    rng = np.random.default_rng(seed)
    values = rng.choice([*rng.normal(size=20), -np.inf], size)
    wanted = [i for i in np.argsort(-values, kind="stable") if values[i] > -np.inf]
    assert best(values, count).tolist() == wanted[:count]


@pytest.fixture(scope="module")
def at_once():
    """Machine code from the first search on."""
    pytest.importorskip("llvmlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_EAGER_SEARCHES", 0)
        yield


def both_ways(decoder, state, batch, chosen):
    """The sentences of a search in float32, to the bit, by machine code and by NumPy."""

    def step(state, words):
        out = decoder(state, words)
        return DecoderStep(out.log_probs.astype(np.float32), out.state, out.attention)

    for on in (False, True):
        with ts.eager(on):
            every = beam_search(step, state, batch, chosen, bos=BOS, eos=EOS, forbidden=(PAD, UNK))
        yield [[(h.ids, h.logprob, h.score, h.attention.tolist()) for h in one] for one in every]


RULES = st.sampled_from(
    [
        {},
        {"min_words": 3},
        {"exclude": (5,)},
        {"include": (6,)},
        {"no_repeat_ngram_size": 2},
        {"num_beam_groups": 2, "diversity_penalty": 0.7},
    ]
)


@given(seed=st.integers(0, 10_000), words=st.sampled_from([3, 40, 300]), rule=RULES)
@settings(max_examples=25, deadline=None)
def test_machine_code_changes_no_sentence(at_once, seed, words, rule):
    toy, photos, chosen = Toy(seed, words), photographs(2, seed), Decoding(4, 5, 0.7, **rule)
    native, plain = both_ways(toy, toy.start(photos, chosen.rows), 2, chosen)
    assert native == plain


ODD = st.one_of(st.floats(-2e9, 0), st.sampled_from([np.nan, -np.inf, np.inf, -1e9, -0.5, -0.5]))


@given(st.lists(ODD, min_size=5, max_size=40), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_machine_code_changes_nothing_about_decoders_that_mean_harm(at_once, values, beams, most):
    state, chosen = {"h": np.zeros((2, beams, 1))}, Decoding(beams, most)
    native, plain = both_ways(hostile(values), state, 2, chosen)
    assert native == plain


def test_an_impossible_word_after_a_likely_sentence_may_rank_first(at_once):
    after = np.full((8, 8), -np.inf)
    after[BOS, [4, 5]] = -1.0, -9.9e8
    after[5, 4:] = -5e7 * np.arange(1, 5)

    def decoder(state, words):
        return DecoderStep(after[words], state, np.ones((*words.shape, 1)))

    native, plain = both_ways(decoder, {"h": np.zeros((1, 2, 1))}, 1, Decoding(2, 2, min_words=2))
    assert native == plain
    assert {ids[0] for ids, *_ in native[0]} == {4}


def test_nothing_is_compiled_for_the_first_searches_or_where_it_is_not_wanted(monkeypatch):
    monkeypatch.setattr(ranking, "_SEARCHES", iter(range(3)))
    monkeypatch.setattr(ranking, "_EAGER_SEARCHES", 2)
    with ts.eager():
        assert finder(3) is None
    with ts.eager(False):
        assert finder(3) is None
        assert finder(3) is None
        pytest.importorskip("llvmlite")
        assert finder(3) is not None
