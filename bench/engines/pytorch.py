"""PyTorch: eager with its fused optimisers, and `torch.compile` of the whole step."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor

from bench.engines.pytorch_captions import captions, decode
from bench.engines.pytorch_network import network
from bench.engines.pytorch_training import training
from bench.job import Job
from bench.workloads import CHAIN, Data


def use(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)


def small(data: Data, compiled: bool) -> Job:
    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        for i in range(2):
            x = torch.sigmoid(F.linear(x, params[f"w{i}"], params[f"b{i}"]))
        return torch.square(x - y).sum() * (0.5 / y.shape[0])

    return training(_layers(data.params), loss, 3.0, False, _batches(data), compiled)


def middle(data: Data, compiled: bool) -> Job:
    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        for i in range(3):
            x = F.linear(F.relu(x) if i else x, params[f"w{i}"], params[f"b{i}"])
        return F.cross_entropy(x, y)

    return training(_layers(data.params), loss, 1e-3, True, _batches(data), compiled)


def images(data: Data, compiled: bool) -> Job:
    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        for i in range(2):
            x = F.relu(F.conv2d(x, params[f"w{i}"], params[f"b{i}"]))
        x = F.max_pool2d(x, 2).flatten(1)
        x = F.relu(F.linear(x, params["w2"], params["b2"]))
        return F.cross_entropy(F.linear(x, params["w3"], params["b3"]), y)

    return training(_layers(data.params), loss, 0.01, False, _batches(data), compiled)


def _layers(layers: Any) -> dict[str, Tensor]:
    return {
        f"{kind}{i}": torch.tensor(a)
        for i, layer in enumerate(layers)
        for kind, a in zip("wb", layer, strict=True)
    }


def _batches(data: Data) -> list[tuple[Tensor, Tensor]]:
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    return list(zip(x, y if y.is_floating_point() else y.long(), strict=True))


def chain(data: Data, compiled: bool) -> Job:
    def product(x: Tensor) -> Tensor:
        y = x
        for _ in range(CHAIN):
            y = y * x
        return y.sum()

    x = torch.tensor(data.x)
    if compiled:
        gradient = torch.compile(torch.func.grad(product), fullgraph=True, dynamic=False)
    else:
        x.requires_grad_()

        def gradient(x: Tensor) -> Tensor:
            return torch.autograd.grad(product(x), x)[0]

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = gradient(x)
        return [found.numpy()]

    return Job(run)


_BOTH = {
    "A1": small,
    "A2": middle,
    "B": images,
    "C": captions,
    "D": network,
    "E": decode,
}
JOBS = {(kind, "eager"): partial(make, compiled=False) for kind, make in _BOTH.items()}
JOBS |= {(kind, "compile"): partial(make, compiled=True) for kind, make in _BOTH.items()}
JOBS["D8", "bfloat16"] = partial(network, compiled=True, dtype=torch.bfloat16)
JOBS["F-eager", "eager"] = partial(chain, compiled=False)
JOBS["F-compiled", "compile"] = partial(chain, compiled=True)
