"""CS231n, assignment 2, notebook Dropout: means, zeros, gradients, first losses.

The course's ``p`` is the share that is kept, ours (as PyTorch's) the share that is dropped. Its
masks come from NumPy's old generator; `CourseMasks` hands the layer the same numbers, so that the
figures that depend on them are reproduced to the last digit too.
"""

from __future__ import annotations

import numpy as np
import pytest

from cs231n_checks import gradient_errors, seeded
from tushuo.graph import Tensor
from tushuo.nn import Dropout, Linear, ReLU, Sequential, cross_entropy, dropout

KEPT = [0.25, 0.4, 0.7]


class CourseMasks(np.random.Generator):
    """A generator of the course's numbers, turned round: it keeps below p, we keep from 1 - p."""

    def __init__(self, stream=None, seed=None):
        super().__init__(np.random.MT19937(0))
        self.stream, self.restart = stream, seed

    def random(self, size=None, dtype=None, out=None):
        stream = self.stream if self.restart is None else seeded(self.restart)
        return 1 - stream.rand(*size)


def test_training_means_and_zeros():
    """Published means 10.014059..., 9.977917..., 9.987811... and shares of zeros, to the digit."""
    rng = seeded()
    x = rng.randn(500, 500) + 10
    masks = CourseMasks(rng)
    published = [
        (10.014059116977283, 0.749784),
        (9.977917658761159, 0.600796),
        (9.987811912159426, 0.30074),
    ]
    assert x.mean() == pytest.approx(10.000207878477502, abs=1e-13)
    for kept, (mean, zeros) in zip(KEPT, published, strict=True):
        y = Dropout(1 - kept)(x, rng=masks).numpy()
        assert y.mean() == pytest.approx(mean, abs=1e-11)
        assert (y == 0).mean() == pytest.approx(zeros, abs=1e-9)


@pytest.mark.parametrize("kept", KEPT)
def test_with_our_own_numbers(kept):
    """Other masks: the mean of the input and 1 - p zeros, within four standard deviations."""
    x = seeded().randn(500, 500) + 10
    y = Dropout(1 - kept)(x, rng=0).numpy()
    spread = np.sqrt((x**2).mean() * (1 - kept) / kept / x.size)
    assert abs(y.mean() - x.mean()) < 4 * spread
    assert abs((y == 0).mean() - (1 - kept)) < 4 * np.sqrt(kept * (1 - kept) / x.size)


@pytest.mark.parametrize("kept", KEPT)
def test_inference_hands_through(kept):
    """Published: the mean of the input, and no zeros."""
    x = seeded().randn(500, 500) + 10
    assert np.array_equal(Dropout(1 - kept).eval()(x).numpy(), x)


def test_backward():
    """Published bound of the error: about 1e-10."""
    rng = seeded()
    x, cotangent = rng.randn(10, 10) + 10, rng.randn(10, 10)
    errors = gradient_errors(lambda t: dropout(t, 0.8, CourseMasks(seed=123)), [x], cotangent)
    assert max(errors) < 2e-10


def test_first_losses():
    """Published first losses without dropout, with 3/4 kept and with half kept.

    Each layer restarts the stream, as in the course, so all layers of a network and the weights of
    the next network continue from seed 123.
    """
    rng = seeded()
    x, y = rng.randn(2, 15), rng.randint(10, size=(2,))
    published = {1: 2.3004790897684924, 0.75: 2.302371489704412, 0.5: 2.3042759220785896}
    for kept, expected in published.items():
        net = network(rng, kept)
        loss = cross_entropy(net(x, rng=CourseMasks(seed=123)), y)
        assert loss.item() == pytest.approx(expected, abs=1e-12)
        if kept < 1:
            rng = seeded(123)
            rng.rand(2, 30)  # the last mask


def network(rng, kept):
    layers = []
    for before, after in [(15, 20), (20, 30), (30, 10)]:
        layer = Linear(before, after, dtype=np.float64)
        layer.weight = Tensor(5e-2 * rng.randn(before, after).T)
        layer.bias = Tensor(np.zeros(after))
        layers += [layer, ReLU(), Dropout(1 - kept)]
    return Sequential(*layers[:-2])
