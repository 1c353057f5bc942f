"""What is measured: sizes, data, arithmetic, and what there is to reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bench import networks

CHAIN = 20
BEAMS, WORDS, BOS, EOS = 5, 16, 1, 2
PIXELS = 224


class Data(NamedTuple):
    """Inputs and parameters.

    Attributes:
        x: Training: one batch a step, (S, B, ...). Else the input.
        y: What the network is to say, where it is trained.
        params: From `networks`.
    """

    x: Any
    y: Any
    params: Any


@dataclass(frozen=True)
class Workload:
    """A job for all engines.

    Attributes:
        name: As in the table of engines; `D-1` and `D-32` are of the kind `D`.
        title: In words.
        unit: What its figures count.
        per_step: Figures are seconds a step times this; where `rate`, this over seconds a step.
        steps: Of one turn, at most.
        make: The data of so many steps.
        flops: Floating-point operations of a step, in the mathematics.
        traffic: Bytes of a step that have to pass: parameters, optimiser's state and inputs.
        wanted: How many times as fast as the best other engine.
        close: How close results must be, as `rtol` and `atol`.
        rate: Whether more is better.
        beside: The family to compare with, where it is not the best of the others.
    """

    name: str
    title: str
    unit: str
    per_step: float
    steps: int
    make: Callable[[int], Data]
    flops: float
    traffic: float
    wanted: float
    close: tuple[float, float] = (1e-3, 1e-4)
    rate: bool = False
    beside: str = ""

    @property
    def kind(self) -> str:
        """What tells which code an engine runs."""
        return self.name if self.name.startswith("F") else self.name.partition("-")[0]

    def figure(self, seconds: float) -> float:
        """Seconds a step in the workload's unit."""
        return self.per_step / seconds if self.rate else self.per_step * seconds


def small(steps: int) -> Data:
    """Pictures (S, 10, 784) and their digits, one-hot, (S, 10, 10)."""
    rng = np.random.default_rng(0)
    x = rng.random((steps, 10, 784), dtype=np.float32)
    y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, (steps, 10))]
    return Data(x, y, networks.mlp(784, 30, 10))


def middle(steps: int) -> Data:
    """Pictures (S, 128, 784) and their digits (S, 128)."""
    rng = np.random.default_rng(0)
    x = rng.random((steps, 128, 784), dtype=np.float32)
    y = rng.integers(0, 10, (steps, 128), dtype=np.int32)
    return Data(x, y, networks.mlp(784, 512, 256, 10))


def images(steps: int) -> Data:
    """Pictures (S, 128, 1, 28, 28) and their digits (S, 128)."""
    rng = np.random.default_rng(0)
    x = rng.random((steps, 128, 1, 28, 28), dtype=np.float32)
    y = rng.integers(0, 10, (steps, 128), dtype=np.int32)
    return Data(x, y, networks.convnet())


