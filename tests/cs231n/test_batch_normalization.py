"""CS231n, assignment 2, notebook BatchNormalization: statistics, gradients, first losses."""

from __future__ import annotations

import numpy as np
import pytest

from cs231n_checks import gradient_errors, relative_error, seeded
from tushuo.graph import Tensor, asarray, check_grads, ops, vjp
from tushuo.nn import BatchNorm2d, cross_entropy, layer_norm, linear, relu


def normalised(layer, x):
    """Batch norm of features (N, D): images of one pixel."""
    return layer(x[:, :, None, None])[:, :, 0, 0]


def norm_of(gamma, beta):
    layer = BatchNorm2d(len(gamma), dtype=np.float64)
    layer.weight, layer.bias = (asarray(x).astype("float64") for x in (gamma, beta))
    return layer


def activations(rng, w1, w2, count=200):
    """What a random layer of 60 ReLUs and one of 3 make of normal inputs."""
    return np.maximum(0, rng.randn(count, len(w1)) @ w1) @ w2


def one_batch():
    rng = seeded()
    x, w1, w2 = rng.randn(200, 50), rng.randn(50, 60), rng.randn(60, 3)
    return np.maximum(0, x @ w1) @ w2


def test_training_statistics_before():
    """Published means and deviations of the batch."""
    a = one_batch()
    np.testing.assert_allclose(a.mean(0), [-2.3814598, -13.18038246, 1.91780462], atol=5e-9)
    np.testing.assert_allclose(a.std(0), [27.18502186, 34.21455511, 37.68611762], atol=5e-9)


@pytest.mark.parametrize(
    ("gamma", "beta", "deviations"),
    [
        ([1, 1, 1], [0, 0, 0], [0.99999999, 1.0, 1.0]),
        ([1, 2, 3], [11, 12, 13], [0.99999999, 1.99999999, 2.99999999]),
    ],
)
def test_training_statistics_after(gamma, beta, deviations):
    """Published: the means are beta, the deviations gamma but for eps in the eighth digit."""
    y = normalised(norm_of(gamma, beta), one_batch()).numpy()
    np.testing.assert_allclose(y.mean(0), beta, atol=1e-13)
    np.testing.assert_allclose(y.std(0), deviations, atol=5e-9)


MEANS = [-0.03927354, -0.04349152, -0.10452688]
DEVIATIONS = [1.01531428, 1.01238373, 0.97819988]


def after_fifty_batches(layer):
    """The layer after 50 batches, and a fresh batch."""
    rng = seeded()
    w1, w2 = rng.randn(50, 60), rng.randn(60, 3)
    for _ in range(50):
        normalised(layer, activations(rng, w1, w2))
    return layer.eval(), activations(rng, w1, w2)


def test_inference_statistics_with_the_course_s_conventions():
    """Published means and deviations of a fresh batch after 50 of training.

    CS231n starts the running variance at 0, not 1, and averages the biased variance of a batch of
    200, which is 199/200 of the unbiased one that PyTorch's convention (and ours) keeps.
    """
    layer = norm_of([1, 1, 1], [0, 0, 0])
    layer.running_var.data = np.zeros(3)
    layer, a = after_fifty_batches(layer)
    layer.running_var.data = layer.running_var.data * 199 / 200
    y = normalised(layer, a).numpy()
    np.testing.assert_allclose(y.mean(0), MEANS, atol=5e-9)
    np.testing.assert_allclose(y.std(0), DEVIATIONS, atol=5e-9)


def test_inference_statistics_as_they_are():
    """The published figures to 1 %: the two conventions above are all that differs."""
    y = normalised(*after_fifty_batches(norm_of([1, 1, 1], [0, 0, 0]))).numpy()
    np.testing.assert_allclose(y.mean(0), MEANS, atol=0.01)
    np.testing.assert_allclose(y.std(0), DEVIATIONS, rtol=0.01)
    assert abs(y.std(0) - DEVIATIONS).min() > 1e-5


def test_backward():
    """Published bounds of the errors: 1e-13 to 1e-8."""
    rng = seeded()
    args = [5 * rng.randn(4, 5) + 12, rng.randn(5), rng.randn(5)]
    errors = gradient_errors(
        lambda x, gamma, beta: normalised(norm_of(gamma, beta), x), args, rng.randn(4, 5)
    )
    assert max(errors) < 1e-8


def test_backward_is_the_short_formula():
    """The simplification that the notebook asks for, derived in Ioffe and Szegedy, section 3.

    ``dx = gamma / (N sigma) (N dy - sum dy - y sum(dy y))`` with y the normalised values.
    """
    rng = seeded()
    x, gamma, beta = 5 * rng.randn(100, 500) + 12, rng.randn(500), rng.randn(500)
    dy = rng.randn(100, 500)
    sigma = np.sqrt(x.var(0) + 1e-5)
    y = (x - x.mean(0)) / sigma
    short = gamma / (100 * sigma) * (100 * dy - dy.sum(0) - y * (dy * y).sum(0))
    _, pullback = vjp(lambda t: normalised(norm_of(gamma, beta), t), x)
    assert relative_error(pullback(dy)[0], short) < 1e-8


def test_layer_norm_statistics():
    """Published: rows of mean 5 and deviation 3 but for eps."""
    rng = seeded()
    x, w1, w2 = rng.randn(4, 50), rng.randn(50, 60), rng.randn(60, 3)
    a = np.maximum(0, x @ w1) @ w2
    means = [-59.06673243, -47.60782686, -43.31137368, -26.40991744]
    np.testing.assert_allclose(a.mean(1), means, atol=5e-9)
    y = layer_norm(a, -1, Tensor(np.full(3, 3.0)), Tensor(np.full(3, 5.0))).numpy()
    np.testing.assert_allclose(y.mean(1), 5, rtol=1e-14)
    np.testing.assert_allclose(
        y.std(1), [2.99999985, 2.99999998, 2.99999999, 2.99999907], atol=5e-9
    )


def deep(parameters, x):
    """Affine, batch norm, ReLU, twice; then affine."""
    *hidden, (w, b) = parameters
    for weight, bias, gamma, beta in hidden:
        x = relu(normalised(norm_of(gamma, beta), linear(x, ops.matrix_transpose(weight), bias)))
    return linear(x, ops.matrix_transpose(w), b)


def penalised(parameters, x, y, reg):
    penalty = sum(ops.sum(ops.square(layer[0])) for layer in parameters)
    return cross_entropy(deep(parameters, x), y) + 0.5 * reg * penalty


def test_first_losses_with_batch_norm():
    """Published first losses: 2.2611955101340957, and 6.996533220108303 with reg 3.14."""
    rng = seeded()
    x, y = rng.randn(2, 15), rng.randint(10, size=(2,))
    for reg, published in [(0, 2.2611955101340957), (3.14, 6.996533220108303)]:
        parameters = []
        for before, after in [(15, 20), (20, 30), (30, 10)]:
            w, b = 5e-2 * rng.randn(before, after), np.zeros(after)
            norm = (np.ones(after), np.zeros(after)) if after != 10 else ()
            parameters.append(tuple(map(Tensor, (w, b, *norm))))
        assert penalised(parameters, x, y, reg).item() == pytest.approx(published, abs=1e-9)
        check_grads(lambda p, reg=reg: penalised(p, x, y, reg), (parameters,), order=1, eps=1e-6)
