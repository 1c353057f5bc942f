"""HIPS/autograd: gradients of NumPy functions."""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
from autograd import grad, value_and_grad
from autograd.misc import flatten

from bench.job import Job
from bench.workloads import CHAIN, Data


def use(threads: int) -> None:
    """The environment says how many threads BLAS has."""


def small(data: Data) -> Job:
    def loss(params: Any, x: Any, y: Any) -> Any:
        for w, b in params:
            x = 1 / (1 + np.exp(-(np.dot(x, w.T) + b)))
        return np.sum((x - y) ** 2) * np.float32(0.5 / len(y))

    gradient = value_and_grad(loss)

    def run(steps: int) -> Any:
        params = [[w.copy(), b.copy()] for w, b in data.params]
        for x, y in zip(data.x[:steps], data.y[:steps], strict=True):
            value, found = gradient(params, x, y)
            for layer, gradients in zip(params, found, strict=True):
                for p, g in zip(layer, gradients, strict=True):
                    p -= np.float32(3.0) * g
        return value, params[0][0]

    return Job(run)


def middle(data: Data) -> Job:
    """All parameters as one vector, which Adam updates at once."""
    start, unflatten = flatten(data.params)
    start = start.astype(np.float32)

    def loss(vector: Any, x: Any, y: Any) -> Any:
        params = unflatten(vector)
        for w, b in params[:-1]:
            x = np.maximum(np.dot(x, w.T) + b, np.float32(0))
        scores = np.dot(x, params[-1][0].T) + params[-1][1]
        top = np.max(scores, axis=1, keepdims=True)
        scores = scores - top
        scores = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
        return -np.mean(scores[np.arange(len(y)), y])

    gradient = value_and_grad(loss)

    def run(steps: int) -> Any:
        p = start.copy()
        m, v = np.zeros_like(p), np.zeros_like(p)
        for t, (x, y) in enumerate(zip(data.x[:steps], data.y[:steps], strict=True), start=1):
            value, g = gradient(p, x, y)
            m += np.float32(0.1) * (g - m)
            v *= np.float32(0.999)
            v += np.float32(0.001) * g * g
            rate, root = np.float32(1e-3 / (1 - 0.9**t)), np.float32((1 - 0.999**t) ** 0.5)
            p -= rate * m / (np.sqrt(v) / root + np.float32(1e-8))
        return value, unflatten(p)[0][0]

    return Job(run)


def chain(data: Data) -> Job:
    def product(x: Any) -> Any:
        y = x
        for _ in range(CHAIN):
            y = y * x
        return np.sum(y)

    gradient = grad(product)

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = gradient(data.x)
        return [found]

    return Job(run)


JOBS = {("A1", "eager"): small, ("A2", "eager"): middle, ("F-eager", "eager"): chain}
