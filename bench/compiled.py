"""Compiled training steps beside NumPy by hand and, where it is installed, JAX.

Run: python bench/compiled.py [--rounds N] [--share PART_OF_AN_EPOCH] [--json FILE]

The engines take turns within each round, so that all see the same state of the machine. Every
engine starts from the same weights, and those of the first layer must agree after three steps.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

import tushuo
from tushuo import nn, optim

Run = Callable[[], object]
"""A number of steps; returns the weights of the first layer after them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.2, help="of an epoch, a round")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    figures: dict[str, object] = {"peak before, GFLOP/s": peak()}
    for name, workload, examples, batch in WORKLOADS:
        check(workload(3, batch))
        steps = max(1, int(examples / batch * options.share))
        found = measured(workload(steps, batch), options.rounds)
        best = min(found["tushuo.compile"])
        for engine, times in found.items():
            figures[f"{name}: {engine}"] = {
                "microseconds a step": round(statistics.median(times) / steps * 1e6, 2),
                "spread": f"{min(times) / steps * 1e6:.2f} to {max(times) / steps * 1e6:.2f}",
                "of tushuo.compile": round(min(times) / best, 2),
            }
    figures["peak after, GFLOP/s"] = peak()
    for name, value in figures.items():
        print(f"{name:48} {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def check(engines: dict[str, Run]) -> None:
    """Require the same weights of all engines."""
    wanted, *others = (np.asarray(run()) for run in engines.values())
    for found in others:
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def measured(engines: dict[str, Run], rounds: int) -> dict[str, list[float]]:
    """The times of all engines, which take turns, after one run of each to warm up."""
    times: dict[str, list[float]] = {name: [] for name in engines}
    for run in engines.values():
        run()
    for _ in range(rounds):
        for name, run in engines.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def peak() -> float:
    """What BLAS reaches on a product of 512 x 512, the best of a few."""
    x = np.random.default_rng(0).random((512, 512), dtype=np.float32)
    best = min(timed(lambda: x @ x) for _ in range(30))
    return round(2 * 512**3 / best / 1e9)


def timed(job: Run) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def batches(steps: int, batch: int, classes: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (S, B, 784) and their digits: one-hot (S, B, 10), or numbers (S, B)."""
    rng = np.random.default_rng(0)
    x = rng.random((steps, batch, 784), dtype=np.float32)
    digits = rng.integers(0, 10, (steps, batch))
    return x, digits if classes else np.eye(10, dtype=np.float32)[digits]


def weights(*sizes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each layer, weights (O, I) and biases (O,)."""
    rng = np.random.default_rng(1)
    return [
        (
            (rng.standard_normal((o, i)) / np.sqrt(i)).astype(np.float32),
            np.zeros(o, np.float32),
        )
        for i, o in pairwise(sizes)
    ]


def first(tree: object) -> object:
    """The first leaf of a tree of lists and tuples."""
    while isinstance(tree, list | tuple):
        tree = tree[0]
    return tree


# A1: 784-30-10, sigmoid, squared error, gradient descent


def small(steps: int, batch: int) -> dict[str, Run]:
    x, y = batches(steps, batch, classes=False)
    params = weights(784, 30, 10)
    engines = {**tushuo_small(params, x, y), "NumPy by hand": numpy_small(params, x, y)}
    with_jax(engines, lambda jax: jax_small(jax, params, x, y))
    return engines


def tushuo_small(params: list, x: np.ndarray, y: np.ndarray) -> dict[str, Run]:
    def loss(params: object, x: object, y: object) -> object:
        for w, b in params:
            x = tushuo.sigmoid(nn.linear(x, w, b))
        return tushuo.sum(tushuo.square(x - y)) * (0.5 / y.shape[0])

    @tushuo.compile
    def step(params: object, pair: tuple) -> object:
        value, gradient = tushuo.value_and_grad(loss)(params, *pair)
        return tushuo.tree_map(lambda p, g: p - 3.0 * g, params, gradient), value

    start = [(tushuo.asarray(w), tushuo.asarray(b)) for w, b in params]
    pairs = [(tushuo.asarray(a), tushuo.asarray(b)) for a, b in zip(x, y, strict=True)]

    def each() -> object:
        state = start
        for pair in pairs:
            state, _ = step(state, pair)
        return first(state).numpy()

    return {
        "tushuo.compile": each,
        "tushuo.compile, scan": lambda: first(step.scan(start, (x, y))[0]).numpy(),
    }


def numpy_small(params: list, xs: np.ndarray, ys: np.ndarray) -> Run:
    def run() -> object:
        (w1, b1), (w2, b2) = ((w.copy(), b.copy()) for w, b in params)
        rate = np.float32(3.0 / xs.shape[1])
        for x, y in zip(xs, ys, strict=True):
            h = 1 / (1 + np.exp(-(x @ w1.T + b1)))
            p = 1 / (1 + np.exp(-(h @ w2.T + b2)))
            d2 = (p - y) * p * (1 - p)
            d1 = (d2 @ w2) * h * (1 - h)
            w2 -= rate * (d2.T @ h)
            b2 -= rate * d2.sum(0)
            w1 -= rate * (d1.T @ x)
            b1 -= rate * d1.sum(0)
        return w1

    return run


def jax_small(jax: object, params: list, x: np.ndarray, y: np.ndarray) -> Iterator[tuple[str, Run]]:
    def loss(params: list, x: object, y: object) -> object:
        for w, b in params:
            x = jax.nn.sigmoid(x @ w.T + b)
        return jax.numpy.sum((x - y) ** 2) * (0.5 / y.shape[0])

    def step(params: list, pair: tuple) -> tuple:
        value, gradient = jax.value_and_grad(loss)(params, *pair)
        return jax.tree_util.tree_map(lambda p, g: p - 3.0 * g, params, gradient), value

    return jax_runs(jax, step, params, (x, y))


# A2: 784-512-256-10, ReLU, cross-entropy, Adam


def middle(steps: int, batch: int) -> dict[str, Run]:
    x, y = batches(steps, batch, classes=True)
    params = weights(784, 512, 256, 10)
    engines = tushuo_middle(params, x, y)
    with_jax(engines, lambda jax: jax_middle(jax, params, x, y))
    return engines


def tushuo_middle(params: list, x: np.ndarray, y: np.ndarray) -> dict[str, Run]:
    rule = optim.Adam(1e-3)

    def loss(params: list, x: object, y: object) -> object:
        for w, b in params[:-1]:
            x = tushuo.relu(nn.linear(x, w, b))
        return nn.cross_entropy(nn.linear(x, *params[-1]), y)

    @tushuo.compile
    def step(state: tuple, pair: tuple) -> object:
        value, gradient = tushuo.value_and_grad(loss)(state[0], *pair)
        return rule.update(state[0], gradient, state[1]), value

    start = [(tushuo.asarray(w), tushuo.asarray(b)) for w, b in params]
    pairs = [(tushuo.asarray(a), tushuo.asarray(b)) for a, b in zip(x, y, strict=True)]

    begin = (start, rule.init(start))

    def each() -> object:
        state = begin
        for pair in pairs:
            state, _ = step(state, pair)
        return first(state).numpy()

    return {
        "tushuo.compile": each,
        "tushuo.compile, scan": lambda: first(step.scan(begin, (x, y))[0]).numpy(),
    }


def jax_middle(
    jax: object, params: list, x: np.ndarray, y: np.ndarray
) -> Iterator[tuple[str, Run]]:
    jnp = jax.numpy

    def loss(params: list, x: object, y: object) -> object:
        for w, b in params[:-1]:
            x = jax.nn.relu(x @ w.T + b)
        scores = jax.nn.log_softmax(x @ params[-1][0].T + params[-1][1])
        return -jnp.mean(jnp.take_along_axis(scores, y[:, None], 1))

    def step(carry: tuple, pair: tuple) -> tuple:
        params, m, v, n = carry
        value, g = jax.value_and_grad(loss)(params, *pair)
        each, n = jax.tree_util.tree_map, n + 1
        m = each(lambda a, b: a + 0.1 * (b - a), m, g)
        v = each(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        rate, root = 1e-3 / (1 - 0.9**n), jnp.sqrt(1 - 0.999**n)
        new = each(lambda p, a, b: p - rate * a / (jnp.sqrt(b) / root + 1e-8), params, m, v)
        return (new, m, v, n), value

    zeros = jax.tree_util.tree_map(np.zeros_like, params)
    return jax_runs(jax, step, (params, zeros, zeros, np.float32(0)), (x, y))


# B: two convolutions, pooling, two layers; gradient descent


def images(steps: int, batch: int) -> dict[str, Run]:
    rng = np.random.default_rng(0)
    x = rng.random((steps, batch, 1, 28, 28), dtype=np.float32)
    y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, (steps, batch))]
    shapes = (32, 1, 3, 3), (64, 32, 3, 3), (128, 9216), (10, 128)
    params = [(rng.standard_normal(s) / np.sqrt(np.prod(s[1:]))).astype(np.float32) for s in shapes]
    engines = tushuo_images(params, x, y)
    with_jax(engines, lambda jax: jax_images(jax, params, x, y))
    return engines


def tushuo_images(params: list, x: np.ndarray, y: np.ndarray) -> dict[str, Run]:
    def loss(params: list, x: object, y: object) -> object:
        for w in params[:2]:
            x = tushuo.relu(tushuo.conv2d(x, w))
        x = tushuo.reshape(tushuo.max_pool2d(x, 2), (x.shape[0], -1))
        scores = nn.linear(tushuo.relu(nn.linear(x, params[2])), params[3])
        return -tushuo.sum(y * tushuo.log_softmax(scores)) / y.shape[0]

    def step(params: list, pair: tuple) -> object:
        value, gradient = tushuo.value_and_grad(loss)(params, *pair)
        return tushuo.tree_map(lambda p, g: p - 0.01 * g, params, gradient), value

    start = [tushuo.asarray(w) for w in params]
    pairs = [(tushuo.asarray(a), tushuo.asarray(b)) for a, b in zip(x, y, strict=True)]

    def run(step: Callable) -> object:
        state = start
        for pair in pairs:
            state, _ = step(state, pair)
        return first(state).numpy()

    compiled = tushuo.compile(step)
    return {"tushuo.compile": lambda: run(compiled), "tushuo eager": lambda: run(step)}


def jax_images(
    jax: object, params: list, x: np.ndarray, y: np.ndarray
) -> Iterator[tuple[str, Run]]:
    lax, jnp = jax.lax, jax.numpy

    def loss(params: list, x: object, y: object) -> object:
        for w in params[:2]:
            x = jax.nn.relu(lax.conv_general_dilated(x, w, (1, 1), "VALID"))
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        scores = jax.nn.relu(x.reshape(x.shape[0], -1) @ params[2].T) @ params[3].T
        return -jnp.sum(y * jax.nn.log_softmax(scores)) / y.shape[0]

    def step(params: list, pair: tuple) -> tuple:
        value, gradient = jax.value_and_grad(loss)(params, *pair)
        return [p - 0.01 * g for p, g in zip(params, gradient, strict=True)], value

    yield next(jax_runs(jax, step, params, (x, y)))


# F: a chain of 20 products of matrices' elements, forward and backward


def chain(steps: int, batch: int) -> dict[str, Run]:
    x = np.random.default_rng(0).random((batch, batch))

    def product(x: object) -> object:
        y = x
        for _ in range(20):
            y = y * x
        return tushuo.sum(y)

    compiled, eager = tushuo.compile(tushuo.grad(product)), tushuo.grad(product)
    t = tushuo.asarray(x)
    return {
        "tushuo.compile": lambda: [compiled(t) for _ in range(steps)][-1].numpy(),
        "tushuo eager": lambda: [eager(t) for _ in range(steps)][-1].numpy(),
    }


def jax_runs(jax: object, step: Callable, start: object, data: tuple) -> Iterator[tuple[str, Run]]:
    """A call a step, and all steps in one call."""
    jitted = jax.jit(step)
    start = jax.tree_util.tree_map(jax.numpy.asarray, start)
    pairs = [tuple(map(jax.numpy.asarray, pair)) for pair in zip(*data, strict=True)]
    stacked = tuple(map(jax.numpy.asarray, data))
    scanned = jax.jit(lambda state, pairs: jax.lax.scan(step, state, pairs))

    def each() -> object:
        state = start
        for pair in pairs:
            state, _ = jitted(state, pair)
        return jax.block_until_ready(first(state))

    yield "JAX, a call a step", each
    yield "JAX, scan", lambda: jax.block_until_ready(first(scanned(start, stacked)[0]))


def with_jax(engines: dict[str, Run], make: Callable[[object], Iterator[tuple[str, Run]]]) -> None:
    """Add JAX's engines where it is installed."""
    try:
        import jax
    except ImportError:
        return
    engines.update(make(jax))


WORKLOADS = [
    ("A1 784-30-10, SGD, batch 10", small, 50_000, 10),
    ("A2 784-512-256-10, Adam, batch 128", middle, 50_000, 128),
    ("B two convolutions, 28 x 28, batch 128", images, 1_280, 128),
    ("F chain of 20 products, 10 x 10", chain, 10_000, 10),
]
"""Name, engines, examples an epoch, batch."""

if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    main()
