"""CS231n, assignment 2, notebook FullyConnectedNets: layers, losses, networks, update rules."""

from __future__ import annotations

from itertools import pairwise
from math import log

import numpy as np
import pytest

from cs231n_checks import between, gradient_errors, relative_error, seeded
from tushuo.graph import Tensor, check_grads, ops
from tushuo.nn import Linear, ReLU, Sequential, cross_entropy, linear, multi_margin_loss, relu
from tushuo.optim import SGD, Adam, Momentum, RMSprop


def affine(x, w, b):
    """CS231n's affine layer: all axes but the first are features."""
    return linear(ops.reshape(x, (x.shape[0], -1)), ops.matrix_transpose(w), b)


def network(*sizes, rng=None, scale=5e-2):
    """Affine layers with ReLU in between; normal weights of CS231n's stream, biases 0."""
    layers = []
    for before, after in pairwise(sizes):
        layers += [ReLU(), Linear(before, after, dtype=np.float64)]
    net = Sequential(*layers[1:])
    if rng is not None:
        for layer in layers[1::2]:
            shape = (layer.in_features, layer.out_features)
            layer.weight = Tensor(scale * rng.randn(*shape).T)
            layer.bias = Tensor(np.zeros(layer.out_features))
    return net


def penalised(net, x, y, reg):
    """Softmax loss with CS231n's penalty, half of ``reg`` times the squares of the weights."""
    weights = [w for name, w in net.named_parameters().items() if "weight" in name]
    return cross_entropy(net(x), y) + 0.5 * reg * sum(ops.sum(w * w) for w in weights)


def test_affine_forward():
    """Published output, and an error of about 1e-9."""
    x, w = between(-0.1, 0.5, 2, 4, 5, 6), between(-0.2, 0.3, 120, 3)
    out = affine(x, w, between(-0.3, 0.1, 3))
    published = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]
    assert relative_error(out, published) < 1e-9


def test_affine_backward():
    """Published bound of the errors: about 1e-10."""
    rng = seeded()
    args = [rng.randn(10, 2, 3), rng.randn(6, 5), rng.randn(5)]
    assert max(gradient_errors(affine, args, rng.randn(10, 5))) < 2e-10


def test_relu_forward():
    """Published output, and an error of about 5e-8 (the figures have eight digits)."""
    published = [
        [0, 0, 0, 0],
        [0, 0, 0.04545455, 0.13636364],
        [0.22727273, 0.31818182, 0.40909091, 0.5],
    ]
    assert relative_error(relu(between(-0.5, 0.5, 3, 4)), published) < 5.0e-8


def test_relu_backward():
    """Published bound of the error: about 1e-12."""
    rng = seeded()
    x = rng.randn(10, 10)
    assert max(gradient_errors(relu, [x], rng.randn(10, 10))) < 1e-11


def test_affine_relu_backward():
    """Published bound of the errors: about 1e-10."""
    rng = seeded()
    args = [rng.randn(2, 3, 4), rng.randn(12, 10), rng.randn(10)]
    errors = gradient_errors(lambda *a: relu(affine(*a)), args, rng.randn(2, 10))
    assert max(errors) < 1e-9


def scores():
    rng = seeded()
    x = 0.001 * rng.randn(50, 10)
    return x, rng.randint(10, size=50)


def test_svm_loss():
    """Published loss 8.999602749096233; CS231n sums over the classes, PyTorch takes the mean."""
    x, y = scores()
    assert 10 * multi_margin_loss(x, y).item() == pytest.approx(8.999602749096233, abs=1e-13)
    assert gradient_errors(lambda s: multi_margin_loss(s, y), [x], np.ones(()))[0] < 2e-8


def test_softmax_loss():
    """Published loss 2.302545844500738, with an error of the gradient of about 1e-8."""
    x, y = scores()
    assert cross_entropy(x, y).item() == pytest.approx(2.302545844500738, abs=1e-13)
    assert gradient_errors(lambda s: cross_entropy(s, y), [x], np.ones(()))[0] < 2e-8


def two_layers():
    net = network(5, 50, 7)
    weights = {
        "0.weight": between(-0.7, 0.3, 5, 50).T,
        "0.bias": between(-0.1, 0.9, 50),
        "2.weight": between(-0.3, 0.4, 50, 7).T,
        "2.bias": between(-0.9, 0.1, 7),
    }
    x = between(-5.5, 4.5, 5, 3).T
    return net.load_state_dict(weights), x, np.array([0, 5, 1])


def test_two_layer_scores():
    """Published scores, within 1e-6 in all."""
    net, x, _ = two_layers()
    first = [11.53165108, 12.2917344, 13.05181771, 13.81190102, 14.57198434, 15.33206765]
    second = [12.05769098, 12.74614105, 13.43459113, 14.1230412, 14.81149128, 15.49994135]
    third = [12.58373087, 13.20054771, 13.81736455, 14.43418138, 15.05099822, 15.66781506]
    published = [[*first, 16.09215096], [*second, 16.18839143], [*third, 16.2846319]]
    assert abs(net(x).numpy() - published).sum() < 1e-6


