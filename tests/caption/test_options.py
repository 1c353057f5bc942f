"""What a caller asks of the search, in words: the captioner's keyword arguments."""

from __future__ import annotations

import numpy as np
import pytest

from tiny import tiny_bundle
from tushuo.caption import Captioner
from tushuo.errors import UsageError
from two_languages import chinese_bundle


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(0).normal(0, 20, (5, 4, 1280)).astype(np.float32)


def test_words_to_include_and_exclude(captioner, features):
    for caption in captioner.caption_features(features, include=["Red", "cat"], exclude=["dog"]):
        for each in (caption, *caption.alternatives):
            assert {"red", "cat"} <= set(each.words)
            assert "dog" not in each.words


def test_lengths_and_repetitions(captioner, features):
    for caption in captioner.caption_features(
        features, min_words=4, max_words=5, no_repeat_ngram_size=1
    ):
        assert 4 <= len(caption.words) <= 5
        assert len(set(caption.words)) == len(caption.words)


def test_chance_does_not_depend_on_the_batch(captioner, photographs):
    options = {"do_sample": True, "beams": 2, "temperature": 2.0}
    together = captioner(photographs, **options)
    alone = [captioner([photo], **options)[0] for photo in reversed(photographs)][::-1]
    assert [c.text for c in together] == [c.text for c in alone]
    others = captioner(photographs, seed=9, **options)
    assert [c.text for c in others] != [c.text for c in together]
    assert all(len(c.alternatives) == 1 for c in together)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["红狗"], "include: '红狗' is several characters to model 'tiny-zh'; give single char"),
        (["。"], "include: '。' is no character to model 'tiny-zh'"),
        (["dog"], "include: model 'tiny-zh' does not know the word 'dog'"),
    ],
)
def test_what_cannot_be_asked_in_chinese(features, words, message):
    captioner = Captioner(chinese_bundle(tiny_bundle()))
    with pytest.raises(UsageError) as caught:
        captioner.caption_features(features, include=words)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"include": ["gras"]},
            "include: model 'tiny' does not know the word 'gras'; words that look alike: grass",
        ),
        ({"exclude": ["zzz"]}, "word 'zzz'; no known word looks alike"),
        ({"include": ["<unk>"]}, "'<unk>'"),
        ({"include": ["red dog"]}, "include: 'red dog' is several words to model 'tiny'; give"),
        ({"include": ["..."]}, "include: '...' is no word"),
        ({"include": ["cat", "dog"], "exclude": ["Dog"]}, "'dog' is both included and excluded"),
        ({"include": "dog"}, "include: got a string; pass a list of words: ['dog']"),
        ({"beems": 3}, "unknown setting 'beems'; words that look alike: beams"),
    ],
)
def test_what_cannot_be_asked(captioner: Captioner, features, options, message):
    with pytest.raises(UsageError) as caught:
        captioner.caption_features(features, **options)
    assert message in str(caught.value)
