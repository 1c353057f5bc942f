from __future__ import annotations

import numpy as np
import pytest

from tushuo.errors import ShapeError, UsageError
from tushuo.nn import Linear


def test_it_is_an_affine_map_of_the_last_axis(rng):
    layer = Linear(3, 2, rng=0)
    x = rng.normal(size=(4, 5, 3)).astype(np.float32)
    expected = np.einsum("nti,oi->nto", x, layer.weight.numpy()) + layer.bias.numpy()
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-5, atol=1e-6)
    assert layer(x).dtype == np.float32


def test_gradients(check_layer, rng):
    check_layer(Linear(3, 2, rng=0), rng.normal(size=(2, 4, 3)), order=2)
    check_layer(Linear(3, 2, bias=False, rng=0), rng.normal(size=3))


def test_initial_values_lie_within_the_bound_of_pytorch():
    layer = Linear(16, 400, rng=0)
    for values in (layer.weight.numpy(), layer.bias.numpy()):
        assert 0.24 < np.abs(values).max() <= 0.25


def test_repr():
    assert repr(Linear(784, 30)) == "Linear(in_features=784, out_features=30, bias=True)"


def test_wrong_inputs_name_the_layer():
    with pytest.raises(ShapeError) as error:
        Linear(784, 30)(np.zeros((10, 20), np.float32))
    assert str(error.value) == "Linear(784, 30) needs inputs (..., 784), got (10, 20)"


def test_wrong_sizes_are_refused():
    with pytest.raises(UsageError, match="Linear: out_features must be an integer >= 1, got 0"):
        Linear(3, 0)
