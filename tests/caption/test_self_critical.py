"""Self-critical training: the loss, the sampler, and that the score rises."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tushuo.caption.metrics.cider import CiderD, cider_d
from tushuo.caption.training import CaptionTask, Recipe
from tushuo.caption.training.network import Network
from tushuo.caption.training.self_critical import (
    Photographs,
    Sampler,
    SelfCriticalTask,
    drawn,
    ended,
    policy_loss,
)
from tushuo.caption.training.words import WordsTask
from tushuo.data import BOS, EOS, PAD, UNK, Example
from tushuo.graph import Tensor, check_grads, ops, tree_map, value_and_grad
from tushuo.models.show_attend_tell import ShowAttendTell
from tushuo.native import eager

COLOURS = {"a red dog": 0, "a blue cat": 1, "two green birds": 2}


@pytest.fixture(autouse=True)
def _eager():
    with eager():
        yield


@pytest.fixture
def decoder():
    sizes = {"channels": 5, "annotation": 4, "embedding": 6, "hidden": 7, "attention": 3}
    made = ShowAttendTell(6, **sizes, dropout=0.5, rng=0).eval()
    return tree_map(lambda x: 3 * x, made)  # far from uniform


def features(count=2, seed=0):
    return Tensor(np.random.default_rng(seed).normal(size=(count, 4, 5)).astype(np.float32))


def chances(logits, temperature):
    """Of the words of one row, those that are no words left out."""
    shares = np.exp(logits.numpy()[0, 0] / temperature)
    shares[[PAD, BOS, UNK]] = 0
    return shares / shares.sum()


def log_probability(decoder, maps, ids):
    """Of one sentence, word by word through ``step``."""
    annotations = decoder.annotations(maps)
    state, total = decoder.initial(annotations), 0.0
    for before, word in pairwise(ids):
        out = decoder.step(annotations, state, Tensor(np.array([[before]])))
        total += float(np.log(chances(out.logits, 0.5)[word]))
        state = out.state
        if word == EOS:
            break
    return total


def test_the_loss_is_minus_gain_times_log_probability(decoder):
    maps = features(1)
    ids = np.array([[[BOS, 4, 5, EOS, PAD], [BOS, 5, EOS, PAD, PAD]]])
    gains = np.array([[1.5, -0.5]], np.float32)
    loss = policy_loss(Network(decoder), maps, Tensor(ids), Tensor(gains), temperature=0.5)
    likely = [log_probability(decoder, maps, one) for one in ids[0]]
    assert float(loss) == pytest.approx(-np.mean(gains * likely), rel=1e-4)


def test_its_gradient_is_the_numeric_one(decoder):
    precise = tree_map(lambda x: x.astype("float64"), decoder)
    ids = Tensor(np.array([[[BOS, 4, EOS], [BOS, EOS, PAD]]]))
    maps, gains = features(1).astype("float64"), Tensor(np.array([[1.0, -1.0]]))
    check_grads(
        lambda weights: policy_loss(Network(weights), maps, ids, gains, 0.6), (precise,), order=1
    )


def test_the_gradient_is_that_of_the_expected_score(decoder):
    """Over all sentences of one word, weighed by their probability: no chance involved."""
    maps, words = features(1), [EOS, 4, 5]
    sentences = [[BOS, w, *([PAD] if w == EOS else [EOS])] for w in words]
    score = np.array([0.2, 1.0, 0.5], np.float32)

    def expected(weights):
        out = weights.step(
            (a := weights.annotations(maps)), weights.initial(a), Tensor(np.array([[BOS]]))
        )
        return -ops.sum(ops.softmax(out.logits[0, 0][Tensor(np.array(words))]) * score)

    def surrogate(weights, shares):
        first = Tensor(np.array([s[:2] for s in sentences])[None])
        return 3 * policy_loss(Network(weights), maps, first, Tensor((shares * score)[None]))

    _, right = value_and_grad(expected)(decoder)
    out = decoder.step((a := decoder.annotations(maps)), decoder.initial(a), Tensor([[BOS]]))
    _, got = value_and_grad(surrogate)(decoder, chances(out.logits, 1.0)[words])
    for one, other in zip(got.parameters(), right.parameters(), strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-5)


def test_sentences_are_drawn_as_often_as_is_likely(decoder):
    maps = features(1)
    ids = Sampler(max_words=1, temperature=0.5)(decoder, maps, 4000, np.random.default_rng(0))
    out = decoder.step((a := decoder.annotations(maps)), decoder.initial(a), Tensor([[BOS]]))
    counts = [(ids[0, :, 1] == word).mean() for word in range(6)]
    np.testing.assert_allclose(counts, chances(out.logits, 0.5), atol=0.03)


def test_sentences_end_once_and_lengths_are_rounded(decoder):
    ids = Sampler(max_words=9)(decoder, features(3), 5, np.random.default_rng(1))
    assert ids.shape[:2] == (3, 5)
    assert (ids.shape[2] - 1) % 4 == 0
    assert (ids[..., 0] == BOS).all()
    for one in ids.reshape(15, -1):
        words = one[1:][one[1:] != PAD].tolist()
        assert BOS not in words
        assert EOS not in words[:-1]
        assert set(one[1 + len(words) :]) <= {PAD}


def test_words_are_drawn_by_their_probability():
    rows = np.tile(np.array([0, 0, 0.5, 0, 0.2, 0.3], np.float32), (5000, 1))
    counts = np.bincount(drawn(rows, np.random.default_rng(0)), minlength=6) / 5000
    np.testing.assert_allclose(counts, rows[0], atol=0.03)


def test_nothing_that_is_no_word_is_drawn(decoder):
    decoder.output.bias = Tensor(np.array([9, 9, 0, 9, 0, 0], np.float32))
    ids = Sampler(max_words=3)(decoder, features(4), 50, np.random.default_rng(0))
    assert UNK not in ids
    assert BOS not in ids[..., 1:]
    assert (ids[..., 1] != PAD).all()


def test_the_end_counts_as_a_word():
    assert ended(np.array([BOS, 7, 8, EOS, PAD])) == ("7", "8", str(EOS))
    assert ended(np.array([BOS, 7, 8, PAD])) == ("7", "8")


def test_the_score_with_kept_references_is_cider_d():
    references = [[["a", "red", "dog"], ["the", "dog"]], [["two", "birds", "fly"]]]
    score = CiderD(references)
    for one, other in product(("a red dog", "birds", ""), ("two birds fly", "a dog")):
        candidates = [one.split(), other.split()]
        kept = [score(words, i) for i, words in enumerate(candidates)]
        assert kept == pytest.approx(cider_d(candidates, references))


class Maps:
    """A feature map for each colour."""

    folder = Path("colours")

    def maps(self, images, views):
        one_hot = np.eye(3, 1280, dtype=np.float32) * 5
        return np.stack([one_hot[[int(image.stem) % 3] * 4] for image in images])


def task(**changes):
    recipe = replace(
        Recipe(
            annotation=8,
            embedding=8,
            hidden=8,
            attention=4,
            min_count=1,
            max_words=4,
            images_per_batch=6,
            self_critical_epochs=40,
            self_critical_lr=2e-2,
            temperature=1.0,
            views=2,
            average=0.0,
        ),
        **changes,
    )
    examples = [
        Example(Path(f"{i}.jpg"), (text, text), "train") for i, text in enumerate([*COLOURS] * 2)
    ]
    made = CaptionTask.build(recipe, SimpleNamespace(), Maps(), examples, examples)
    return critical_part(made)


def critical_part(made):
    """The task's last part, with the maps above instead of live ones."""
    part = made.recipe.self_critical._replace(views=2)
    return made.then(part, Network(made.decoder()))


