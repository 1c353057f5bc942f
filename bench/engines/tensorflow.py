"""TensorFlow: `tf.function` called once a step, and with the loop over the steps inside."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from bench.job import Job
from bench.networks import Conv, Lite0
from bench.workloads import CHAIN, Data


def use(threads: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


class Sgd:
    def __init__(self, variables: list[Any], rate: float) -> None:
        self.variables, self.rate = variables, rate

    def apply(self, gradients: list[Any]) -> None:
        for p, g in zip(self.variables, gradients, strict=True):
            p.assign_sub(self.rate * g)

    def reset(self) -> None:
        """It remembers nothing."""


class Adam:
    """With the one operation that TensorFlow has for it."""

    def __init__(self, variables: list[Any]) -> None:
        self.variables = variables
        self.m, self.v = ([tf.Variable(tf.zeros_like(p)) for p in variables] for _ in range(2))
        self.powers = [tf.Variable(1.0), tf.Variable(1.0)]

    def apply(self, gradients: list[Any]) -> None:
        for power, beta in zip(self.powers, (0.9, 0.999), strict=True):
            power.assign(power * beta)
        one, two = (power.read_value() for power in self.powers)
        for p, m, v, g in zip(self.variables, self.m, self.v, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=p.handle,
                m=m.handle,
                v=v.handle,
                beta1_power=one,
                beta2_power=two,
                lr=1e-3,
                beta1=0.9,
                beta2=0.999,
                epsilon=1e-8,
                grad=tf.convert_to_tensor(g),
            )

    def reset(self) -> None:
        for a in (*self.m, *self.v):
            a.assign(tf.zeros_like(a))
        for power in self.powers:
            power.assign(1.0)


def small(data: Data, loop: bool) -> Job:
    params = _variables(data.params)

    def loss(x: Any, y: Any) -> Any:
        for w, b in zip(params[::2], params[1::2], strict=True):
            x = tf.sigmoid(tf.matmul(x, w, transpose_b=True) + b)
        return tf.reduce_sum(tf.square(x - y)) * (0.5 / y.shape[0])

    return _training(data, loss, Sgd(params, 3.0), loop)


def middle(data: Data, loop: bool) -> Job:
    params = _variables(data.params)

    def loss(x: Any, y: Any) -> Any:
        for i in range(0, 6, 2):
            x = tf.nn.bias_add(tf.matmul(x, params[i], transpose_b=True), params[i + 1])
            x = tf.nn.relu(x) if i < 4 else x
        return _cross_entropy(x, y)

    return _training(data, loss, Adam(params), loop)


def images(data: Data) -> Job:
    """Channels last, as its convolutions for processors are."""
    layers = [(w.transpose(2, 3, 1, 0) if w.ndim == 4 else w, b) for w, b in data.params]
    dense = layers[2][0].reshape(128, 64, 12, 12).transpose(0, 2, 3, 1).reshape(128, -1)
    layers[2] = dense, layers[2][1]
    params = _variables(layers)

    def loss(x: Any, y: Any) -> Any:
        for i in (0, 2):
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, params[i], 1, "VALID"), params[i + 1]))
        x = tf.reshape(tf.nn.max_pool2d(x, 2, 2, "VALID"), (x.shape[0], -1))
        for i in (4, 6):
            x = tf.nn.bias_add(tf.matmul(x, params[i], transpose_b=True), params[i + 1])
            x = tf.nn.relu(x) if i == 4 else x
        return _cross_entropy(x, y)

    x = np.ascontiguousarray(data.x.transpose(0, 1, 3, 4, 2))
    job = _training(data._replace(x=x), loss, Sgd(params, 0.01), loop=False)

    def run(steps: int) -> Any:
        value, weights = job.run(steps)
        return value, weights.transpose(3, 2, 0, 1)

    return Job(run, job.reset)


def _cross_entropy(logits: Any, y: Any) -> Any:
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    return tf.reduce_mean(each)


def _variables(layers: Any) -> list[Any]:
    return [tf.Variable(a) for layer in layers for a in layer]


def _training(data: Data, loss: Callable[..., Any], rule: Any, loop: bool) -> Job:
    def step(*batch: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(*batch)
        rule.apply(tape.gradient(value, rule.variables))
        return value

    if loop:
        return _loop(data, step, rule)
    batches = [(tf.constant(x), tf.constant(y)) for x, y in zip(data.x, data.y, strict=True)]
    return _each(batches, step, rule)


def _each(batches: list[Any], step: Callable[..., Any], rule: Any) -> Job:
    traced = tf.function(step)

    def run(steps: int) -> Any:
        for batch in batches[:steps]:
            value = traced(*batch)
        return value.numpy(), rule.variables[0].numpy()

    return Job(run, _resetting(rule))


def _loop(data: Data, step: Callable[..., Any], rule: Any) -> Job:
    x, y = tf.constant(data.x), tf.constant(data.y)

    @tf.function
    def whole(steps: Any) -> Any:
        value = tf.constant(0.0)
        for i in tf.range(steps):
            value = step(x[i], y[i])
        return value

    def run(steps: int) -> Any:
        return whole(tf.constant(steps)).numpy(), rule.variables[0].numpy()

    return Job(run, _resetting(rule))


def _resetting(rule: Any) -> Callable[[], None]:
    start = [p.numpy() for p in rule.variables]

    def reset() -> None:
        for p, first in zip(rule.variables, start, strict=True):
            p.assign(first)
        rule.reset()

    return reset


def captions(data: Data) -> Job:
    """What needs no memory is computed for all words at once."""
    p = {name: tf.Variable(a) for name, a in data.params.items()}

    def linear(name: str, x: Any, kind: str = "") -> Any:
        y = tf.tensordot(x, tf.transpose(p[f"{name}.weight{kind}"]), 1)
        return y + p[f"{name}.bias{kind}"] if f"{name}.bias{kind}" in p else y

    def loss(features: Any, words: Any, following: Any) -> Any:
        annotations = tf.nn.relu(linear("annotate", features))
        keys, mean = linear("attend.key", annotations), tf.reduce_mean(annotations, 1)
        h, c = tf.tanh(linear("initial_h", mean)), tf.tanh(linear("initial_c", mean))
        vectors = tf.gather(p["embed.weight"], words)
        hs, zs = [], []
        for gates in tf.unstack(linear("cell", vectors, "_ih"), axis=1):
            places = tf.tanh(keys + linear("attend.query", h)[:, None])
            weights = tf.nn.softmax(linear("attend.score", places), 1)  # (N, L, 1)
            z = tf.sigmoid(linear("gate", h)) * tf.reduce_sum(weights * annotations, 1)
            gates = gates + linear("cell", h, "_hh") + linear("context", z)
            i, f, g, o = tf.split(gates, 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
            hs.append(h)
            zs.append(z)
        hidden = vectors + linear("output_h", tf.stack(hs, 1)) + linear("output_z", tf.stack(zs, 1))
        return _cross_entropy(linear("output", tf.tanh(hidden)), following)

    rule = Adam(list(p.values()))
    batch = tuple(map(tf.constant, (*data.x, data.y)))

    def step(*batch: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(*batch)
        rule.apply(tape.gradient(value, rule.variables))
        return value

    job = _each([batch] * 64, step, rule)
    return Job(lambda steps: (job.run(steps)[0], p["annotate.weight"].numpy()), job.reset)


def network(data: Data) -> Job:
    model = data.params
    x = tf.constant(np.ascontiguousarray(data.x.transpose(0, 2, 3, 1)))
    f = tf.function(lambda x: _network(model, x))

    def run(steps: int) -> Any:
        for _ in range(steps):
            logits = f(x).numpy()
        return [logits]

    return Job(run)


def _network(model: Lite0, x: Any) -> Any:
    x = tf.nn.relu6(_conv(model.stem, x))
    for block in model.blocks:
        y = x
        for conv in block.active:
            y = tf.nn.relu6(_conv(conv, y))
        y = _conv(block.project, y)
        x = x + y if block.residual else y
    weight, bias = model.classifier
    pooled = tf.reduce_mean(tf.nn.relu6(_conv(model.head, x)), (1, 2))
    return tf.nn.bias_add(tf.matmul(pooled, weight.T), bias)


def _conv(conv: Conv, x: Any) -> Any:
    strides = (1, conv.stride, conv.stride, 1)
    if conv.groups == 1:
        y = tf.nn.conv2d(x, conv.weight.transpose(2, 3, 1, 0), strides, "SAME")
    else:
        y = tf.nn.depthwise_conv2d(x, conv.weight.transpose(2, 3, 0, 1), strides, "SAME")
    return tf.nn.bias_add(y, conv.bias)


def chain(data: Data) -> Job:
    @tf.function
    def gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(CHAIN):
                y = y * x
            total = tf.reduce_sum(y)
        return tape.gradient(total, x)

    x = tf.constant(data.x)

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = gradient(x)
        return [found.numpy()]

    return Job(run)


JOBS = {
    ("A1", "function"): partial(small, loop=False),
    ("A1", "loop"): partial(small, loop=True),
    ("A2", "function"): partial(middle, loop=False),
    ("A2", "loop"): partial(middle, loop=True),
    ("B", "function"): images,
    ("C", "function"): captions,
    ("D", "function"): network,
    ("F-compiled", "function"): chain,
}
