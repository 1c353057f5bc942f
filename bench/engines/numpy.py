"""NumPy by hand: every formula written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.beam import search, sigmoid
from bench.job import Job
from bench.workloads import Data


def use(threads: int) -> None:
    """The environment says how many threads BLAS has."""


def small(data: Data) -> Job:
    def run(steps: int) -> Any:
        (w1, b1), (w2, b2) = ((w.copy(), b.copy()) for w, b in data.params)
        rate = np.float32(3.0 / data.x.shape[1])
        for x, y in zip(data.x[:steps], data.y[:steps], strict=True):
            h = 1 / (1 + np.exp(-(x @ w1.T + b1)))
            p = 1 / (1 + np.exp(-(h @ w2.T + b2)))
            d2 = (p - y) * p * (1 - p)
            d1 = (d2 @ w2) * h * (1 - h)
            w2 -= rate * (d2.T @ h)
            b2 -= rate * d2.sum(0)
            w1 -= rate * (d1.T @ x)
            b1 -= rate * d1.sum(0)
        return 0.5 * np.square(p - y).sum() / len(y), w1

    return Job(run)


def middle(data: Data) -> Job:
    def run(steps: int) -> Any:
        params = [a.copy() for layer in data.params for a in layer]
        moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
        for t, (x, y) in enumerate(zip(data.x[:steps], data.y[:steps], strict=True), start=1):
            value, gradients = _loss(params, x, y)
            rate, root = np.float32(1e-3 / (1 - 0.9**t)), np.float32((1 - 0.999**t) ** 0.5)
            for p, g, (m, v) in zip(params, gradients, moments, strict=True):
                m += np.float32(0.1) * (g - m)
                v *= np.float32(0.999)
                v += np.float32(0.001) * g * g
                p -= rate * m / (np.sqrt(v) / root + np.float32(1e-8))
        return value, params[0]

    return Job(run)


def _loss(params: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> tuple[Any, list[np.ndarray]]:
    """Cross-entropy of a network with two hidden layers, and its gradients."""
    w1, b1, w2, b2, w3, b3 = params
    h1 = np.maximum(x @ w1.T + b1, 0)
    h2 = np.maximum(h1 @ w2.T + b2, 0)
    scores = h2 @ w3.T + b3
    scores -= scores.max(1, keepdims=True)
    p = np.exp(scores)
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(y))
    value = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    d3 = p / np.float32(len(y))
    d2 = (d3 @ w3) * (h2 > 0)
    d1 = (d2 @ w2) * (h1 > 0)
    return value, [d1.T @ x, d1.sum(0), d2.T @ h1, d2.sum(0), d3.T @ h2, d3.sum(0)]


def decode(data: Data) -> Job:
    sentence = writer(data)

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = sentence(data.x)
        return found

    return Job(run)


def writer(data: Data) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """From features (1, L, D) to a sentence, as `bench.beam.search` returns it."""
    p: dict[str, np.ndarray] = data.params
    transposed = {name: np.ascontiguousarray(a.T) for name, a in p.items()}

    def linear(name: str, x: np.ndarray) -> np.ndarray:
        y: np.ndarray = x @ transposed[f"{name}.weight"]
        return np.add(y, p[f"{name}.bias"]) if f"{name}.bias" in p else y

    fused = np.concatenate([transposed["cell.weight_ih"], transposed["cell.weight_hh"]])
    fused = np.concatenate([fused, transposed["context.weight"]])
    bias = p["cell.bias_ih"] + p["cell.bias_hh"]

    def sentence(features: np.ndarray) -> tuple[float, np.ndarray]:
        annotations = np.maximum(linear("annotate", features[0]), 0)
        keys, mean = linear("attend.key", annotations), annotations.mean(0, keepdims=True)

        def step(h: np.ndarray, c: np.ndarray, words: np.ndarray) -> Any:
            vectors = p["embed.weight"][words]
            places = np.tanh(keys + linear("attend.query", h)[:, None])  # (K, L, A)
            scores = places @ p["attend.score.weight"][0]
            weights = np.exp(scores - scores.max(1, keepdims=True))
            weights /= weights.sum(1, keepdims=True)
            z = sigmoid(linear("gate", h)) * (weights @ annotations)
            gates = np.concatenate([vectors, h, z], 1) @ fused + bias
            i, f, g, o = np.split(gates, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            hidden = np.tanh(vectors + linear("output_h", h) + linear("output_z", z))
            logits = linear("output", hidden)
            logits -= logits.max(1, keepdims=True)
            return logits - np.log(np.exp(logits).sum(1, keepdims=True)), h, c

        h, c = np.tanh(linear("initial_h", mean)), np.tanh(linear("initial_c", mean))
        return search(step, h, c)

    return sentence


JOBS = {
    ("A1", "hand"): small,
    ("A2", "hand"): middle,
    ("E", "hand"): decode,
}
