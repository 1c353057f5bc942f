"""What a caller asks of the search, in words: the captioner's keyword arguments."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo.caption import Captioner
from tushuo.errors import UsageError


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
    ("options", "message"),
    [
        (
            {"include": ["gras"]},
            "include: model 'tiny' does not know the word 'gras'; words that look alike: grass",
        ),
        ({"exclude": ["zzz"]}, "word 'zzz'; no known word looks alike"),
        ({"include": ["<unk>"]}, "'<unk>'"),
        ({"include": ["red dog"]}, "include: 'red dog' is several words to model 'tiny'; give single words"),
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
