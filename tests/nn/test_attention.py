from __future__ import annotations

import numpy as np
import pytest

import tushuo.graph as g
from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.nn import AdditiveAttention, masked_softmax, scaled_dot_product_attention

MASK = np.array([[True, True, False], [False, True, False]])


def test_masked_softmax_is_a_softmax_of_what_takes_part(rng):
    scores = rng.normal(size=(2, 3))
    weights = masked_softmax(scores, MASK).numpy()
    e = np.exp(scores) * MASK
    np.testing.assert_allclose(weights, e / e.sum(-1, keepdims=True), rtol=1e-12)
    assert (weights[~MASK] == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_without_any_has_weights_and_gradient_zero(dtype):
    scores, mask = np.array([[1.0, 2.0], [3.0, -np.inf]], dtype), np.array([[1, 1], [0, 0]], bool)
    weights = masked_softmax(scores, mask)
    assert weights.dtype == dtype
    assert weights.numpy()[1].tolist() == [0, 0]
    slopes = g.grad(lambda s: (masked_softmax(s, mask) * np.array([1, 2], dtype)).sum())(scores)
    assert slopes.numpy()[1].tolist() == [0, 0]
    assert np.isfinite(slopes.numpy()).all()


def test_masked_softmax_gradients(rng):
    g.check_grads(lambda s: masked_softmax(s, MASK), (rng.normal(size=(2, 3)),))


def test_scaled_dot_product(rng):
    q, k, v = rng.normal(size=(2, 4, 8)), rng.normal(size=(2, 3, 8)), rng.normal(size=(2, 3, 5))
    mean, weights = scaled_dot_product_attention(q, k, v)
    e = np.exp(q @ np.swapaxes(k, 1, 2) / np.sqrt(8))
    expected = e / e.sum(-1, keepdims=True)
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-10)
    np.testing.assert_allclose(mean.numpy(), expected @ v, rtol=1e-10)


def test_scaled_dot_product_gradients(rng):
    q, k, v = rng.normal(size=(2, 2, 4)), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 2))
    mask = MASK[:, None, :]
    g.check_grads(lambda *x: scaled_dot_product_attention(*x, mask), (q, k, v), order=2)


def test_scaled_dot_product_drops_weights_but_shows_them_whole(rng):
    x = rng.normal(size=(1, 40, 4))
    mean, weights = scaled_dot_product_attention(x, x, np.eye(40)[None], dropout_p=0.5, rng=0)
    assert 0.4 < (mean.numpy() == 0).mean() < 0.6
    np.testing.assert_allclose(weights.numpy().sum(-1), 1)
    with pytest.raises(UsageError, match="scaled_dot_product_attention needs random numbers"):
        scaled_dot_product_attention(x, x, x, dropout_p=0.5)


def test_additive_scores_follow_the_equation(rng):
    layer = AdditiveAttention(5, 4, 3, rng=0, dtype=np.float64)
    q, a = rng.normal(size=(2, 5)), rng.normal(size=(2, 6, 4))
    p = layer.state_dict()
    joint = (q @ p["query.weight"].T + p["query.bias"])[:, None] + a @ p["key.weight"].T
    e = np.exp(np.tanh(joint) @ p["score.weight"][0])
    expected = e / e.sum(-1, keepdims=True)
    mean, weights = layer(q, a)
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-10)
    np.testing.assert_allclose(mean.numpy(), np.einsum("ns,nsd->nd", expected, a), rtol=1e-10)


def test_additive_gradients(check_layer, rng):
    layer = AdditiveAttention(3, 2, 3, rng=0)
    q, a = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 2))
    check_layer(layer, q, a, order=2)
    check_layer(layer, q, a, mask=MASK)


def test_many_queries_share_the_annotations(check_layer, rng):
    layer = AdditiveAttention(3, 2, 3, rng=0)
    q, a = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 3, 2))
    means, weights = layer(q, a, mask=MASK)
    assert weights.shape == (2, 4, 3)
    for k in range(4):
        np.testing.assert_allclose(means.numpy()[:, k], layer(q[:, k], a, mask=MASK)[0].numpy())
    check_layer(layer, q, a, mask=MASK)


def test_additive_keys_can_be_projected_once(rng):
    layer = AdditiveAttention(3, 2, 3, rng=0)
    q, a = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 2))
    np.testing.assert_array_equal(layer(q, a, layer.project(a))[0].numpy(), layer(q, a)[0].numpy())


def test_masked_annotations_change_nothing_and_get_no_gradient(rng):
    layer = AdditiveAttention(3, 2, 3, rng=0)
    q, a = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 2))
    alone, _ = layer(q[:1], a[:1, :2])
    np.testing.assert_allclose(layer(q, a, mask=MASK)[0].numpy()[:1], alone.numpy(), rtol=1e-10)
    slopes = g.grad(lambda x: (layer(q, x, mask=MASK)[0] * np.array([1.0, 2.0])).sum())(a).numpy()
    assert (slopes[~MASK] == 0).all()
    assert (slopes[MASK] != 0).all()


def test_attention_to_nothing_is_zero(rng):
    layer = AdditiveAttention(3, 2, 3, rng=0)
    mean, weights = layer(np.ones((1, 3)), np.ones((1, 4, 2)), mask=np.zeros((1, 4), bool))
    assert not mean.numpy().any()
    assert not weights.numpy().any()


def test_additive_repr():
    assert repr(AdditiveAttention(3, 2, 4)) == (
        "AdditiveAttention(\n"
        "  (query): Linear(in_features=3, out_features=4, bias=True)\n"
        "  (key): Linear(in_features=2, out_features=4, bias=False)\n"
        "  (score): Linear(in_features=4, out_features=1, bias=False)\n"
        ")"
    )


Q, A = np.zeros((2, 3)), np.zeros((2, 5, 4))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: AdditiveAttention(3, 4, 2)(Q, A[0]),
            "AdditiveAttention needs queries (N, Q) or (N, K, Q) and annotations (N, S, D), "
            "got (2, 3) and (5, 4)",
        ),
        (
            lambda: AdditiveAttention(3, 4, 2)(Q, A, g.asarray(A)),
            "AdditiveAttention got keys (2, 5, 4) for annotations (2, 5, 4); make them with "
            "project(annotations)",
        ),
        (
            lambda: AdditiveAttention(3, 4, 2)(Q, A, mask=np.ones((2, 4), bool)),
            "AdditiveAttention needs a mask (N, S) = (2, 5), got (2, 4)",
        ),
        (
            lambda: scaled_dot_product_attention(A, A[:, :, :2], A),
            "scaled_dot_product_attention needs queries (..., L, E), keys (..., S, E) and values "
            "(..., S, D), got (2, 5, 4), (2, 5, 2) and (2, 5, 4)",
        ),
    ],
)
def test_wrong_shapes(call, text):
    with pytest.raises(ShapeError) as error:
        call()
    assert str(error.value) == text


def test_masks_are_boolean():
    with pytest.raises(DTypeError, match="AdditiveAttention needs a boolean mask, got float64"):
        AdditiveAttention(3, 4, 2)(Q, A, mask=np.ones((2, 5)))
