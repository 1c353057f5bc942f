"""Functions to draw: the small circuits with numbers known by heart, and larger graphs."""

from __future__ import annotations

import numpy as np

import tushuo as ts
from tushuo import nn
from tushuo.draw import draw
from tushuo.models.show_attend_tell import ShowAttendTell, doubly_stochastic


def product(a, b):
    c = a + b
    d = b + 1
    e = c * d
    return e  # noqa: RET504 (a drawing shows the name)


def gated(x, y, z):
    q = x + y
    return q * z


def neuron(w0, x0, w1, x1, w2):
    return ts.sigmoid(w0 * x0 + w1 * x1 + w2)


def unrolled(x):
    def step(h):
        h = ts.tanh(h * x)
        return h + 1

    h = x
    for _ in range(4):
        h = step(h)
    return h


CIRCUITS = {
    "product": lambda: draw(product)(2, 1),
    "gated": lambda: draw(gated)(-2, 5, -4),
    "neuron": lambda: draw(neuron)(2.0, -1.0, -3.0, -2.0, -3.0),
    "unrolled": lambda: draw(unrolled, opened="none")(0.5),
}


def mlp():
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 3, rng=1))

    def loss(model, x, labels):
        return nn.cross_entropy(model(x), labels)

    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    return draw(loss)(model, x, np.array([0, 1, 2, 1, 0]))


def captioner(words=17):
    """The forward graph of a training step, with small layers."""
    rng = np.random.default_rng(0)
    sizes = {"annotation": 8, "embedding": 6, "hidden": 10, "attention": 5}
    decoder = ShowAttendTell(20, channels=12, **sizes, rng=0)

    def loss(decoder, features, words, targets, mask, rng):
        logits, weights = decoder(features, words, rng)
        return nn.cross_entropy(logits, targets, mask=mask) + (
            doubly_stochastic(weights, mask.astype(weights.dtype))
        )

    features = rng.normal(size=(2, 9, 12)).astype(np.float32)
    tokens = rng.integers(0, 20, (2, 2, 3, words))
    return draw(loss)(decoder, features, tokens[0], tokens[1], np.ones((2, 3, words), bool), rng)
