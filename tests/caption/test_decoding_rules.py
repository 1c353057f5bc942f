"""Words to include and exclude, lengths, repetitions, and groups of beams."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toy_decoder import BOS, EOS, PAD, UNK, Toy, hostile, logprob, photographs, search
from tushuo.caption import Decoding, beam_search
from tushuo.errors import UsageError

FIRST = 4  # the first word after the special tokens
words_of_toy = st.integers(FIRST, 8)


def everything(words, max_words, min_words=1):
    numbers = range(FIRST, FIRST + words)
    for length in range(min_words, max_words + 1):
        yield from product(numbers, repeat=length)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({"include": (5,)}, lambda s: 5 in s),
        ({"include": (4, 6)}, lambda s: {4, 6} <= set(s)),
        ({"exclude": (5,)}, lambda s: 5 not in s),
        ({"min_words": 2}, lambda s: len(s) >= 2),
        ({"no_repeat_ngram_size": 1}, lambda s: len(set(s)) == len(s)),
        ({"no_repeat_ngram_size": 2}, lambda s: len(set(pairwise(s))) == len(s) - 1),
        ({"include": (4,), "no_repeat_ngram_size": 1}, lambda s: 4 in s and len(set(s)) == len(s)),
    ],
)
def test_enough_beams_find_all_sentences_that_keep_a_rule_and_no_other(rule, fits):
    toy, photo = Toy(11, words=3), photographs(1)[0]
    expected = [s for s in everything(3, 3) if fits(s)]
    expected.sort(key=lambda s: -logprob(toy, photo, s))
    (found,) = search(toy, [photo], len(expected), max_words=3, **rule)
    assert [h.ids for h in found] == expected
    np.testing.assert_allclose([h.logprob for h in found],
                               [logprob(toy, photo, s) for s in expected])  # fmt: skip


@given(
    seed=st.integers(0, 10_000),
    beams=st.integers(1, 3),
    max_words=st.integers(3, 6),
    include=st.sets(words_of_toy, max_size=3),
    exclude=st.sets(words_of_toy, max_size=2),
    size=st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_every_sentence_keeps_all_rules(seed, beams, max_words, include, exclude, size):
    toy, photos = Toy(seed), photographs(2, seed)
    rules = {
        "include": tuple(include),
        "exclude": tuple(exclude - include),
        "min_words": 2,
        "no_repeat_ngram_size": size,
    }
    for ranked, photo in zip(search(toy, photos, beams, max_words, **rules), photos, strict=True):
        assert ranked
        for h in ranked:
            assert include <= set(h.ids)
            assert not (exclude - include) & set(h.ids)
            assert 2 <= len(h.ids) <= max_words
            if size > 1:  # there are words enough for all runs
                runs = [h.ids[i : i + size] for i in range(len(h.ids) - size + 1)]
                assert len(set(runs)) == len(runs)
            assert h.logprob == pytest.approx(logprob(toy, photo, h.ids))


def test_a_word_to_include_stands_where_it_fits_best():
    """Better than at the end of, or before, the sentence without it."""
    toy, better = Toy(2), 0
    for photo in photographs(30, 3):
        ((plain, *_),) = search(toy, [photo], 4, max_words=6)
        ((found, *_),) = search(toy, [photo], 4, max_words=6, include=(6,))
        if 6 in plain.ids:
            assert found.logprob >= plain.logprob - 1e-9
            continue
        patched = [logprob(toy, photo, s) for s in ((6, *plain.ids), (*plain.ids, 6))]
        better += found.logprob >= max(patched)
    assert better >= 15


def test_rules_hold_for_each_photograph_alone():
    toy, photos = Toy(3, sharpness=1.0), photographs(6)
    rule = {"include": (7,), "no_repeat_ngram_size": 2, "beams": 4, "num_beam_groups": 2}
    together = search(toy, photos, max_words=8, diversity_penalty=0.5, **rule)
    for photo, found in zip(photos, together, strict=True):
        (alone,) = search(toy, [photo], max_words=8, diversity_penalty=0.5, **rule)
        assert [(h.ids, h.logprob) for h in found] == [(h.ids, h.logprob) for h in alone]


def test_a_run_repeats_where_nothing_else_could_follow():
    values = np.full(5, -1.0)  # a single word
    settings = Decoding(1, 3, min_words=3, no_repeat_ngram_size=1)
    ((found,),) = beam_search(
        hostile(values), {}, 1, settings, bos=BOS, eos=EOS, forbidden=(PAD, UNK)
    )
    assert found.ids == (4, 4, 4)


def test_one_group_is_plain_beam_search():
    toy, photos = Toy(8), photographs(5)
    plain = search(toy, photos, 4, max_words=6)
    grouped = search(toy, photos, 8, max_words=6, num_beam_groups=2, diversity_penalty=0.0)
    for a, b in zip(plain, grouped, strict=True):
        assert [h.ids for h in b] == [h.ids for h in a]  # both groups find the same, told once


def test_the_first_group_feels_no_penalty_and_the_others_differ():
    toy, photos = Toy(8), photographs(20)
    plain = search(toy, photos, 1, max_words=6)
    grouped = search(toy, photos, 3, max_words=6, num_beam_groups=3, diversity_penalty=100.0)
    for (greedy,), several in zip(plain, grouped, strict=True):
        assert greedy.ids in {h.ids for h in several}
        assert len(several) == 3
        assert len({h.ids[0] for h in several}) == 3
        assert [h.score for h in several] == sorted((h.score for h in several), reverse=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_words": 9, "max_words": 8}, "min_words 9 is above max_words 8"),
        ({"include": (4, 5, 6), "max_words": 2}, "3 words to include, but max_words is 2"),
        ({"include": tuple(range(4, 25))}, "21 words to include, expected at most 20"),
        ({"include": (4,), "exclude": (4,)}, "both included and excluded"),
        ({"num_beam_groups": 2}, "3 beams do not divide into 2 groups"),
        ({"diversity_penalty": 1.0}, "diversity_penalty without groups; set num_beam_groups"),
        ({"temperature": 0.5}, "for sampling only; set do_sample"),
        ({"top_p": 0.0, "do_sample": True}, "top_p: got 0.0, expected 0.001 to 1"),
        ({"do_sample": True, "include": (4,)}, "for beam search only; leave out do_sample"),
        ({"no_repeat_ngram_size": -1}, "no_repeat_ngram_size: got -1, expected 0 to 1000"),
    ],
)
def test_settings_that_cannot_be(arguments, message):
    with pytest.raises(UsageError, match=message):
        Decoding(**arguments)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"include": (UNK,)}, "the word of number 3 cannot be included: it is forbidden"),
        ({"include": (99,)}, "word 99 is out of range; expected 0 to 8"),
        ({"exclude": (4, 5, 6, 7, 8)}, "all 9 words are forbidden"),
    ],
)
def test_words_that_cannot_be_included_or_excluded(rule, message):
    with pytest.raises(UsageError, match=message):
        search(Toy(0), photographs(1), **rule)
