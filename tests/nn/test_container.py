from __future__ import annotations

import numpy as np
import pytest

from tushuo.errors import UsageError
from tushuo.nn import Dropout, Linear, ReLU, Sequential


def test_layers_follow_each_other(rng):
    first, last = Linear(3, 4, rng=0), Linear(4, 2, rng=1)
    x = rng.normal(size=(5, 3))
    expected = np.maximum(first(x).numpy(), 0)
    np.testing.assert_array_equal(
        Sequential(first, ReLU(), last)(x).numpy(), last(expected).numpy()
    )


def test_parameters_are_named_as_in_pytorch():
    model = Sequential(Linear(3, 4), ReLU(), Sequential(Linear(4, 2, bias=False)))
    assert list(model.named_parameters()) == ["0.weight", "0.bias", "2.0.weight"]


def test_state_dict_round_trip(rng):
    one, two = (Sequential(Linear(3, 4), ReLU(), Linear(4, 2)) for _ in range(2))
    x = rng.normal(size=(5, 3))
    assert not np.array_equal(one(x).numpy(), two(x).numpy())
    two.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(one(x).numpy(), two(x).numpy())


def test_gradients(check_layer, rng):
    model = Sequential(Linear(3, 4, rng=0), Dropout(), Sequential(Dropout(), Linear(4, 2, rng=1)))
    check_layer(model, rng.normal(size=(2, 3)), rng=5)


def test_random_numbers_are_handed_on_and_differ_from_layer_to_layer():
    x = np.ones(64)
    model = Sequential(Dropout(), ReLU(), Sequential(Dropout()))
    dropped = model(x, rng=0).numpy() == 0
    assert dropped.mean() > 0.6  # 1/2 if both dropped the same
    np.testing.assert_array_equal(model(x, rng=0).numpy() == 0, dropped)
    with pytest.raises(UsageError, match="Dropout needs random numbers"):
        model(x)
    np.testing.assert_array_equal(model.eval()(x).numpy(), x)


def test_it_is_a_sequence():
    layers = [Linear(3, 4), ReLU()]
    model = Sequential(*layers)
    assert len(model) == 2
    assert list(model) == layers
    assert model[-1] is layers[1]


def test_functions_are_refused():
    with pytest.raises(UsageError, match="layer 1 is no Module but <ufunc 'tanh'>; functions have"):
        Sequential(Linear(3, 4), np.tanh)


def test_repr():
    assert repr(Sequential(Linear(3, 4), Sequential(ReLU()))) == (
        "Sequential(\n"
        "  (0): Linear(in_features=3, out_features=4, bias=True)\n"
        "  (1): Sequential(\n"
        "    (0): ReLU()\n"
        "  )\n"
        ")"
    )
