"""tinygrad on the processor, with and without its JIT."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from typing import Any

from tinygrad import Context, Tensor, TinyJit
from tinygrad.nn.optim import LAMB, SGD, Adam

from bench.job import Job
from bench.workloads import CHAIN, Data

_BATCHES = 250  # to make one takes milliseconds; they come again and again


def use(threads: int) -> None:
    """It has as many threads as the process has processors."""


def small(data: Data) -> Job:
    params = _tensors(data.params)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        for w, b in zip(params[::2], params[1::2], strict=True):
            x = (x @ w.T + b).sigmoid()
        return (x - y).square().sum() * (0.5 / y.shape[0])

    return _training(data, params, loss, SGD(params, lr=3.0))


def middle(data: Data) -> Job:
    params = _tensors(data.params)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        for i in range(0, 6, 2):
            x = x @ params[i].T + params[i + 1]
            x = x.relu() if i < 4 else x
        return x.sparse_categorical_crossentropy(y)

    return _training(data, params, loss, Adam(params, lr=1e-3))


def _tensors(layers: Any) -> list[Tensor]:
    return [Tensor(a).realize() for layer in layers for a in layer]


def _training(data: Data, params: list[Tensor], loss: Callable[..., Tensor], rule: Any) -> Job:
    @TinyJit
    def step(x: Tensor, y: Tensor) -> Tensor:
        rule.zero_grad()
        value = loss(x, y).backward()
        return value.realize(*rule.schedule_step())

    state = [*params]
    if isinstance(rule, LAMB):
        state += [rule.b1_t, rule.b2_t, *rule.m, *rule.v]
    start = [t.numpy().copy() for t in state]
    pairs = islice(zip(data.x, data.y, strict=True), _BATCHES)
    batches = [(Tensor(x).realize(), Tensor(y).realize()) for x, y in pairs]

    def reset() -> None:
        for t, first in zip(state, start, strict=True):
            t.assign(Tensor(first)).realize()

    def run(steps: int) -> Any:
        with Context(TRAINING=1):
            for batch in islice(cycle(batches), steps):
                value = step(*batch)
        return value.numpy(), params[0].numpy()

    return Job(run, reset)


def chain(data: Data, jit: bool) -> Job:
    def gradient(x: Tensor) -> Tensor:
        y = x
        for _ in range(CHAIN):
            y = y * x
        return y.sum().gradient(x)[0].realize()

    f = TinyJit(gradient) if jit else gradient
    x = Tensor(data.x).realize()

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = f(x)
        return [found.numpy()]

    return Job(run)


JOBS = {
    ("A1", "jit"): small,
    ("A2", "jit"): middle,
    ("F-eager", "eager"): partial(chain, jit=False),
    ("F-compiled", "jit"): partial(chain, jit=True),
}
