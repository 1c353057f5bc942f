from __future__ import annotations

import numpy as np
import pytest

import tushuo.graph as g
from tushuo.errors import UsageError
from tushuo.nn import Dropout


def test_it_drops_the_share_and_scales_the_rest():
    y = Dropout(0.25)(np.ones((100, 100), np.float32), rng=0).numpy()
    assert y.dtype == np.float32
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert np.mean(y == 0) == pytest.approx(0.25, abs=0.02)


def test_the_same_seed_drops_the_same():
    x = np.ones(50)
    one, two = (Dropout()(x, rng=3).numpy() for _ in range(2))
    np.testing.assert_array_equal(one, two)
    source = np.random.default_rng(3)
    np.testing.assert_array_equal(one, Dropout()(x, rng=source).numpy())
    assert not np.array_equal(one, Dropout()(x, rng=source).numpy())


def test_what_is_dropped_gets_no_gradient():
    x = np.ones(50)
    y = Dropout()(x, rng=3).numpy()
    np.testing.assert_array_equal(g.grad(lambda v: Dropout()(v, rng=3).sum())(x).numpy(), y)


def test_gradients(check_layer, rng):
    check_layer(Dropout(0.3), rng.normal(size=(3, 4)), rng=1)


def test_inference_hands_through():
    x = np.arange(4.0)
    np.testing.assert_array_equal(Dropout().eval()(x).numpy(), x)
    np.testing.assert_array_equal(Dropout(0.0)(x).numpy(), x)


def test_training_without_random_numbers_is_refused():
    with pytest.raises(UsageError) as error:
        Dropout()(np.ones(3))
    assert str(error.value) == (
        "Dropout needs random numbers in training; call the model with "
        "rng=numpy.random.default_rng(seed), or model.eval() first"
    )


@pytest.mark.parametrize("p", [1.0, -0.1, float("nan")])
def test_probabilities(p):
    with pytest.raises(UsageError, match=r"Dropout: p must be in \[0, 1\), got"):
        Dropout(p)


def test_repr():
    assert repr(Dropout()) == "Dropout(p=0.5)"
