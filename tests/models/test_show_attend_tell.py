"""What every captioning decoder must do, after neuraltalk2's tests of its language model."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from tushuo.graph import Tensor, check_grads, grad, value_and_grad
from tushuo.models.show_attend_tell import ShowAttendTell, doubly_stochastic
from tushuo.nn import cross_entropy
from tushuo.optim import Adam

B, K, T, L, V = 2, 3, 5, 4, 11


def small(dropout: float = 0.0, vocabulary: int = V, **sizes: int) -> ShowAttendTell:
    given = {"channels": 6, "annotation": 5, "embedding": 4, "hidden": 7, "attention": 3, **sizes}
    return ShowAttendTell(vocabulary, **given, dropout=dropout, rng=0)


def example(seed: int = 0, vocabulary: int = V) -> tuple[Tensor, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    features = Tensor(random.standard_normal((B, L, 6)).astype(np.float32))
    words = random.integers(4, vocabulary, (B, K, T + 1))
    lengths = random.integers(2, T + 1, (B, K))
    return features, words, np.arange(T) < lengths[..., None]


def loss(model: ShowAttendTell, features, words, mask, rng=None) -> Tensor:
    logits, weights = model(features, words[..., :-1], rng)
    cross = cross_entropy(logits, words[..., 1:], mask=mask)
    return cross + doubly_stochastic(weights, Tensor(mask.astype(weights.dtype)))


def test_shapes_and_attention():
    features, words, _ = example()
    logits, weights = small()(features, words[..., :-1])
    assert logits.shape == (B, K, T, V)
    assert weights.shape == (B, K, T, L)
    np.testing.assert_allclose(weights.numpy().sum(-1), 1, rtol=1e-5)


def test_step_by_step_is_the_same_as_all_at_once():
    model = small().eval()
    features, words, _ = example()
    logits, weights = model(features, words[..., :-1])
    annotations = model.annotations(features)
    state = model.initial(annotations, K)
    for t in range(T):
        step = model.step(annotations, state, Tensor(words[..., t]))
        state = step.state
        np.testing.assert_allclose(step.logits.numpy(), logits.numpy()[:, :, t], atol=1e-5)
        np.testing.assert_allclose(step.weights.numpy(), weights.numpy()[:, :, t], atol=1e-6)


def test_a_sentence_does_not_depend_on_its_neighbours():
    model = small().eval()
    features, words, _ = example()
    together, _ = model(features, words[..., :-1])
    alone, _ = model(features[1:], words[1:, 2:, :-1])
    np.testing.assert_allclose(alone.numpy()[0, 0], together.numpy()[1, 2], atol=1e-5)


def test_words_depend_on_earlier_ones_only():
    model = small().eval()
    features, words, _ = example()
    before, _ = model(features, words[..., :-1])
    words[..., 3] = 4 + (words[..., 3] - 3) % (V - 4)
    after, _ = model(features, words[..., :-1])
    same = np.isclose(before.numpy(), after.numpy()).all(axis=(0, 1, 3))
    assert same.tolist() == [True, True, True, False, False]


def test_padding_changes_no_gradient():
    model = small()
    features, words, mask = example()
    gradient = grad(loss)(model, features, words, mask)
    padded = words.copy()
    padded[..., 1:][~mask] = 4  # another word where nothing counts
    other = grad(loss)(model, features, padded, mask)
    for (name, one), two in zip(
        gradient.named_parameters().items(), other.parameters(), strict=True
    ):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6, err_msg=name)


def test_the_first_loss_is_that_of_guessing():
    features, words, mask = example(vocabulary=1000)
    model = small(vocabulary=1000)
    logits, _ = model(features, words[..., :-1])
    first = float(cross_entropy(logits, words[..., 1:], mask=mask))
    assert first == pytest.approx(log(1000), rel=0.05)


def test_a_tiny_batch_is_learnt_by_heart():
    features, words, mask = example()
    model = small(hidden=32, embedding=16)
    optimizer, step = Adam(0.02), value_and_grad(loss)
    state = optimizer.init(model)
    for _ in range(150):
        value, gradient = step(model, features, words, mask)
        model, state = optimizer.update(model, gradient, state)
    logits, _ = model(features, words[..., :-1])
    right = logits.numpy().argmax(-1) == words[..., 1:]
    # sentences of a photograph begin alike: what follows the first words can be known
    assert right[..., 1:][mask[..., 1:]].mean() > 0.9
    assert float(value) < 1.5


def test_gradients_are_right():
    model = small(annotation=3, embedding=2, hidden=3, attention=2)
    double = {name: x.astype("float64") for name, x in model.named_parameters().items()}
    features, words, mask = example()

    def of_weights(weights):
        for name, value in weights.items():
            *path, last = name.split(".")
            owner = model
            for part in path:
                owner = getattr(owner, part)
            setattr(owner, last, value)
        return loss(model, features.astype("float64"), words, mask)

    check_grads(of_weights, (double,), order=1)


def test_dropout_needs_a_source_of_randomness_and_eval_needs_none():
    features, words, mask = example()
    model = small(dropout=0.5)
    first = loss(model, features, words, mask, np.random.default_rng(1))
    again = loss(model, features, words, mask, np.random.default_rng(1))
    other = loss(model, features, words, mask, np.random.default_rng(2))
    assert float(first) == float(again) != float(other)
    model.eval()
    assert float(loss(model, features, words, mask)) == float(loss(model, features, words, mask))


def test_the_regulariser_is_zero_when_each_place_is_looked_at_once():
    weights = np.zeros((1, 1, 6, L), np.float32)
    weights[0, 0, :L] = np.eye(L)
    mask = np.array([[[1, 1, 1, 1, 0, 0]]], np.float32)
    assert float(doubly_stochastic(Tensor(weights), Tensor(mask))) == 0
    mask[..., 0] = 0
    assert float(doubly_stochastic(Tensor(weights), Tensor(mask))) == pytest.approx(1 / L)
