"""The networks of the workloads as plain arrays, the same for all engines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray
Layer = tuple[Array, Array]

WEIGHTS = "TUSHUO_BENCH_LITE0"
"""The environment variable that names an .npz of EfficientNet-Lite0's weights."""


def mlp(*sizes: int) -> list[Layer]:
    """For each layer, weights (O, I) and biases (O,)."""
    rng = np.random.default_rng(1)
    return [(_uniform(rng, o, i), np.zeros(o, np.float32)) for i, o in pairwise(sizes)]


def convnet() -> list[Layer]:
    """Two convolutions (O, I, 3, 3) and two layers (O, I), for images of 28 x 28."""
    rng = np.random.default_rng(1)
    shapes = (32, 1, 3, 3), (64, 32, 3, 3), (128, 64 * 12 * 12), (10, 128)
    return [(_uniform(rng, *shape), np.zeros(shape[0], np.float32)) for shape in shapes]


def show_attend_tell(vocabulary: int = 3000, size: int = 512) -> dict[str, Array]:
    """The parameters by the names of `tushuo.models.ShowAttendTell`; all sizes but one are equal.

    A few words are likelier than others, as after training, lest beams differ by rounding alone.
    """
    rng = np.random.default_rng(1)
    with_bias = ["annotate", "initial_h", "initial_c", "attend.query", "gate", "output_h"]
    weights = {f"{name}.weight": (size, size) for name in with_bias}
    biases = {f"{name}.bias": (size,) for name in with_bias}
    weights |= {"embed.weight": (vocabulary, size), "output.weight": (vocabulary, size)}
    weights |= {"attend.key.weight": (size, size), "attend.score.weight": (1, size)}
    weights |= {"output_z.weight": (size, size), "context.weight": (4 * size, size)}
    weights |= {"cell.weight_ih": (4 * size, size), "cell.weight_hh": (4 * size, size)}
    biases |= {"cell.bias_ih": (4 * size,), "cell.bias_hh": (4 * size,)}
    found = {name: _uniform(rng, *shape) for name, shape in weights.items()}
    found |= {name: np.zeros(shape, np.float32) for name, shape in biases.items()}
    found["output.bias"] = rng.normal(0, 2, vocabulary).astype(np.float32)
    found["embed.weight"] *= np.float32(size**0.5)
    return found


class Conv(NamedTuple):
    """A convolution, padded to "same"; batch norm is a part of its weights."""

    weight: Array  # (O, I / groups, K, K)
    bias: Array  # (O,)
    stride: int = 1
    groups: int = 1

    def pads(self, size: int) -> tuple[int, int]:
        """Zeros before and after a row of so many positions."""
        out = -(-size // self.stride)
        missing = max((out - 1) * self.stride + self.weight.shape[-1] - size, 0)
        return missing // 2, missing - missing // 2


class Block(NamedTuple):
    """Expand and filter, each with ReLU6 behind it, then project."""

    active: list[Conv]
    project: Conv
    residual: bool


class Lite0(NamedTuple):
    """EfficientNet-Lite0: stem, blocks, head, mean over the places, classifier."""

    stem: Conv
    blocks: list[Block]
    head: Conv
    classifier: Layer

    def convs(self) -> Iterator[Conv]:
        """All convolutions, in order."""
        yield self.stem
        for block in self.blocks:
            yield from (*block.active, block.project)
        yield self.head

    def products(self, size: int = 224) -> float:
        """Multiplications for one photograph."""
        total = float(self.classifier[0].size)
        for conv in self.convs():
            size = -(-size // conv.stride)
            total += conv.weight.size * size * size
        return total


# repeats, kernel, stride, expansion, channels: Tan and Le, "EfficientNet" (2019), table 1
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def lite0() -> Lite0:
    """The network; its weights are random unless a file with trained ones is named."""
    arrays = _trained() if WEIGHTS in os.environ else _random()
    stem = _conv(arrays, 32, 3, 3, stride=2)
    blocks, inputs = [], 32
    for repeats, kernel, first, expansion, channels in _STAGES:
        for i in range(repeats):
            stride, inner = first if i == 0 else 1, inputs * expansion
            active = [_conv(arrays, inner, inputs)] if expansion > 1 else []
            active.append(_conv(arrays, inner, inner, kernel, stride, groups=inner))
            residual = stride == 1 and inputs == channels
            blocks.append(Block(active, _conv(arrays, channels, inner), residual))
            inputs = channels
    head = _conv(arrays, 1280, 320)
    return Lite0(stem, blocks, head, (next(arrays)((1000, 1280)), next(arrays)((1000,))))


def _conv(
    arrays: Iterator[Any], out: int, inputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> Conv:
    weight = next(arrays)((out, inputs // groups, kernel, kernel))
    return Conv(weight, next(arrays)((out,)), stride, groups)


def _random() -> Iterator[Any]:
    rng = np.random.default_rng(1)

    def array(shape: tuple[int, ...]) -> Array:
        if len(shape) == 1:
            return rng.normal(0, 0.1, shape).astype(np.float32)
        spread = (2 / np.prod(shape[1:])) ** 0.5
        return rng.normal(0, spread, shape).astype(np.float32)

    while True:
        yield array


def _trained() -> Iterator[Any]:
    with np.load(os.environ[WEIGHTS]) as file:
        for name in sorted(set(file.files) - {"photos", "labels"}):
            yield file[name].reshape


def trained(name: str) -> Array | None:
    """`photos` (32, 3, 224, 224) or the `labels` (32,) of them, if trained weights are named."""
    if WEIGHTS not in os.environ:
        return None
    with np.load(os.environ[WEIGHTS]) as file:
        found: Array = file[name]
    return found


def _uniform(rng: np.random.Generator, *shape: int) -> Array:
    bound = 1 / np.prod(shape[1:]) ** 0.5
    return rng.uniform(-bound, bound, shape).astype(np.float32)