def captions(steps: int) -> Data:
    """One batch for all steps: features (64, 49, 512) with words (64, 16), and the next words."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((64, 49, 512), dtype=np.float32)
    words, following = rng.integers(0, 3000, (2, 64, WORDS), dtype=np.int32)
    return Data((features, words), following, networks.show_attend_tell())


def photographs(batch: int) -> Callable[[int], Data]:
    """A batch (B, 3, 224, 224): noise, or photographs where there are trained weights."""

    def make(steps: int) -> Data:
        photos = networks.trained("photos")
        if photos is not None:
            return Data(photos[:batch], None, networks.lite0())
        shape = batch, 3, PIXELS, PIXELS
        x = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        return Data(x, None, networks.lite0())

    return make


def examples() -> np.ndarray:
    """What low precision is calibrated on: 16 inputs, whatever the batch."""
    found: np.ndarray = photographs(16)(1).x
    return found


def features(steps: int) -> Data:
    """The features of one photograph, (1, 49, 512)."""
    x = np.random.default_rng(0).standard_normal((1, 49, 512), dtype=np.float32)
    return Data(x, None, networks.show_attend_tell())


def chain(steps: int) -> Data:
    """A matrix (10, 10) that is multiplied by itself, element by element."""
    x = np.random.default_rng(0).uniform(0.9, 1.1, (10, 10)).astype(np.float32)
    return Data(x, None, None)


def _dense(batch: int, *sizes: int) -> float:
    """Forward, and both gradients of all layers but that by the data."""
    products = [i * o for i, o in pairwise(sizes)]
    return 2.0 * batch * (3 * sum(products) - products[0])


def _floats(*counts: float) -> float:
    return 4.0 * sum(counts)


_MLP1, _MLP2 = 784 * 30 + 30 + 300 + 10, 784 * 512 + 512 * 256 + 2560 + 778
_CNN = 320 + 18_496 + 9216 * 128 + 128 + 1290
_CONVS = 26 * 26 * 9 * 32, 24 * 24 * 9 * 32 * 64
_SAT = 8 * 512**2 + 3 * 2048 * 512 + 2 * 3000 * 512
_ONCE = 64 * 49 * 2 * 512**2 + 64 * 2 * 512**2  # annotations, keys, the first state
_WORD = (2 + 2) * 512**2 + 3 * 2048 * 512 + 3000 * 512 + 49 * 512 * 2  # of one sentence
_DECODED = BEAMS * (WORDS + 1)
_READ = _SAT - (4 * 512 + 2048 + 3000) * 512  # at each word; word vectors come from tables
_LITE0, _LITE0_SIZE = 385_187_552, 4_631_000  # products and parameters


def _network(name: str, batch: int, kind: str, wanted: float) -> Workload:
    size = 1.0 if name.startswith("D8") else 4.0
    return Workload(
        name,
        f"EfficientNet-Lite0, 224 x 224, {kind}, batch {batch}",
        "ms an image",
        1e3 / batch,
        4 if batch == 1 else 1,
        photographs(batch),
        2 * batch * _LITE0,
        size * _LITE0_SIZE + _floats(batch * 3 * PIXELS**2),
        wanted,
        (1e-3, 1e-3) if name.startswith("D-") else (1.0, 1e9),  # quantised: see the agreement
    )


def _decoding(name: str, kind: str) -> Workload:
    size = 2.0 if name == "E8" else 4.0
    return Workload(
        name,
        f"Show, Attend and Tell, {kind}, one photograph from features, beam 5, 16 words",
        "ms",
        1e3,
        4,
        features,
        2.0 * (_ONCE / 64 + _DECODED * _WORD),
        size * (WORDS + 1) * _READ,
        2.0 if name == "E" else 1.0,
        (1e-3, 1e-4) if name == "E" else (1.0, 1e9),  # quantised: see the agreement
    )


_ALL = (
    Workload(
        "A1",
        "784-30-10, sigmoid, squared error, SGD, batch 10",
        "s an epoch of 50,000",
        5000,
        5000,
        small,
        _dense(10, 784, 30, 10),
        _floats(10 * 794),
        3.5,
    ),
    Workload(
        "A2",
        "784-512-256-10, ReLU, cross-entropy, Adam, batch 128",
        "s an epoch of 50,000",
        50_000 / 128,
        390,
        middle,
        _dense(128, 784, 512, 256, 10),
        _floats(6 * _MLP2, 128 * 785),
        1.2,
        (2e-3, 3e-3),
    ),
    Workload(
        "B",
        "conv 32, conv 64, pool, 128, 10; 28 x 28, SGD, batch 128",
        "images/s",
        128,
        8,
        images,
        128 * 2 * (3 * sum(_CONVS) - _CONVS[0]) + _dense(128, 9216, 128, 10) + 256 * 9216 * 128,
        _floats(2 * _CNN, 128 * 785),
        1.0,
        rate=True,
    ),
    Workload(
        "C",
        "Show, Attend and Tell, training: 49 x 512, vocabulary 3,000, batch 64, T = 16, Adam",
        "s a step",
        1,
        2,
        captions,
        6.0 * (_ONCE + 64 * WORDS * _WORD),
        _floats(6 * _SAT, 64 * 49 * 512),
        1.4,
        (2e-3, 3e-3),
    ),
    _network("D-1", 1, "float32", 1.0),
    _network("D-32", 32, "float32", 1.0),
    _network("D8-1", 1, "int8 or bfloat16", 0.9),
    _network("D8-32", 32, "int8 or bfloat16", 0.9),
    _decoding("E", "float32"),
    _decoding("E8", "int8 or bfloat16"),
    Workload(
        "F-eager",
        "chain of 20 multiplications, 10 x 10, forward and backward, operation by operation",
        "us an operation",
        1e6 / CHAIN,
        200,
        chain,
        CHAIN * 400.0,
        _floats(200),
        1.0,
        beside="autograd",
    ),
    Workload(
        "F-compiled",
        "the same chain, compiled",
        "us an operation",
        1e6 / CHAIN,
        5000,
        chain,
        CHAIN * 400.0,
        _floats(200),
        1.0,
    ),
)

WORKLOADS = {workload.name: workload for workload in _ALL}
START = "G"
"""Process start to the end of the first epoch of A1; see `bench.start`."""


def chosen(only: str | None) -> list[str]:
    """The names that a list like "A1,D" stands for.

    Raises:
        KeyError: One stands for none.
    """
    names = [*WORKLOADS, START]
    if not only:
        return names
    found: list[str] = []
    for part in only.split(","):
        fitting = [n for n in names if part.upper() in (n.upper(), n.upper().partition("-")[0])]
        if not fitting:
            raise KeyError(part)
        found += fitting
    return [name for name in names if name in found]
