"""The joint space: what its vectors depend on, and that training brings what belongs together."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.errors import ShapeError
from tushuo.graph import Tensor, check_grads, tree_map, value_and_grad
from tushuo.models.joint_space import PADDING, JointSpace, contrastive_loss, unit
from tushuo.optim import Adam

PIECES = np.array([[1, 5, 3, 4], [1, 2, PADDING, PADDING], [1, 6, 6, PADDING]])


def small(**settings: float) -> JointSpace:
    given = {"dropout_image": 0.0, "dropout_text": 0.0, **settings}
    return JointSpace(7, channels=6, dimensions=5, embedding=4, rng=0, **given)


def pooled(count: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 6)).astype(np.float32)


def test_vectors_have_length_one():
    model = small()
    for vectors in (model.images(pooled()), model.texts(PIECES)):
        assert vectors.shape == (3, 5)
        np.testing.assert_allclose(np.linalg.norm(vectors.numpy(), axis=1), 1, rtol=1e-5)


def test_padding_changes_nothing():
    model = small()
    wider = np.pad(PIECES, ((0, 0), (0, 3)), constant_values=PADDING)
    np.testing.assert_allclose(model.texts(wider).numpy(), model.texts(PIECES).numpy(), atol=1e-6)
    alone = model.texts(PIECES[1:2, :2]).numpy()
    np.testing.assert_allclose(alone[0], model.texts(PIECES).numpy()[1], atol=1e-6)


def test_a_masked_piece_is_as_if_it_were_not_there():
    model, mask = small(), np.ones((3, 4), bool)
    mask[0, 1] = False
    expected = model.texts(np.array([[1, 3, 4]])).numpy()[0]
    np.testing.assert_allclose(model.texts(PIECES, mask=mask).numpy()[0], expected, atol=1e-6)


@given(st.permutations([1, 5, 3, 4]))
def test_the_order_of_pieces_does_not_matter(order):
    model = small()
    expected = model.texts(PIECES).numpy()[0]
    np.testing.assert_allclose(model.texts(np.array([order])).numpy()[0], expected, atol=1e-6)


def test_the_brightness_of_a_feature_map_does_not_matter():
    model = small()
    np.testing.assert_allclose(
        model.images(7 * pooled()).numpy(), model.images(pooled()).numpy(), atol=1e-6
    )


def test_gradients_of_all_parameters_are_those_of_differences():
    model = tree_map(lambda x: x.astype(np.float64), small())
    seen = pooled().astype(np.float64)

    def loss(model):
        return contrastive_loss(model.images(seen), model.texts(PIECES), model.scale())

    check_grads(loss, (model,), order=1)
    _, gradient = value_and_grad(loss)(model)
    assert not gradient.embed.weight.numpy()[PADDING].any()
    assert abs(gradient.log_scale.item()) > 1e-6


def test_loss_of_what_cannot_be_told_apart_is_log_n():
    same = np.tile(unit(np.ones(5)).numpy(), (8, 1))
    assert contrastive_loss(same, same, 20.0).item() == pytest.approx(log(8))


def test_loss_of_what_is_told_apart_vanishes_and_swapped_pairs_cost():
    vectors = np.eye(4)
    assert contrastive_loss(vectors, vectors, 100.0).item() < 1e-30
    assert contrastive_loss(vectors, vectors[[1, 0, 2, 3]], 100.0).item() == pytest.approx(50)


def test_both_directions_count():
    photos, texts = pooled(4)[:, :5], pooled(4, seed=1)[:, :5]
    there = contrastive_loss(photos, texts, 3.0).item()
    assert contrastive_loss(texts, photos, 3.0).item() == pytest.approx(there)


def test_loss_needs_pairs():
    with pytest.raises(ShapeError, match=r"needs \(N, D\) twice, got \(3, 5\) and \(2, 5\)"):
        contrastive_loss(np.ones((3, 5)), np.ones((2, 5)), 1.0)


def test_the_scale_is_bounded():
    model = small().tree_replace({"log_scale": Tensor(np.full(1, 9, np.float32))})
    assert model.scale().item() == 100


def test_zeros_have_no_direction_and_no_nan():
    zeros = np.zeros((2, 5))
    value, slope = value_and_grad(lambda x: unit(x).sum())(zeros)
    assert value.item() == 0
    assert np.isfinite(slope.numpy()).all()


def test_a_tiny_batch_overfits():
    model, optimizer = small(dropout_image=0.1), Adam(0.02)
    state, rng = optimizer.init(model), np.random.default_rng(0)

    def loss(model):
        return contrastive_loss(
            model.images(pooled(), rng), model.texts(PIECES, rng), model.scale()
        )

    first = loss(model).item()
    for _ in range(120):
        _, gradient = value_and_grad(loss)(model)
        model, state = optimizer.update(model, gradient, state)
    assert first > 0.5
    assert loss(model.eval()).item() < 0.05