def run(critical, epochs):
    (weights, state), step, scores = critical.start(), critical.step(), []
    for epoch in range(epochs):
        for number, batch in enumerate(critical.batches(epoch, 0)):
            rng = np.random.default_rng([epoch, number])
            weights, state, metrics = step(weights, state, batch, rng)
            scores.append(metrics["cider_d"])
    return weights, scores


def test_the_score_rises():
    made = task()
    _, scores = run(SelfCriticalTask(task=made), 120)
    assert np.mean(scores[-10:]) > np.mean(scores[:10]) + 0.7


@pytest.mark.parametrize("kind", [WordsTask, SelfCriticalTask])
def test_all_parts_average_by_the_steps_that_were_made_before(kind):
    made = task(average=0.999)
    steps = kind(task=made)
    weights, state = steps.start()
    batch, rng = next(steps.batches(0, 0)), np.random.default_rng(0)
    for _ in range(2):  # the first learning rate is 0
        before, at = weights, int(state["decoder"]["step"])
        weights, state, _ = steps.step()(weights, state, batch, rng)
    kept = (1 + at) / (10 + at)
    for old, new, average in zip(
        before.average.parameters(),
        weights.network.parameters(),
        weights.average.parameters(),
        strict=True,
    ):
        expected = kept * old.numpy() + (1 - kept) * new.numpy()
        np.testing.assert_allclose(average.numpy(), expected, atol=1e-6)


def test_a_run_is_the_same_again_and_compiled():
    made = task()
    critical = SelfCriticalTask(task=made)
    once, scores = run(critical, 3)
    again, _ = run(critical, 3)
    pytest.importorskip("llvmlite")
    with eager(False):
        compiled, others = run(critical, 3)
    assert scores == pytest.approx(others, rel=1e-4)
    for a, b, c in zip(
        once.network.parameters(),
        again.network.parameters(),
        compiled.network.parameters(),
        strict=True,
    ):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
        np.testing.assert_allclose(a.numpy(), c.numpy(), atol=2e-3)


def test_a_mirrored_photograph_is_scored_by_mirrored_words():
    texts = ("a dog on the left", "a dog on the right")
    examples = [Example(Path(f"{i}.jpg"), (text,), "train") for i, text in enumerate(texts)]
    made = CaptionTask.build(
        task(max_words=6).recipe, SimpleNamespace(), Maps(), examples, examples
    )
    critical = SelfCriticalTask(task=made)
    ids = np.array([[made.ids[0][0], made.ids[1][0]]])
    plain = critical.scores(Photographs(np.array([0]), Tensor(0.0), [False]), ids)
    mirrored = critical.scores(Photographs(np.array([0]), Tensor(0.0), [True]), ids)
    assert plain[0, 0] > plain[0, 1]
    np.testing.assert_allclose(mirrored, plain[:, ::-1])
