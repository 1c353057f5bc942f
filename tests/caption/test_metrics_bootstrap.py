"""Intervals: against resampling done slowly, and against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo.caption.metrics import bleu, bootstrap, evaluate_captions, tokenize
from tushuo.errors import UsageError

WORDS = ["a", "dog", "runs", "on", "the", "green", "grass", "with", "two", "men"]


@pytest.fixture(scope="module")
def corpus():
    random = np.random.default_rng(0)

    def sentence():
        return " ".join(random.choice(WORDS, random.integers(3, 9)))

    written = {str(i): [sentence() for _ in range(3)] for i in range(60)}
    made = {
        i: several[0] if random.random() < 0.4 else sentence() for i, several in written.items()
    }
    return made, written


def test_it_equals_resampling_the_captions_themselves(corpus):
    made, written = corpus
    scores = evaluate_captions(made, written)
    found = bootstrap(scores, resamples=40, confidence=0.8, seed=3)
    candidates = [tokenize(text) for text in made.values()]
    references = [[tokenize(text) for text in several] for several in written.values()]
    by_image = list(scores.cider_d_by_image.values())
    random, bleus, ciders = np.random.default_rng(3), [], []
    for times in random.multinomial(60, np.full(60, 1 / 60), 40):
        places = np.repeat(np.arange(60), times)
        bleus.append(bleu([candidates[i] for i in places], [references[i] for i in places])[3])
        ciders.append(np.mean([by_image[i] for i in places]))
    assert found.by_name["BLEU-4"] == pytest.approx(tuple(np.quantile(bleus, [0.1, 0.9])))
    assert found.by_name["CIDEr-D"] == pytest.approx(tuple(np.quantile(ciders, [0.1, 0.9])))


def test_every_score_has_an_interval_around_it(corpus):
    scores = evaluate_captions(*corpus)
    found = bootstrap(scores)
    assert found.by_name.keys() == scores.as_dict().keys()
    for name, value in scores.as_dict().items():
        low, high = found.by_name[name]
        assert low < value < high
    assert found.signature() == "bootstrap:n1000,percentile95,seed0"
    assert bootstrap(scores).by_name == found.by_name
    assert bootstrap(scores, seed=1).by_name != found.by_name


def test_the_width_is_that_of_the_standard_error(corpus):
    scores = evaluate_captions(*corpus)
    values = scores.by_image["ROUGE-L"]
    low, high = bootstrap(scores, 4000).by_name["ROUGE-L"]
    expected = 2 * 1.96 * values.std() / np.sqrt(len(values))
    assert high - low == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("options", [{"resamples": 0}, {"confidence": 1.0}])
def test_numbers_out_of_range(corpus, options):
    with pytest.raises(UsageError, match=next(iter(options))):
        bootstrap(evaluate_captions(*corpus), **options)
