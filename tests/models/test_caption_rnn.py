"""The captioner without attention: what every decoder must do, with each cell and both ways."""

from __future__ import annotations

from itertools import product
from math import log

import numpy as np
import pytest

from tushuo.caption import DecoderStep, Decoding, beam_search
from tushuo.errors import ShapeError, UsageError
from tushuo.graph import Tensor, check_grads, grad, ops, value_and_grad
from tushuo.models import CaptionRNN
from tushuo.optim import Adam

B, K, T, D, V = 3, 2, 5, 6, 11
PAD, BOS, EOS = 0, 1, 2
KINDS = list(product(["rnn", "lstm", "gru"], ["state", "word"]))
kinds = pytest.mark.parametrize(("cell", "image"), KINDS)


def small(cell="lstm", image="state", **settings):
    given = {"vocabulary": V, "channels": D, "embedding": 4, "hidden": 7, "rng": 0} | settings
    return CaptionRNN(cell=cell, image=image, **given)


def example(seed=0, vocabulary=V):
    """Features, and sentences with begin and end tokens, padded."""
    random = np.random.default_rng(seed)
    features = random.standard_normal((B, D)).astype(np.float32)
    sentences = random.integers(4, vocabulary, (B, K, T + 2))
    sentences[..., 0] = BOS
    for place in np.ndindex(B, K):
        end = random.integers(2, T + 2)
        sentences[(*place, end)] = EOS
        sentences[(*place, slice(end + 1, None))] = PAD
    return features, sentences


@kinds
def test_step_by_step_is_the_same_as_all_at_once(cell, image):
    model, (features, words) = small(cell, image), example()
    together = model(features, words)
    assert together.shape == (B, K, T + 2, V)
    state = model.initial(features, K)
    for t in range(T + 2):
        logits, state = model.step(state, words[..., t])
        np.testing.assert_allclose(logits.numpy(), together.numpy()[:, :, t], atol=1e-5)


@kinds
def test_a_sentence_depends_on_its_photograph_and_earlier_words_only(cell, image):
    model, (features, words) = small(cell, image), example()
    before = model(features, words).numpy()
    np.testing.assert_allclose(
        model(features[1:], words[1:, 1:]).numpy()[0, 0], before[1, 1], atol=1e-5
    )
    words[..., 3] = 4 + (words[..., 3] - 3) % (V - 4)
    same = np.isclose(model(features, words).numpy(), before).all(axis=(0, 1, 3))
    assert same.tolist() == [True] * 3 + [False] * 4
    assert not np.isclose(model(features + 1, words).numpy(), before).all(axis=-1).any()


@kinds
def test_gradients(cell, image):
    features, words = example()
    model = small(cell, image, embedding=3, hidden=4, dtype=np.float64)
    check_grads(lambda m, f: m.loss(f, words), (model, features.astype(float)), order=1)


def test_loss_is_the_surprise_of_the_whole_sentence():
    model, (features, words) = small(), example()
    log_p = ops.log_softmax(model(features, words[..., :-1]), -1).numpy()
    total = 0.0
    for i, j, t in np.ndindex(B, K, T + 1):
        following = words[i, j, t + 1]
        total -= 0 if following == PAD else log_p[i, j, t, following]
    assert model.loss(features, words).item() == pytest.approx(total / (B * K), rel=1e-5)


