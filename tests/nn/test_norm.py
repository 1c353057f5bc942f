from __future__ import annotations

import numpy as np
import pytest

import tushuo.graph as g
from tushuo.errors import ShapeError, UsageError
from tushuo.nn import BatchNorm2d, LayerNorm


def test_layer_norm_gives_mean_0_and_variance_1(rng):
    y = LayerNorm((4, 5))(rng.normal(3.0, 2.0, size=(6, 4, 5))).numpy()
    np.testing.assert_allclose(y.mean((1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var((1, 2)), 1, rtol=1e-4)


@pytest.mark.parametrize("layer", [LayerNorm(5), LayerNorm((4, 5), bias=False)], ids=repr)
def test_layer_norm_gradients(layer, check_layer, rng):
    check_layer(layer, rng.normal(size=(2, 4, 5)), order=2)


def test_layer_norm_without_parameters():
    layer = LayerNorm(5, elementwise_affine=False)
    assert layer.parameters() == []
    assert not layer(np.full((2, 5), 3.0)).numpy().any()


def test_layer_norm_errors_and_repr():
    with pytest.raises(ShapeError, match=r"LayerNorm\(\(4, 5\)\) needs inputs \(\.\.\., 4, 5\)"):
        LayerNorm((4, 5))(np.zeros((5, 4)))
    with pytest.raises(ShapeError, match="got \\(5,\\)"):
        LayerNorm((4, 5))(np.zeros(5))
    assert repr(LayerNorm(5)) == "LayerNorm((5,), eps=1e-05)"


def test_batch_norm_in_training_gives_mean_0_and_variance_1_a_channel(rng):
    y = BatchNorm2d(3)(rng.normal(3.0, 2.0, size=(4, 3, 5, 5))).numpy()
    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var((0, 2, 3)), 1, rtol=1e-4)


def test_batch_norm_notes_running_statistics(rng):
    layer = BatchNorm2d(3, momentum=0.25)
    x = rng.normal(3.0, 2.0, size=(4, 3, 5, 5)).astype(np.float32)
    layer(x)
    np.testing.assert_allclose(layer.running_mean.data, 0.25 * x.mean((0, 2, 3)), rtol=1e-5)
    unbiased = x.var((0, 2, 3), ddof=1)
    np.testing.assert_allclose(layer.running_var.data, 0.75 + 0.25 * unbiased, rtol=1e-5)
    assert layer.running_mean.data.dtype == np.float32


def test_batch_norm_notes_them_while_it_is_differentiated(rng):
    layer = BatchNorm2d(2)
    x = rng.normal(1.0, size=(4, 2, 3, 3))
    g.grad(lambda m: m(x).sum())(layer)
    assert (layer.running_mean.data != 0).all()


def test_batch_norm_in_inference_uses_them_and_leaves_them(rng):
    layer = BatchNorm2d(2).eval()
    layer.running_mean.data = np.array([1.0, -1.0], np.float32)
    layer.running_var.data = np.array([4.0, 0.25], np.float32)
    x = rng.normal(size=(1, 2, 1, 1))
    mean, var = layer.running_mean.data, layer.running_var.data
    expected = (x[0, :, 0, 0] - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(layer(x).numpy()[0, :, 0, 0], expected, rtol=1e-6)
    assert layer.running_mean.data is mean


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_gradients(training, check_layer, rng):
    layer = BatchNorm2d(2).train(training)
    check_layer(layer, rng.normal(size=(3, 2, 2, 2)), order=2)


def test_batch_norm_without_parameters(rng):
    layer = BatchNorm2d(2, affine=False)
    assert layer.parameters() == []
    assert layer(rng.normal(size=(3, 2, 2, 2))).shape == (3, 2, 2, 2)
    assert layer.eval()(np.zeros((3, 2, 2, 2))).shape == (3, 2, 2, 2)


def test_batch_norm_errors_and_repr():
    with pytest.raises(ShapeError, match=r"BatchNorm2d\(3\) needs inputs \(N, 3, H, W\), got"):
        BatchNorm2d(3)(np.zeros((2, 4, 5, 5)))
    with pytest.raises(ShapeError, match="more than one value a channel in training"):
        BatchNorm2d(3)(np.zeros((1, 3, 1, 1)))
    assert repr(BatchNorm2d(3)) == "BatchNorm2d(3, eps=1e-05, momentum=0.1)"
    with pytest.raises(UsageError, match=r"momentum must be in \[0, 1\], got 2"):
        BatchNorm2d(3, momentum=2)
