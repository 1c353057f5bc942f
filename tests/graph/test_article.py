"""Every statement about a derivative in the article on captioning, on the engine itself.

Section numbers are the article's; parts IV and V follow Olah, "Calculus on computational graphs"
(2015), and the notes of CS231n on optimisation.
"""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

import tushuo as ts
from tushuo.graph import Tensor, grad, jacobian, jvp, value_and_grad, vjp


def slopes(f, *at):
    """The derivatives of a function of numbers by each of them, in one reverse sweep."""
    return [float(x) for x in vjp(f, *map(float, at))[1](np.float64(1.0))]


def sigma(x):
    return 1 / (1 + exp(-x))


@pytest.mark.parametrize("z", [-30.0, -2.0, 0.0, 0.7, 30.0])
def test_the_slope_of_the_sigmoid(z):
    """2.2.2: sigma(0) = 1/2, the ends are 0 and 1, and sigma' = sigma (1 - sigma).

    As ``1 - sigma(z)`` is ``sigma(-z)``, which loses no digits where sigma is almost 1.
    """
    assert ts.sigmoid(0.0).item() == 0.5
    assert ts.sigmoid(-800.0).item() == 0
    assert ts.sigmoid(800.0).item() == 1
    assert slopes(ts.sigmoid, z) == [pytest.approx(sigma(z) * sigma(-z), rel=1e-12)]


def test_a_step_and_an_error_rate_have_no_slope():
    """2.2.2: where they are flat, nothing says which way is better; at the step they jump."""
    x, y = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]]), np.array([1.0, 1.0, 0.0])

    def score(w):
        return ts.vecdot(x, w[1:]) + w[0]

    def wrong(w):
        return ts.mean(ts.abs((ts.sign(score(w)) + 1) / 2 - y))

    def squares(w):
        return ts.mean(ts.square(ts.sigmoid(score(w)) - y)) / 2

    w = np.array([-0.5, 0.2, 0.3])
    assert wrong(w).item() == pytest.approx(1 / 3)
    assert wrong(w + 1e-3).item() == wrong(w).item()
    assert not grad(wrong)(w).numpy().any()
    better = w - 0.1 * grad(squares)(w).numpy()
    assert squares(better).item() < squares(w).item()


def test_slopes_by_hand():
    """2.2.3: (x^2)' = 3 at 1.5; that of x^2 + 2xy + y^2 is 2x + 2y, or with one product less."""
    assert slopes(lambda x: x**2, 1.5) == [3.0]
    got, _ = slopes(lambda x, y: x**2 + 2 * x * y + y**2, 1.5, -4.0)
    assert got == 2 * 1.5 + 2 * -4.0 == 2 * (1.5 - 4.0)


def test_a_batch_points_the_right_way_on_average_only():
    """2.2.3: the mean of the batches' gradients is the gradient; one of them may point away.

    The article says that a batch's gradient cannot point the opposite way. It can.
    """
    x, y = np.array([1.0, 1.0, -3.0]), np.array([1.0, 1.0, 1.0])

    def slope(k):
        return float(grad(lambda w: ts.mean(ts.square(w * x[k] - y[k])) / 2)(np.float64(0.1)))

    each = [slope([k]) for k in range(3)]
    assert np.mean(each) == pytest.approx(slope([0, 1, 2]))
    assert min(each) < 0 < max(each)


SIZES = [4, 3, 5, 2]


def network():
    rng = np.random.default_rng(0)
    pairs = list(zip(SIZES[1:], SIZES[:-1], strict=True))
    weights, biases = [rng.normal(size=s) for s in pairs], [rng.normal(size=s[0]) for s in pairs]
    return weights, biases, rng.normal(size=4), np.array([0.0, 1.0])


def cost(weights, biases, nudges):
    """Half the squared error; ``nudges`` are what a demon adds to the weighted inputs."""
    _, _, a, y = network()
    for w, b, nudge in zip(weights, biases, nudges, strict=True):
        a = ts.sigmoid(ts.inner(a, w) + b + nudge)
    return ts.sum(ts.square(a - y)) / 2


