from __future__ import annotations

from math import log

import numpy as np
import pytest

import tushuo.graph as g
from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.nn import (
    CrossEntropyLoss,
    MSELoss,
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
)

TARGET = np.array([[1, 0, 3], [2, 2, 0]])
MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)
WEIGHT = np.array([1.0, 2.0, 0.5, 3.0])


@pytest.fixture
def logits(rng):
    return 2 * rng.normal(size=(2, 3, 4))


def surprise(logits):
    """-log softmax of the target, by its definition."""
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return -np.log(np.take_along_axis(p, TARGET[..., None], -1)[..., 0])


def test_mse_is_the_mean_of_squares():
    x, y = np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, 1.0])
    assert mse_loss(x, y).item() == pytest.approx(13 / 3)
    assert mse_loss(x, y, "sum").item() == 13
    assert mse_loss(x, y, "none").numpy().tolist() == [0, 4, 9]


def test_cross_entropy_is_the_surprise(logits):
    each = surprise(logits)
    np.testing.assert_allclose(cross_entropy(logits, TARGET, reduction="none").numpy(), each)
    assert cross_entropy(logits, TARGET).item() == pytest.approx(each.mean())
    assert cross_entropy(logits, TARGET, reduction="sum").item() == pytest.approx(each.sum())


def test_equal_logits_surprise_by_the_log_of_the_classes():
    assert cross_entropy(np.zeros((5, 10)), np.arange(5)).item() == pytest.approx(log(10))


def test_the_gradient_is_softmax_minus_target(logits):
    slopes = g.grad(lambda x: cross_entropy(x, TARGET, reduction="sum"))(logits).numpy()
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(slopes, p - np.eye(4)[TARGET], atol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label_smoothing": 0.1},
        {"mask": MASK},
        {"ignore_index": 2, "reduction": "sum"},
        {"weight": WEIGHT, "label_smoothing": 0.2, "mask": MASK},
    ],
    ids=str,
)
def test_cross_entropy_gradients(settings, logits):
    g.check_grads(lambda x: cross_entropy(x, TARGET, **settings), (logits,))


def test_other_gradients(rng):
    x, y = rng.normal(size=(2, 3)), rng.uniform(size=(2, 3))
    g.check_grads(mse_loss, (x, y))
    g.check_grads(binary_cross_entropy_with_logits, (x, y))


def test_smoothing_mixes_in_the_mean_surprise_of_all_classes(logits):
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = 0.9 * surprise(logits).mean() - 0.1 * log_p.mean()
    assert cross_entropy(logits, TARGET, label_smoothing=0.1).item() == pytest.approx(expected)


def test_masked_positions_do_not_count(logits):
    each = surprise(logits)
    assert cross_entropy(logits, TARGET, mask=MASK).item() == pytest.approx(each[MASK].mean())
    ignored = np.where(MASK, TARGET, -100)
    same = cross_entropy(logits, ignored, ignore_index=-100)
    assert same.item() == pytest.approx(each[MASK].mean())
    each_masked = cross_entropy(logits, TARGET, mask=MASK, reduction="none").numpy()
    np.testing.assert_allclose(each_masked, np.where(MASK, each, 0))


def test_masked_positions_get_no_gradient(logits):
    slopes = g.grad(lambda x: cross_entropy(x, TARGET, mask=MASK, label_smoothing=0.1))(logits)
    assert (slopes.numpy()[~MASK] == 0).all()
    assert (slopes.numpy()[MASK] != 0).all()


def test_mask_and_ignore_index_join(logits):
    loss = cross_entropy(logits, TARGET, mask=MASK, ignore_index=2)
    assert loss.item() == pytest.approx(surprise(logits)[0, :2].mean())


def test_nothing_that_counts_is_zero(logits):
    none = np.zeros((2, 3), bool)
    loss, slopes = g.value_and_grad(lambda x: cross_entropy(x, TARGET, mask=none))(logits)
    assert loss.item() == 0
    assert not slopes.numpy().any()


def test_class_weights_weigh_the_mean(logits):
    each, w = surprise(logits), WEIGHT[TARGET]
    loss = cross_entropy(logits, TARGET, WEIGHT)
    assert loss.item() == pytest.approx((each * w).sum() / w.sum())


def test_binary_cross_entropy(rng):
    x, y = rng.normal(size=5), rng.uniform(size=5)
    p = 1 / (1 + np.exp(-x))
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    got = binary_cross_entropy_with_logits(x, y, "none").numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_extreme_logits_stay_finite():
    x = np.array([-1e4, 1e4], np.float32)
    y = np.array([1, 0], np.float32)
    assert binary_cross_entropy_with_logits(x, y, "none").numpy().tolist() == [1e4, 1e4]
    assert cross_entropy(x[None], np.array([0])).item() == 2e4


def test_layers_are_the_functions(logits):
    loss = CrossEntropyLoss(WEIGHT, ignore_index=2, label_smoothing=0.1)
    expected = cross_entropy(logits, TARGET, WEIGHT, ignore_index=2, label_smoothing=0.1)
    assert loss(logits, TARGET).item() == expected.item()
    assert loss.parameters() == []
    assert MSELoss("sum")(np.ones(3), np.zeros(3)).item() == 3


def test_reprs():
    assert repr(MSELoss()) == "MSELoss(reduction='mean')"
    assert repr(CrossEntropyLoss()) == "CrossEntropyLoss(reduction='mean')"
    shown = repr(CrossEntropyLoss(ignore_index=0, label_smoothing=0.1))
    assert shown == "CrossEntropyLoss(ignore_index=0, label_smoothing=0.1, reduction='mean')"


X = np.zeros((2, 3, 4))


@pytest.mark.parametrize(
    ("error", "call", "text"),
    [
        (
            ShapeError,
            lambda: mse_loss(np.zeros((3, 1)), np.zeros(3)),
            "mse_loss needs equal shapes, got (3, 1) and (3,)",
        ),
        (
            ShapeError,
            lambda: cross_entropy(X, TARGET.T),
            "cross_entropy needs logits (..., C) and targets (...), got (2, 3, 4) and (3, 2); "
            "the classes stand on the last axis",
        ),
        (
            ShapeError,
            lambda: cross_entropy(X, TARGET + 1),
            "cross_entropy: target 4 is not one of 4 classes; mark positions that do not count "
            "with mask or ignore_index",
        ),
        (
            ShapeError,
            lambda: cross_entropy(X, TARGET, np.ones(3)),
            "cross_entropy needs a weight (C,) = (4,), got (3,)",
        ),
        (
            ShapeError,
            lambda: cross_entropy(X, TARGET, mask=MASK[0]),
            "cross_entropy needs a mask (...) = (2, 3), got (3,)",
        ),
        (
            DTypeError,
            lambda: cross_entropy(X, X[..., 0]),
            "cross_entropy needs integer targets, got float64; pass numbers of classes",
        ),
        (
            UsageError,
            lambda: cross_entropy(X, TARGET, label_smoothing=1.5),
            "cross_entropy: label_smoothing must be in [0, 1], got 1.5",
        ),
        (
            UsageError,
            lambda: mse_loss(X, X, "average"),
            "mse_loss: reduction is 'average'; use 'mean', 'sum' or 'none'",
        ),
    ],
)
def test_wrong_arguments(error, call, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
