"""JAX: a jitted call a step, and all steps in one call by `lax.scan`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench.job import Job
from bench.networks import Conv, Lite0
from bench.workloads import BEAMS, BOS, CHAIN, EOS, WORDS, Data


def use(threads: int) -> None:
    """It has as many threads as the process has processors."""


def small(data: Data, scan: bool) -> Job:
    def loss(params: Any, x: Any, y: Any) -> Any:
        for w, b in params:
            x = jax.nn.sigmoid(x @ w.T + b)
        return jnp.sum((x - y) ** 2) * (0.5 / y.shape[0])

    return _training(data, _sgd(loss, 3.0), data.params, scan)


def middle(data: Data, scan: bool) -> Job:
    def loss(params: Any, x: Any, y: Any) -> Any:
        for w, b in params[:-1]:
            x = jax.nn.relu(x @ w.T + b)
        return _cross_entropy(x @ params[-1][0].T + params[-1][1], y)

    return _training(data, _adam(loss), _adam_start(data.params), scan)


def images(data: Data) -> Job:
    def loss(params: Any, x: Any, y: Any) -> Any:
        for w, b in params[:2]:
            x = lax.conv_general_dilated(x, w, (1, 1), "VALID")
            x = jax.nn.relu(x + b[:, None, None])
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        (w, b), (v, c) = params[2:]
        x = jax.nn.relu(x.reshape(x.shape[0], -1) @ w.T + b)
        return _cross_entropy(x @ v.T + c, y)

    return _training(data, _sgd(loss, 0.01), data.params, scan=False)


def _cross_entropy(logits: Any, y: Any) -> Any:
    scores = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(scores, y[..., None], -1))


def _sgd(loss: Callable[..., Any], rate: float) -> Any:
    def step(params: Any, batch: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(params, *batch)
        return jax.tree.map(lambda p, g: p - rate * g, params, gradient), value

    return step


def _adam(loss: Callable[..., Any]) -> Any:
    def step(carry: Any, batch: Any) -> Any:
        params, m, v, n = carry
        value, gradient = jax.value_and_grad(loss)(params, *batch)
        m = jax.tree.map(lambda a, g: a + 0.1 * (g - a), m, gradient)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradient)
        n = n + 1
        rate, root = 1e-3 / (1 - 0.9**n), jnp.sqrt(1 - 0.999**n)
        params = jax.tree.map(
            lambda p, a, b: p - rate * a / (jnp.sqrt(b) / root + 1e-8), params, m, v
        )
        return (params, m, v, n), value

    return step


def _adam_start(params: Any) -> Any:
    zeros = jax.tree.map(np.zeros_like, params)
    return params, zeros, zeros, np.float32(0)


def _training(data: Data, step: Any, start: Any, scan: bool) -> Job:
    start = jax.tree.map(jnp.asarray, start)
    if scan:
        whole = jax.jit(lambda state, batches: lax.scan(step, state, batches))
        x, y = jnp.asarray(data.x), jnp.asarray(data.y)
        parts = {len(x): (x, y)}

        def all_at_once(steps: int) -> Any:
            if steps not in parts:
                parts[steps] = x[:steps], y[:steps]
            state, values = whole(start, parts[steps])
            return np.asarray(values[-1]), np.asarray(_first(state))

        return Job(all_at_once)
    batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in zip(data.x, data.y, strict=True)]
    return _looped(step, start, batches)


def _first(state: Any) -> Any:
    return jax.tree.leaves(state)[0]


def _looped(step: Any, start: Any, batches: Any, shown: Callable[[Any], Any] = _first) -> Job:
    jitted = jax.jit(step)

    def run(steps: int) -> Any:
        state, value = start, None
        for batch in batches[:steps]:
            state, value = jitted(state, batch)
        return np.asarray(value), np.asarray(shown(state))

    return Job(run)


def captions(data: Data) -> Job:
    """The words one after the other by a scan; what needs no memory for all of them at once."""

    def loss(p: Any, features: Any, words: Any, following: Any) -> Any:
        annotations, keys, h, c = _begin(p, features)
        vectors = p["embed.weight"][words]

        def word(state: Any, gates: Any) -> Any:
            h, c = state
            h, c, z = _advance(p, annotations, keys, h, c, gates)
            return (h, c), (h, z)

        gates = jnp.moveaxis(_linear(p, "cell", vectors, "_ih"), 1, 0)
        _, (h, z) = lax.scan(word, (h, c), gates)
        logits = _logits(p, vectors, jnp.moveaxis(h, 0, 1), jnp.moveaxis(z, 0, 1))
        return _cross_entropy(logits, following)

    batch = tuple(map(jnp.asarray, (*data.x, data.y)))
    start = jax.tree.map(jnp.asarray, _adam_start(data.params))
    return _looped(_adam(loss), start, [batch] * 64, lambda state: state[0]["annotate.weight"])


def _linear(p: Any, name: str, x: Any, kind: str = "") -> Any:
    y = x @ p[f"{name}.weight{kind}"].T
    return y + p[f"{name}.bias{kind}"] if f"{name}.bias{kind}" in p else y


def _begin(p: Any, features: Any) -> Any:
    annotations = jax.nn.relu(_linear(p, "annotate", features))
    mean = annotations.mean(1)
    h, c = jnp.tanh(_linear(p, "initial_h", mean)), jnp.tanh(_linear(p, "initial_c", mean))
    return annotations, _linear(p, "attend.key", annotations), h, c


def _advance(p: Any, annotations: Any, keys: Any, h: Any, c: Any, gates: Any) -> Any:
    places = jnp.tanh(keys + _linear(p, "attend.query", h)[:, None])
    weights = jax.nn.softmax(places @ p["attend.score.weight"][0], -1)
    z = jax.nn.sigmoid(_linear(p, "gate", h)) * jnp.einsum("nl,nlc->nc", weights, annotations)
    gates = gates + _linear(p, "cell", h, "_hh") + _linear(p, "context", z)
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c, z


def _logits(p: Any, vectors: Any, h: Any, z: Any) -> Any:
    hidden = jnp.tanh(vectors + _linear(p, "output_h", h) + _linear(p, "output_z", z))
    return _linear(p, "output", hidden)


def decode(data: Data) -> Job:
    """The whole search in one call."""

    @jax.jit
    def sentence(p: Any, features: Any) -> Any:
        annotations, keys, h, c = _begin(p, features)
        annotations, keys = annotations[0], keys[0]

        def scores(h: Any, c: Any, words: Any) -> Any:
            vectors = p["embed.weight"][words]
            gates = _linear(p, "cell", vectors, "_ih")
            seen = jnp.broadcast_to(annotations, (BEAMS, *annotations.shape))
            h, c, z = _advance(p, seen, keys, h, c, gates)
            return jax.nn.log_softmax(_logits(p, vectors, h, z)), h, c

        def word(state: Any, t: Any) -> Any:
            h, c, words, sums, sentences = state
            following, h, c = scores(h, c, words)
            following = following.at[:, jnp.array([BOS, EOS])].set(-jnp.inf)
            sums, best = lax.top_k((sums[:, None] + following).ravel(), BEAMS)
            parents, words = jnp.divmod(best, following.shape[1])
            sentences = sentences[parents].at[:, t].set(words)
            return (h[parents], c[parents], words, sums, sentences), None

        start = (
            *(jnp.repeat(a, BEAMS, 0) for a in (h, c)),
            jnp.full(BEAMS, BOS),
            jnp.full(BEAMS, -jnp.inf).at[0].set(0),
            jnp.zeros((BEAMS, WORDS), jnp.int32),
        )
        (h, c, words, sums, sentences), _ = lax.scan(word, start, jnp.arange(WORDS))
        sums = sums + scores(h, c, words)[0][:, EOS]
        return sums.max(), sentences[sums.argmax()]

    params = jax.tree.map(jnp.asarray, data.params)
    features = jnp.asarray(data.x)

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = jax.block_until_ready(sentence(params, features))
        return [np.asarray(a) for a in found]

    return Job(run)


def network(data: Data) -> Job:
    """Channels last, weights as constants."""
    model = data.params
    x = jnp.asarray(np.ascontiguousarray(data.x.transpose(0, 2, 3, 1)))
    f = jax.jit(partial(_network, model))

    def run(steps: int) -> Any:
        for _ in range(steps):
            logits = jax.block_until_ready(f(x))
        return [np.asarray(logits)]

    return Job(run)


def _network(model: Lite0, x: Any) -> Any:
    x = jax.nn.relu6(_conv(model.stem, x))
    for block in model.blocks:
        y = x
        for conv in block.active:
            y = jax.nn.relu6(_conv(conv, y))
        y = _conv(block.project, y)
        x = x + y if block.residual else y
    weight, bias = model.classifier
    return jax.nn.relu6(_conv(model.head, x)).mean((1, 2)) @ weight.T + bias


def _conv(conv: Conv, x: Any) -> Any:
    y = lax.conv_general_dilated(
        x,
        conv.weight.transpose(2, 3, 1, 0),
        (conv.stride, conv.stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=conv.groups,
    )
    return y + conv.bias


def chain(data: Data) -> Job:
    def product(x: Any) -> Any:
        y = x
        for _ in range(CHAIN):
            y = y * x
        return jnp.sum(y)

    gradient, x = jax.jit(jax.grad(product)), jnp.asarray(data.x)

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = gradient(x)
        return [np.asarray(found)]

    return Job(run)


JOBS = {
    ("A1", "jit"): partial(small, scan=False),
    ("A1", "scan"): partial(small, scan=True),
    ("A2", "jit"): partial(middle, scan=False),
    ("A2", "scan"): partial(middle, scan=True),
    ("B", "jit"): images,
    ("C", "scan"): captions,
    ("D", "jit"): network,
    ("E", "scan"): decode,
    ("F-compiled", "jit"): chain,
}