def swept():
    weights, biases, _, _ = network()
    still = [np.zeros(size) for size in SIZES[1:]]
    dw, db, delta = vjp(cost, weights, biases, still)[1](np.float64(1.0))
    return [[x.numpy() for x in group] for group in (dw, db, delta)]


def test_the_four_equations():
    """2.2.5: BP1 to BP4, from what a sweep over the graph gives."""
    (weights, biases, a, y), (dw, db, delta) = network(), swept()
    activations, zs = [a], []
    for w, b in zip(weights, biases, strict=True):
        zs.append(w @ activations[-1] + b)
        activations.append(1 / (1 + np.exp(-zs[-1])))
    rises = [s * (1 - s) for s in activations[1:]]
    np.testing.assert_allclose(delta[-1], (activations[-1] - y) * rises[-1])
    for layer in range(len(weights) - 1):
        back = weights[layer + 1].T @ delta[layer + 1]  # (n, m) @ (m,) = (n,)
        np.testing.assert_allclose(delta[layer], back * rises[layer])
    for layer in range(len(weights)):
        np.testing.assert_allclose(db[layer], delta[layer])
        np.testing.assert_allclose(dw[layer], np.outer(delta[layer], activations[layer]))


@pytest.mark.parametrize("layer", range(3))
def test_the_demon(layer):
    """2.2.5: a small push against the error lowers the cost by about its product with the error.

    The part that the product misses shrinks with the square of the push.
    """
    weights, biases, _, _ = network()
    *_, delta = swept()
    before = cost(weights, biases, [np.zeros(size) for size in SIZES[1:]]).item()

    def missed(push):
        nudges = [np.zeros(size) for size in SIZES[1:]]
        nudges[layer][0] = -push * np.sign(delta[layer][0])
        change = cost(weights, biases, nudges).item() - before
        assert change < 0
        return abs(change - delta[layer][0] * nudges[layer][0])

    assert missed(1e-3) == pytest.approx(4 * missed(5e-4), rel=0.01)


def test_the_chain_rule_over_two_variables():
    """2.2.5 (5): dy/dx = dy/du du/dx + dy/dv dv/dx."""
    got = slopes(lambda x: ts.sin(x) * ts.exp(x), 0.4)
    u, v = np.sin(0.4), np.exp(0.4)
    assert got == [pytest.approx(v * np.cos(0.4) + u * v)]


def first_circuit(a, b):
    c, d = a + b, b + 1
    return c * d


def test_the_first_circuit():
    """IV: e = (a + b)(b + 1) at (2, 1): backwards 2 and 5; forwards the same, one variable a time.

    From b there are two paths, b-c-e with 1 * d = 2 and b-d-e with 1 * c = 3.
    """
    assert first_circuit(2.0, 1.0) == 6
    assert slopes(first_circuit, 2, 1) == [2, 5]
    at = (np.float64(2.0), np.float64(1.0))
    forward = [jvp(first_circuit, at, push)[1].item() for push in ((1.0, 0.0), (0.0, 1.0))]
    assert forward == [2, 5]


def test_simple_gates():
    """V: xy at (4, -3) is -12 with slopes -3 and 4; a sum has slopes 1 and 1."""
    assert slopes(lambda x, y: x * y, 4, -3) == [-3, 4]
    assert slopes(lambda x, y: x + y, 4, -3) == [1, 1]


def test_the_larger_one():
    """V: max has slope 1 by the larger, 0 by the other, which it does not set to 0.

    At equal numbers the article's rule ``x >= y`` gives both the slope 1; here each has a half, so
    that the slope along (1, 1) is 1, and relu has 0.
    """
    assert ts.maximum(np.float64(1), np.float64(2)).item() == 2
    assert slopes(ts.maximum, 1, 2) == [0, 1]
    assert slopes(ts.maximum, 2, 1) == [1, 0]
    assert slopes(ts.maximum, 2, 2) == [0.5, 0.5]
    assert slopes(ts.relu, 0) == [0]


