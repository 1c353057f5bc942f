"""A small training that can be killed: dropout, a buffer, momentum, and validation."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import tushuo.train
from tushuo.graph import Tensor, ops, value_and_grad
from tushuo.nn import Buffer, Dropout, Linear, Module
from tushuo.optim import Adam, cosine
from tushuo.train import Trainer

EPOCHS, BATCHES, SIZE = 4, 8, 16
OPTIMIZER = Adam(cosine(0.02, EPOCHS * BATCHES))


class Net(Module):
    """Two layers, and the running mean of what was seen in training."""

    def __init__(self) -> None:
        self.first, self.dropout = Linear(3, 8, rng=0), Dropout(0.3)
        self.second = Linear(8, 1, rng=1)
        self.mean = Buffer(np.zeros(3, "float32"))

    def forward(self, x: Tensor, rng: np.random.Generator | None = None) -> Tensor:
        if self.training:
            self.mean.data = np.float32(0.9) * self.mean.data + np.float32(0.1) * x.numpy().mean(0)
        hidden = self.dropout(ops.tanh(self.first(x - self.mean.data)), rng=rng)
        return self.second(hidden)


def examples(key):
    x = np.random.default_rng(key).normal(size=(SIZE, 3)).astype("float32")
    return Tensor(x), Tensor(np.sin(x.sum(1, keepdims=True)))


def batches(epoch, start):
    return (examples([epoch, i]) for i in range(start, BATCHES))


def step(params, opt_state, batch, rng):
    x, y = batch
    loss, grads = value_and_grad(lambda net: ((net(x, rng=rng) - y) ** 2).mean())(params)
    params, opt_state = OPTIMIZER.update(params, grads, opt_state)
    return params, opt_state, {"loss": loss, "noise": rng.normal()}


def validate(params):
    x, y = examples(99)
    error = float(((params.eval()(x) - y) ** 2).mean())
    params.train()
    return {"mse": error}


def trainer(out, **settings):
    defaults = {
        "step": step,
        "batches": batches,
        "epochs": EPOCHS,
        "out": Path(out),
        "config": {"lr": 0.02, "layers": [8]},
        "validate": validate,
        "monitor": "mse",
        "batches_per_epoch": BATCHES,
        "checkpoint_steps": 3,
        "tensorboard": False,
    }
    return Trainer(**{**defaults, **settings})


def run(out, **settings):
    net = Net()
    return trainer(out, **settings).fit(net, OPTIMIZER.init(net))


def slow(params, opt_state, batch, rng):
    time.sleep(0.015)
    return step(params, opt_state, batch, rng)


def die_at_line(number):
    """Kill this process at the n-th line that it executes in the package of the loop."""
    folder = str(Path(tushuo.train.__file__).parent)
    left = number

    def local(frame, event, arg):
        nonlocal left
        left -= event == "line"
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return local

    sys.settrace(lambda frame, *_: local if frame.f_code.co_filename.startswith(folder) else None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--die-at-line", type=int)
    arguments = parser.parse_args()
    print("ready", flush=True)
    if arguments.die_at_line is None:
        run(arguments.out, step=slow)
    else:
        die_at_line(arguments.die_at_line)
        run(arguments.out)