@pytest.mark.parametrize(("reg", "published"), [(0.0, 3.4702243556), (1.0, 26.5948426952)])
def test_two_layer_loss(reg, published):
    """Published losses, within 1e-10."""
    assert abs(penalised(*two_layers(), reg).item() - published) < 1e-10


@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_two_layer_gradients(reg):
    net, x, y = two_layers()
    check_grads(lambda n: penalised(n, x, y, reg), (net,), order=2)


def test_three_layer_first_losses():
    """Published first losses: 2.3004790897684924, and 7.052114776533016 with reg 3.14."""
    rng = seeded()
    x, y = rng.randn(2, 15), rng.randint(10, size=(2,))
    for reg, published in [(0, 2.3004790897684924), (3.14, 7.052114776533016)]:
        net = network(15, 20, 30, 10, rng=rng)
        loss = penalised(net, x, y, reg)
        assert loss.item() == pytest.approx(published, abs=1e-12)
        assert cross_entropy(net(x), y).item() == pytest.approx(log(10), abs=0.01)
        check_grads(lambda n, reg=reg: penalised(n, x, y, reg), (net,), order=1)


W, DW = between(-0.4, 0.6, 4, 5), between(-0.6, 0.4, 4, 5)


def updated(optimizer, **kept):
    """One step from W along DW, with what the optimiser remembers."""
    state = optimizer.init(Tensor(W)) | {k: Tensor(np.asarray(v)) for k, v in kept.items()}
    return optimizer.update(Tensor(W), Tensor(DW), state)


def test_sgd():
    """The rule itself, which the course gives: w - rate times gradient."""
    after, _ = updated(SGD(1e-2))
    np.testing.assert_allclose(after.numpy(), W - 1e-2 * DW, rtol=1e-15)


def test_momentum():
    """Published weights and velocity.

    CS231n's velocity holds the rate, ``v = 0.9 v - lr g``; ours does not, so it is ``-v / lr``.
    """
    after, state = updated(Momentum(1e-3), momentum_buffer=-between(0.6, 0.9, 4, 5) / 1e-3)
    weights = [
        [0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789],
        [0.47454737, 0.54133684, 0.60812632, 0.67491579, 0.74170526],
        [0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263],
        [1.14244211, 1.20923158, 1.27602105, 1.34281053, 1.4096],
    ]
    velocity = [
        [0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158],
        [0.61138947, 0.62554737, 0.63970526, 0.65386316, 0.66802105],
        [0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053],
        [0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096],
    ]
    assert relative_error(after, weights) < 1e-8
    assert relative_error(-1e-3 * state["momentum_buffer"].numpy(), velocity) < 1e-8


def test_rmsprop():
    """Published weights and cache; the course prints errors of 9.5e-8 and 2.6e-9."""
    after, state = updated(RMSprop(1e-2), square_avg=between(0.6, 0.9, 4, 5))
    weights = [
        [-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247],
        [-0.132737, -0.08078555, -0.02881884, 0.02316247, 0.07515774],
        [0.12716641, 0.17918792, 0.23122175, 0.28326742, 0.33532447],
        [0.38739248, 0.43947102, 0.49155973, 0.54365823, 0.59576619],
    ]
    cache = [
        [0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321],
        [0.67329252, 0.68859723, 0.70395734, 0.71937285, 0.73484377],
        [0.75037008, 0.7659518, 0.78158892, 0.79728144, 0.81302936],
        [0.82883269, 0.84469141, 0.86060554, 0.87657507, 0.8926],
    ]
    assert relative_error(after, weights) < 9.6e-8
    assert relative_error(state["square_avg"], cache) < 2.7e-9


def test_adam():
    """Published weights and averages at the sixth step; errors of about 1e-7 or less."""
    m, v = between(0.6, 0.9, 4, 5), between(0.7, 0.5, 4, 5)
    after, state = updated(Adam(1e-2), exp_avg=m, exp_avg_sq=v, step=5)
    weights = [
        [-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977],
        [-0.1380274, -0.08544591, -0.03286534, 0.01971428, 0.0722929],
        [0.1248705, 0.17744702, 0.23002243, 0.28259667, 0.33516969],
        [0.38774145, 0.44031188, 0.49288093, 0.54544852, 0.59801459],
    ]
    second = [
        [0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853],
        [0.64683452, 0.63628604, 0.6257431, 0.61520571, 0.60467385],
        [0.59414753, 0.58362676, 0.57311152, 0.56260183, 0.55209767],
        [0.54159906, 0.53110598, 0.52061845, 0.51013645, 0.49966],
    ]
    first = [
        [0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474],
        [0.57736842, 0.59684211, 0.61631579, 0.63578947, 0.65526316],
        [0.67473684, 0.69421053, 0.71368421, 0.73315789, 0.75263158],
        [0.77210526, 0.79157895, 0.81105263, 0.83052632, 0.85],
    ]
    assert state["step"].item() == 6
    assert relative_error(after, weights) < 1.2e-7
    assert relative_error(state["exp_avg_sq"], second) < 5e-9
    assert relative_error(state["exp_avg"], first) < 5e-9
