"""Sentences seen while they are written."""

from __future__ import annotations

import numpy as np
import pytest

from tiny import save_photograph, tiny_bundle
from tushuo.caption import Captioner


@pytest.fixture(scope="module")
def captioner():
    return Captioner(tiny_bundle())


@pytest.fixture(scope="module")
def features(captioner, tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched")
    return captioner.encode([save_photograph(folder / f"{i}.png", seed=i) for i in range(2)])


def same(one, other):
    assert one.words == other.words
    assert one.logprob == other.logprob
    np.testing.assert_array_equal(one.attention, other.attention)


def test_watching_changes_nothing(captioner, features):
    seen = []
    watched = captioner.caption_features(features, watch=seen.append)
    for one, other in zip(watched, captioner.caption_features(features), strict=True):
        same(one, other)
        for mine, theirs in zip(one.alternatives, other.alternatives, strict=True):
            same(mine, theirs)
    assert [len(each) for each in seen] == [2] * len(seen)


def test_greedy_sentences_grow_word_by_word_into_the_caption(captioner, features):
    seen = []
    (caption,) = captioner.caption_features(features[:1], watch=seen.append, beams=1)
    told = [captioner.bundle.vocabulary.decode(each.ids) for (each,) in seen]
    assert told == [list(caption.words[: n + 1]) for n in range(len(caption.words))]
    looked = np.stack([each.attention for (each,) in seen])
    np.testing.assert_array_equal(looked, caption.attention.reshape(looked.shape))


def test_the_attention_told_is_that_of_the_sentence_told(captioner, features):
    """Beams that overtake each other take their attention along."""
    seen = {}

    def watch(sentences):
        seen[sentences[0].ids] = sentences[0].attention

    (caption,) = captioner.caption_features(features[:1], watch=watch, beams=5)
    ids = tuple(captioner.bundle.vocabulary.encode(caption.words)[1:-1])
    shared = [n for n in range(1, len(ids) + 1) if ids[:n] in seen]
    assert shared
    for n in shared:
        np.testing.assert_array_equal(seen[ids[:n]], caption.attention[n - 1].ravel())


def test_drawn_sentences_are_told_too(captioner, features):
    seen = []
    captions = captioner.caption_features(features, watch=seen.append, do_sample=True, beams=1)
    longest = max(len(caption.words) for caption in captions)
    assert len(seen) in (longest - 1, longest)


def test_what_the_watch_raises_ends_the_search(captioner, features):
    def watch(sentences):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        captioner.caption_features(features, watch=watch)
