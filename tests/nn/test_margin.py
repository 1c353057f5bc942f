from __future__ import annotations

import array_api_strict as strict
import numpy as np
import pytest

import tushuo.graph as g
from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.nn import MultiMarginLoss, multi_margin_loss

TARGET = np.array([[1, 0, 3], [2, 2, 0]])
WEIGHT = np.array([1.0, 2.0, 0.5, 3.0])


@pytest.fixture
def scores(rng):
    return 2 * rng.normal(size=(2, 3, 4))


def by_definition(scores, p=1, margin=1.0):
    """Class by class, position by position."""
    losses = np.zeros(TARGET.shape)
    for place in np.ndindex(TARGET.shape):
        s, y = scores[place], TARGET[place]
        losses[place] = sum(max(0, margin - s[y] + s[j]) ** p for j in range(4) if j != y) / 4
    return losses


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("margin", [1.0, 0.3, -0.5])
def test_the_definition(scores, p, margin):
    got = multi_margin_loss(scores, TARGET, p, margin, reduction="none")
    np.testing.assert_allclose(got.numpy(), by_definition(scores, p, margin), rtol=1e-12)


def test_reductions_and_weights(scores):
    each = by_definition(scores)
    assert multi_margin_loss(scores, TARGET).item() == pytest.approx(each.mean())
    assert multi_margin_loss(scores, TARGET, reduction="sum").item() == pytest.approx(each.sum())
    weighed = multi_margin_loss(scores, TARGET, weight=WEIGHT)
    assert weighed.item() == pytest.approx((each * WEIGHT[TARGET]).mean())


@pytest.mark.parametrize("p", [1, 2])
def test_gradients(scores, p):
    g.check_grads(lambda s: multi_margin_loss(s, TARGET, p, weight=WEIGHT), (scores,))


def test_a_clear_winner_costs_nothing_and_gets_no_gradient():
    scores = np.array([[5.0, 1.0, 3.9]])
    loss, slopes = g.value_and_grad(lambda s: multi_margin_loss(s, np.array([0])))(scores)
    assert loss.item() == 0
    assert not slopes.numpy().any()


def test_exactly_the_margin_has_no_slope():
    slopes = g.grad(lambda s: multi_margin_loss(s, np.array([0])))(np.array([[2.0, 1.0, 1.5]]))
    np.testing.assert_allclose(slopes.numpy(), [[-1 / 3, 0, 1 / 3]])


def test_the_data_type_stays():
    assert multi_margin_loss(np.ones((2, 3), np.float32), np.array([0, 1])).dtype == np.float32


def test_other_array_libraries(scores):
    got = multi_margin_loss(strict.asarray(scores), strict.asarray(TARGET))
    assert float(got) == pytest.approx(by_definition(scores).mean())


def test_the_layer_is_the_function(scores):
    layer = MultiMarginLoss(2, 0.5, WEIGHT, "sum")
    expected = multi_margin_loss(scores, TARGET, 2, 0.5, WEIGHT, "sum")
    assert layer(scores, TARGET).item() == expected.item()
    assert layer.parameters() == []
    assert repr(layer) == "MultiMarginLoss(p=2, margin=0.5, reduction='sum')"


X = np.zeros((2, 3, 4))


@pytest.mark.parametrize(
    ("error", "call", "text"),
    [
        (
            ShapeError,
            lambda: multi_margin_loss(X, TARGET.T),
            "multi_margin_loss needs logits (..., C) and targets (...), got (2, 3, 4) and (3, 2); "
            "the classes stand on the last axis",
        ),
        (
            ShapeError,
            lambda: multi_margin_loss(X, TARGET + 1),
            "multi_margin_loss: target 4 is not one of 4 classes",
        ),
        (
            ShapeError,
            lambda: multi_margin_loss(X, TARGET, weight=np.ones(3)),
            "multi_margin_loss needs a weight (C,) = (4,), got (3,)",
        ),
        (
            DTypeError,
            lambda: multi_margin_loss(X, X[..., 0]),
            "multi_margin_loss needs integer targets, got float64; pass numbers of classes",
        ),
        (
            UsageError,
            lambda: multi_margin_loss(X, TARGET, 3),
            "multi_margin_loss: p must be 1 or 2, got 3",
        ),
        (
            UsageError,
            lambda: multi_margin_loss(X, TARGET, reduction="average"),
            "multi_margin_loss: reduction is 'average'; use 'mean', 'sum' or 'none'",
        ),
    ],
)
def test_wrong_arguments(error, call, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