def test_what_is_put_in_after_the_end_changes_no_gradient():
    model, (features, words) = small(), example()
    one = grad(CaptionRNN.loss)(model, features, words)
    longer = np.concatenate([words, np.full((B, K, 3), PAD)], axis=-1)
    two = grad(CaptionRNN.loss)(model, features, longer)
    for (name, a), b in zip(one.named_parameters().items(), two.parameters(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=name)


def test_the_first_loss_is_that_of_guessing():
    features, words = example(vocabulary=1000)
    counted = (words[..., 1:] != PAD).sum() / (B * K)
    loss = small(vocabulary=1000).loss(features, words).item()
    assert loss == pytest.approx(counted * log(1000), rel=0.05)


@kinds
def test_a_tiny_batch_is_learnt_by_heart_and_said(cell, image):
    features, words = example()
    words = words[:, :1]
    model = small(cell, image, embedding=16, hidden=32)
    optimizer, step = Adam(0.02), value_and_grad(CaptionRNN.loss)
    state = optimizer.init(model)
    for _ in range(80):
        value, slopes = step(model, features, words)
        model, state = optimizer.update(model, slopes, state)
    assert float(value) < 0.5
    expected = [[w for w in row[0].tolist() if w > EOS] for row in words]
    assert model.sample(features, BOS, EOS) == expected


@kinds
def test_sampling_is_the_search_with_one_beam(cell, image):
    model, (features, _) = small(cell, image), example()
    never = [PAD, BOS, 3]
    model.output.bias = Tensor(np.isin(np.arange(V), never) * np.float32(-50))

    def step(state, words):
        logits, state = model.step(state, words)
        attention = np.zeros((*words.shape, 0))
        return DecoderStep(ops.log_softmax(logits, -1).numpy(), state, attention)

    start, settings = model.initial(features), Decoding(beams=1, max_words=6)
    found = beam_search(step, start, B, settings, bos=BOS, eos=EOS, forbidden=never)
    greedy = model.sample(features, BOS, EOS, max_words=6)
    assert any(greedy)
    for (best,), ids in zip(found, greedy, strict=True):
        assert not ids or list(best.ids) == ids  # the search never ends before the first word


def test_sampling_stops_at_the_end_and_at_the_longest():
    model, (features, _) = small(), example()
    model.output.bias = Tensor(np.eye(V, dtype=np.float32)[5] * 100)
    assert model.sample(features, BOS, EOS, max_words=4) == [[5] * 4] * B
    model.output.bias = Tensor(np.eye(V, dtype=np.float32)[EOS] * 100)
    assert model.sample(features, BOS, EOS) == [[]] * B
    assert model.sample(features[:0], BOS, EOS) == []


def test_the_two_ways_of_telling():
    """As a state it has H numbers; as a word E, and the cell has read it once (equation 10)."""
    features, _ = example()
    as_state, as_word = small("lstm", "state"), small("lstm", "word")
    assert as_state.see.weight.shape == (7, D)
    assert as_word.see.weight.shape == (4, D)
    h, c = as_state.initial(features, 2)
    np.testing.assert_allclose(h.numpy()[:, 1], as_state.see(features).numpy(), rtol=1e-6)
    assert not c.numpy().any()
    read = as_word.cell(as_word.see(features))
    for got, expected in zip(as_word.initial(features), read, strict=True):
        np.testing.assert_allclose(got.numpy()[:, 0], expected.numpy(), atol=1e-6)


def test_dropout_needs_a_source_of_randomness_and_inference_none():
    model, (features, words) = small(dropout=0.5), example()
    with pytest.raises(UsageError, match="Dropout needs random numbers in training"):
        model.loss(features, words)
    first, again, other = (model.loss(features, words, rng=seed).item() for seed in (1, 1, 2))
    assert first == again != other
    model.eval()
    assert model.loss(features, words).item() == model.loss(features, words).item()


def test_unknown_settings_and_wrong_shapes():
    with pytest.raises(UsageError) as caught:
        small(cell="LSTM")
    assert str(caught.value) == "CaptionRNN: cell is 'LSTM'; use rnn, lstm, gru"
    with pytest.raises(UsageError) as caught:
        small(image="first")
    assert str(caught.value) == "CaptionRNN: image is 'first'; use state, word"
    features, words = example()
    with pytest.raises(ShapeError, match=r"Linear\(6, 7\) needs inputs \(..., 6\), got \(3, 5\)"):
        small().loss(features[:, :5], words)
    with pytest.raises(ShapeError) as caught:
        small().loss(features, words[:, 0])
    assert str(caught.value) == (
        "CaptionRNN needs words (B, K, T) with B = 3, got (3, 6); "
        "K is the number of sentences for each photograph; for one, pass words[:, None]"
    )
    with pytest.raises(UsageError, match="max_words must be an integer >= 1, got 0"):
        small().sample(features, BOS, EOS, max_words=0)