def test_the_product_with_a_sum():
    """V: (x + y) z at (-2, 5, -4)."""
    assert slopes(lambda x, y, z: (x + y) * z, -2, 5, -4) == [-4, -4, 3]


def test_the_sigmoid_neuron():
    """V: w = (2, -3, -3), x = (-1, -2): the weighted input is 1; all slopes are shares of one."""
    w, x = np.array([2.0, -3.0, -3.0]), np.array([-1.0, -2.0])

    def neuron(w, x):
        return ts.sigmoid(w[0] * x[0] + w[1] * x[1] + w[2])

    assert neuron(Tensor(w), Tensor(x)).item() == pytest.approx(0.731058578630005)
    dw, dx = vjp(neuron, w, x)[1](np.float64(1.0))
    shared = 0.196611933241482
    np.testing.assert_allclose(dw.numpy(), shared * np.array([-1, -2, 1]))
    np.testing.assert_allclose(dx.numpy(), shared * np.array([2, -3]))


@pytest.mark.parametrize("z", [-3.0, 0.0, 1.0, 5.0])
def test_four_gates_are_one(z):
    """V: times -1, exp, plus 1, reciprocal: their slopes multiply to sigma (1 - sigma)."""
    whole = slopes(lambda x: ts.reciprocal(ts.exp(-1 * x) + 1), z)
    e = exp(-z)
    assert whole == [pytest.approx(-1 / (1 + e) ** 2 * 1 * e * -1)]
    assert whole == [pytest.approx(slopes(ts.sigmoid, z)[0])]


def test_the_staged_circuit():
    """V: (x + sigma(y)) / (sigma(x) + (x + y)^2) at (3, -4), in the article's lines (1) to (8)."""

    def circuit(x, y):
        return (x + ts.sigmoid(y)) / (ts.sigmoid(x) + (x + y) ** 2)

    x, y = 3.0, -4.0
    num, den = x + sigma(y), sigma(x) + (x + y) ** 2
    dnum, dden = 1 / den, num * (-1 / den**2)  # (8), (7)
    dx = dy = 2 * (x + y) * dden  # (6), (5), (4)
    dx += (1 - sigma(x)) * sigma(x) * dden  # (3)
    dx += dnum  # (2)
    dy += (1 - sigma(y)) * sigma(y) * dnum  # (1)
    value, by_x = value_and_grad(circuit)(np.float64(x), np.float64(y))
    assert value.item() == pytest.approx(num / den)
    assert by_x.item() == pytest.approx(dx)
    assert slopes(circuit, x, y) == [pytest.approx(dx), pytest.approx(dy)]
    assert (dx, dy) == (pytest.approx(2.0595697955721652), pytest.approx(1.5922327514838093))


def test_matrix_gradients():
    """V: for D = W X, dW = dD X^T and dX = W^T dD; the shapes leave no other product."""
    rng = np.random.default_rng(0)
    w, x, dd = rng.normal(size=(5, 10)), rng.normal(size=(10, 3)), rng.normal(size=(5, 3))
    dw, dx = vjp(ts.matmul, w, x)[1](dd)
    np.testing.assert_allclose(dw.numpy(), dd @ x.T)
    np.testing.assert_allclose(dx.numpy(), w.T @ dd)


def test_a_matrix_by_a_matrix():
    """V, the question left open: dD/dW has four indices, and dW is its contraction with dD."""
    rng = np.random.default_rng(0)
    w, x, dd = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    full = jacobian(lambda w: ts.matmul(w, x))(w).numpy()  # (k, l, i, j)
    np.testing.assert_allclose(full, np.einsum("ki,jl->klij", np.eye(2), x))
    np.testing.assert_allclose(np.einsum("kl,klij->ij", dd, full), dd @ x.T)
