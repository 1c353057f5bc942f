"""The fully connected network and LeNet on the engine."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo import check_grads
from tushuo.errors import ShapeError, UsageError
from tushuo.graph import ops
from tushuo.models.lenet import LeNet
from tushuo.models.mlp import ACTIVATIONS, MLP


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradients_of_an_mlp(activation):
    mlp = MLP([4, 5, 3], activation, rng=0, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(2, 4))
    check_grads(lambda model: ops.sum(model(x) ** 2), [mlp], order=1)


def test_the_gradients_of_lenet():
    net = LeNet(16, (2, 3), 4, 3, "tanh", rng=0, dtype=np.float64).eval()
    x = np.random.default_rng(0).normal(size=(2, 256))
    check_grads(lambda model: ops.sum(model(x) ** 2), [net], order=1)


def test_lenet_takes_rows_and_pictures():
    net, x = LeNet(rng=0).eval(), np.random.default_rng(0).random((3, 784), dtype=np.float32)
    logits = net(x)
    assert logits.shape == (3, 10)
    np.testing.assert_array_equal(logits.numpy(), net(x.reshape(3, 1, 28, 28)).numpy())
    assert sum(p.size for p in net.parameters()) == 416 + 12_832 + 65_664 + 1_290
    assert "size=28" in repr(net)
    assert "activation='relu'" in repr(MLP([2, 1], "relu"))


def test_dropout_needs_randomness_in_training():
    x = np.ones((1, 784), np.float32)
    with pytest.raises(UsageError, match="rng"):
        LeNet(rng=0)(x)
    assert LeNet(rng=0, dropout=0.0)(x).shape == (1, 10)


def test_wrong_arguments_are_named():
    with pytest.raises(ShapeError, match=r"LeNet: got shape \(2, 783\), expected \(N, 784\)"):
        LeNet(rng=0)(np.zeros((2, 783), np.float32))
    with pytest.raises(ShapeError, match="size: got 15, expected at least 16"):
        LeNet(15)
    with pytest.raises(ShapeError, match=r"sizes: got \[784\]"):
        MLP([784])
    with pytest.raises(ShapeError, match="sizes: got '784-10'"):
        MLP("784-10")
    with pytest.raises(UsageError, match="activation: got 'step'; expected one of sigmoid"):
        MLP([2, 1], "step")
    with pytest.raises(ShapeError, match=r"Linear\(784, 10\)"):
        MLP([784, 10], rng=0)(np.zeros((1, 100), np.float32))
