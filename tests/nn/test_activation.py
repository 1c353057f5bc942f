from __future__ import annotations

from math import erf, exp, sqrt

import numpy as np
import pytest

import tushuo.graph as g
from tushuo import nn
from tushuo.errors import UsageError

LAYERS = [nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.ReLU6(), nn.SiLU(), nn.GELU(), nn.GELU("tanh"),
          nn.Softmax(), nn.Softmax(0)]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_gradients(layer, check_layer, rng):
    check_layer(layer, 3 * rng.normal(size=(3, 4)), order=2)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_float32_and_the_shape_are_kept(layer):
    y = layer(np.linspace(-9, 9, 12, dtype=np.float32).reshape(3, 4))
    assert (y.dtype, y.shape) == (np.dtype(np.float32), (3, 4))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (nn.relu6, {-1.0: 0, 2.5: 2.5, 7.0: 6}),
        (nn.silu, {-2.0: -2 / (1 + exp(2)), 0.0: 0, 2.0: 2 / (1 + exp(-2))}),
        (nn.gelu, {-1.0: -0.5 * (1 + erf(-sqrt(0.5))), 0.0: 0, 30.0: 30}),
    ],
)
def test_values(function, expected):
    y = function(np.array(list(expected))).numpy()
    np.testing.assert_allclose(y, list(expected.values()), rtol=1e-12)


def test_gelu_by_tanh_is_close_to_the_exact_one():
    x = np.linspace(-6, 6, 101)
    difference = nn.gelu(x, "tanh").numpy() - nn.gelu(x).numpy()
    assert 1e-4 < np.abs(difference).max() < 1e-3


def test_relu6_passes_the_gradient_from_0_to_6():
    slopes = g.grad(lambda x: nn.relu6(x).sum())(np.array([-1.0, 0, 3, 6, 7]))
    assert slopes.numpy().tolist() == [0, 1, 1, 1, 0]


def test_large_inputs_do_not_overflow():
    x = np.array([-1e4, 1e4], np.float32)
    np.testing.assert_array_equal(nn.silu(x).numpy(), [0, 1e4])
    np.testing.assert_array_equal(nn.softmax(x).numpy(), [0, 1])


def test_gelu_knows_two_forms():
    for call in (lambda: nn.gelu(1.0, "erf"), lambda: nn.GELU("erf")):
        with pytest.raises(UsageError, match="approximate is 'erf'; use 'none' or 'tanh'"):
            call()


def test_reprs():
    assert [repr(x) for x in LAYERS] == [
        "Sigmoid()", "Tanh()", "ReLU()", "ReLU6()", "SiLU()", "GELU(approximate='none')",
        "GELU(approximate='tanh')", "Softmax(axis=-1)", "Softmax(axis=0)",
    ]  # fmt: skip
