"""CS231n, assignment 2, notebook ConvolutionalNetworks: layers, a network, norms of images."""

from __future__ import annotations

from math import log, prod, sqrt

import numpy as np
import pytest

from cs231n_checks import between, gradient_errors, relative_error, seeded
from tushuo.graph import asarray, check_grads, ops
from tushuo.nn import (
    BatchNorm2d,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    cross_entropy,
    layer_norm,
    relu,
)


def test_conv_forward():
    """Published output; the course prints an error of 2.2121e-8, from its figures' eight digits."""
    x, w = between(-0.1, 0.5, 2, 3, 4, 4), between(-0.2, 0.3, 3, 3, 4, 4)
    out = ops.conv2d(x, w, between(-0.1, 0.2, 3), stride=2, padding=1)
    first = [
        [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
        [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
        [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
    ]
    second = [
        [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
        [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
        [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
    ]
    assert relative_error(out, [first, second]) == pytest.approx(2.2121476e-8, rel=1e-4)


def same(x, w, b):
    """A convolution by a 3x3 kernel that keeps the size."""
    return ops.conv2d(x, w, b, padding=1)


def test_conv_backward():
    """Published bound of the errors: about 1e-8."""
    rng = seeded()
    args = [rng.randn(4, 3, 5, 5), rng.randn(2, 3, 3, 3), rng.randn(2)]
    assert max(gradient_errors(same, args, rng.randn(4, 2, 5, 5))) < 2e-8


def test_max_pool_forward():
    """Published output; the course prints an error of 4.1667e-8."""
    out = ops.max_pool2d(between(-0.3, 0.4, 2, 3, 4, 4), 2)
    first = [
        [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
        [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
        [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
    ]
    second = [
        [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
        [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
        [[0.32631579, 0.34105263], [0.38526316, 0.4]],
    ]
    assert relative_error(out, [first, second]) == pytest.approx(4.1666665e-8, rel=1e-4)


def test_max_pool_backward():
    """Published bound of the error: about 1e-12."""
    rng = seeded()
    x, cotangent = rng.randn(3, 2, 8, 8), rng.randn(3, 2, 4, 4)
    assert max(gradient_errors(lambda t: ops.max_pool2d(t, 2), [x], cotangent)) < 1e-11


def test_conv_relu_pool_backward():
    """Published bound of the errors: about 1e-8."""
    rng = seeded()
    args = [rng.randn(2, 3, 16, 16), rng.randn(3, 3, 3, 3), rng.randn(3)]
    errors = gradient_errors(
        lambda *a: ops.max_pool2d(relu(same(*a)), 2), args, rng.randn(2, 3, 8, 8), only=(1, 2)
    )
    assert max(errors) < 2e-8


def test_conv_relu_backward():
    """Published bound of the errors: about 1e-8."""
    rng = seeded()
    args = [rng.randn(2, 3, 8, 8), rng.randn(3, 3, 3, 3), rng.randn(3)]
    assert max(gradient_errors(lambda *a: relu(same(*a)), args, rng.randn(2, 3, 8, 8))) < 2e-8


def three_layers(rng, size=32, filters=32, kernel=7, hidden=100):
    """Convolution, ReLU, pooling, affine, ReLU, affine; weights of deviation 0.001, biases 0."""
    wide = np.float64
    net = Sequential(
        Conv2d(3, filters, kernel, padding="same", dtype=wide),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Linear(filters * (size // 2) ** 2, hidden, dtype=wide),
        ReLU(),
        Linear(hidden, 10, dtype=wide),
    )
    state = {
        name: 1e-3 * rng.standard_normal(x.shape) if "weight" in name else np.zeros(x.shape)
        for name, x in net.named_parameters().items()
    }
    return net.load_state_dict(state)


def test_three_layer_first_losses():
    """Published 2.302586071243987, and 2.508255638232932 with reg 0.5.

    The notebook sets no seed before this network, so that the digits depend on all that ran before.
    What does not: log(10) without the penalty; with it, a quarter of the sum of the squares of the
    weights more, whose mean and deviation are known.
    """
    rng = np.random.default_rng(0)
    net = three_layers(rng)
    x, y = rng.standard_normal((50, 3, 32, 32)), rng.integers(10, size=50)
    loss = cross_entropy(net(x), y).item()
    for each in (loss, 2.302586071243987):
        assert each == pytest.approx(log(10), abs=1e-5)
    weights = {n: w for n, w in net.named_parameters().items() if "weight" in n}
    count = sum(prod(w.shape) for w in weights.values())
    penalty = 0.25 * sum(float(ops.sum(w * w)) for w in weights.values())
    for each in (penalty, 2.508255638232932 - 2.302586071243987):
        assert abs(each - 0.25e-6 * count) < 4 * 0.25e-6 * sqrt(2 * count)


def test_three_layer_gradients():
    rng = np.random.default_rng(0)
    net = three_layers(rng, size=16, filters=3, kernel=3, hidden=7)
    wider = net.load_state_dict({n: 100 * w for n, w in net.state_dict().items()})
    x, y = rng.standard_normal((2, 3, 16, 16)), rng.integers(10, size=2)
    check_grads(lambda n: cross_entropy(n(x), y), (wider,), order=1, eps=1e-6)


def norm_of(gamma, beta):
    layer = BatchNorm2d(len(gamma), dtype=np.float64)
    layer.weight, layer.bias = (asarray(x).astype("float64") for x in (gamma, beta))
    return layer


IMAGE = (0, 2, 3)  # the axes of a channel


def test_spatial_batch_norm_in_training():
    """Published means and deviations of the channels, before and after."""
    x = 4 * seeded().randn(2, 3, 4, 5) + 10
    np.testing.assert_allclose(x.mean(IMAGE), [9.33463814, 8.90909116, 9.11056338], atol=5e-9)
    np.testing.assert_allclose(x.std(IMAGE), [3.61447857, 3.19347686, 3.5168142], atol=5e-9)
    plain = norm_of([1, 1, 1], [0, 0, 0])(x).numpy()
    np.testing.assert_allclose(plain.mean(IMAGE), 0, atol=1e-14)
    np.testing.assert_allclose(plain.std(IMAGE), [0.99999962, 0.99999951, 0.9999996], atol=5e-9)
    moved = norm_of([3, 4, 5], [6, 7, 8])(x).numpy()
    np.testing.assert_allclose(moved.mean(IMAGE), [6, 7, 8], rtol=1e-14)
    np.testing.assert_allclose(moved.std(IMAGE), [2.99999885, 3.99999804, 4.99999798], atol=5e-9)


def test_spatial_batch_norm_in_inference():
    """Published, with the course's running variance: it starts at 0, and is the biased one."""
    rng, layer = seeded(), norm_of([1] * 4, [0] * 4)
    layer.running_var.data = np.zeros(4)
    for _ in range(50):
        layer(2.3 * rng.randn(10, 4, 11, 12) + 13)
    layer.eval().running_var.data = layer.running_var.data * 1319 / 1320
    y = layer(2.3 * rng.randn(10, 4, 11, 12) + 13).numpy()
    means = [-0.08034406, 0.07562881, 0.05716371, 0.04378383]
    np.testing.assert_allclose(y.mean(IMAGE), means, atol=5e-9)
    deviations = [0.96718744, 1.0299714, 1.02887624, 1.00585577]
    np.testing.assert_allclose(y.std(IMAGE), deviations, atol=5e-9)


def test_spatial_batch_norm_backward():
    """Published bounds of the errors: 1e-12 to 1e-6."""
    rng = seeded()
    args = [5 * rng.randn(2, 3, 4, 5) + 12, rng.randn(3), rng.randn(3)]
    errors = gradient_errors(lambda x, g, b: norm_of(g, b)(x), args, rng.randn(2, 3, 4, 5))
    assert max(errors) < 1e-6


def grouped(x, groups, weight, bias):
    """Group norm (Wu and He, 2018) is layer norm of each group of channels."""
    parts = ops.reshape(x, (x.shape[0] * groups, -1))
    y = ops.reshape(layer_norm(parts), x.shape)
    return y * weight + bias


def test_group_norm():
    """Published means and deviations of the groups before; mean 0 and deviation 1 after.

    The deviation falls short of 1 by eps alone: it is ``s / sqrt(s^2 + eps)``.
    """
    x = 4 * seeded().randn(2, 6, 4, 5) + 10
    before = x.reshape(4, -1)
    means = [9.72505327, 8.51114185, 8.9147544, 9.43448077]
    np.testing.assert_allclose(before.mean(1), means, atol=5e-9)
    deviations = [3.67070958, 3.09892597, 4.27043622, 3.97521327]
    np.testing.assert_allclose(before.std(1), deviations, atol=5e-9)
    y = grouped(x, 2, 1.0, 0.0).numpy().reshape(4, -1)
    np.testing.assert_allclose(y.mean(1), 0, atol=1e-14)
    s = before.std(1)
    np.testing.assert_allclose(y.std(1), s / np.sqrt(s**2 + 1e-5), rtol=1e-13)


def test_group_norm_backward():
    """Published bounds of the errors: 1e-12 to 1e-6."""
    rng = seeded()
    args = [5 * rng.randn(2, 6, 4, 5) + 12, rng.randn(1, 6, 1, 1), rng.randn(1, 6, 1, 1)]
    errors = gradient_errors(lambda x, w, b: grouped(x, 2, w, b), args, rng.randn(2, 6, 4, 5))
    assert max(errors) < 1e-6
