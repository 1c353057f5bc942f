"""How much phrases and the joint space count: each pair of weights, and what it comes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tiny import WORDS, tiny_bundle
from tiny_embedder import tiny_embedder
from tushuo.caption import Captioner
from tushuo.caption.metrics import evaluate_captions
from tushuo.caption.phrases import count_phrases, fit_phrases
from tushuo.caption.training.ranking import MATCH, PHRASES, Ranking, graded, with_ranking
from tushuo.data import Example
from tushuo.errors import UsageError

EXAMPLES = [
    Example(Path(f"{i}.png"), (" ".join(WORDS[i : i + 3]), f"a {WORDS[i]} runs"), "dev")
    for i in range(5)
]
MAPS = np.random.default_rng(5).normal(size=(5, 4, 1280)).astype(np.float32)


@pytest.fixture(scope="module")
def bundle():
    made, embedder = tiny_bundle(), tiny_embedder()
    said = [[made.vocabulary.encode(example.captions[0].split())[1:-1]] for example in EXAMPLES]
    table = count_phrases(said, 1)
    phrases = fit_phrases(table, MAPS.mean(axis=1), said, ridge=0.1, rank=4, directions=4)
    return replace(made, phrases=phrases, embedder=embedder)


def parts():
    return iter([MAPS[:3], MAPS[3:]])


def test_sentences_are_searched_for_once_for_all_match_weights(bundle, monkeypatch):
    captioner, weights = Captioner(bundle), (0.0, 2.0, 50.0)
    expected = [captioner.caption_features(MAPS, match_weight=w, phrase_weight=1) for w in weights]
    searches = []
    search = Captioner._found
    monkeypatch.setattr(Captioner, "_found", lambda *x: searches.append(1) or search(*x))
    found = captioner.caption_by_match(MAPS, weights, phrase_weight=1)
    assert searches == [1]
    for captions, others in zip(found, expected, strict=True):
        assert [c.text for c in captions] == [c.text for c in others]
        assert [c.score for c in captions] == pytest.approx([c.score for c in others], rel=1e-5)
        assert [len(c.alternatives) for c in captions] == [len(c.alternatives) for c in others]
    assert [c.text for c in found[0]] != [c.text for c in found[2]]  # else nothing was tried
    assert captioner.caption_by_match(MAPS, ()) == []


def test_a_match_weight_needs_an_embedder():
    with pytest.raises(UsageError, match=r"match_weight: model .* has no embedder"):
        Captioner(tiny_bundle()).caption_by_match(MAPS, (0.0, 1.0))


def test_each_pair_is_graded_by_what_it_writes(bundle):
    captioner, done = Captioner(bundle), []
    grades = graded(captioner, parts(), EXAMPLES, done.append)
    assert [each.ranking for each in grades] == [Ranking(p, m) for p in PHRASES for m in MATCH]
    assert sum(done) == len(EXAMPLES) * len(PHRASES)
    references = {str(example.image): example.captions for example in EXAMPLES}
    for each in grades[:: len(MATCH) + 1]:
        made = captioner.caption_features(MAPS, **each.ranking._asdict())
        assert [c.text for c in each.captions] == [c.text for c in made]
        texts = dict(zip(references, (c.text for c in made), strict=True))
        scores = evaluate_captions(texts, references).as_dict()
        assert (each.bleu_4, each.cider_d) == (scores["BLEU-4"], scores["CIDEr-D"])


def test_what_a_bundle_lacks_counts_nothing(bundle):
    plain = graded(Captioner(tiny_bundle()), parts(), EXAMPLES)
    assert [each.ranking for each in plain] == [Ranking(0, 0)]
    without = graded(Captioner(replace(bundle, embedder=None)), parts(), EXAMPLES)
    assert [each.ranking for each in without] == [Ranking(p, 0) for p in PHRASES]


def test_a_bundle_ranks_as_it_is_told(bundle):
    decoding = with_ranking(bundle, Ranking(1.5, 6.0)).decoding
    assert decoding == replace(bundle.decoding, phrase_weight=1.5, match_weight=6.0)
