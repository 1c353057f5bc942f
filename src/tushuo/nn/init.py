"""Initial values of parameters: functions with PyTorch's names from a shape to a Tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod, sqrt
from typing import Any

import numpy as np

from tushuo.errors import ShapeError, UsageError
from tushuo.graph.tensor import Tensor

Shape = Sequence[int]
Rng = np.random.Generator | int | None
"""A generator, a seed, or None for fresh entropy."""

_GAINS = {
    "linear": 1.0,
    "conv2d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": sqrt(2),
    "selu": 3 / 4,
}


def generator(rng: Rng = None) -> np.random.Generator:
    """A generator of random numbers: the given one, one of that seed, or a fresh one.

    Raises:
        UsageError: The argument is none of these.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"rng must be a numpy.random.Generator, a seed >= 0 or None, got {rng!r:.60}"
        ) from error


_SKIPPED = ContextVar("skipped", default=False)


@contextmanager
def skipped() -> Iterator[None]:
    """Networks made meanwhile begin with zeros: for those that are given weights at once.

    Drawing millions of numbers takes longer than reading them, as PyTorch's `skip_init` knows, too.
    """
    token = _SKIPPED.set(True)
    try:
        yield
    finally:
        _SKIPPED.reset(token)


def zeros(shape: Shape, *, dtype: Any = np.float32) -> Tensor:
    """Zeros."""
    return Tensor.of(np.zeros(tuple(shape), dtype))


def ones(shape: Shape, *, dtype: Any = np.float32) -> Tensor:
    """Ones."""
    return Tensor.of(np.ones(tuple(shape), dtype))


def uniform(
    shape: Shape, low: float = 0.0, high: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Tensor:
    """Numbers drawn evenly from [low, high)."""
    if _SKIPPED.get():
        return zeros(shape, dtype=dtype)
    return Tensor.of(generator(rng).uniform(low, high, tuple(shape)).astype(dtype))


def normal(
    shape: Shape, mean: float = 0.0, std: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Tensor:
    """Numbers of a normal distribution."""
    if _SKIPPED.get():
        return zeros(shape, dtype=dtype)
    return Tensor.of(generator(rng).normal(mean, std, tuple(shape)).astype(dtype))


def scaled_uniform(shape: Shape, fan: int, *, rng: Rng = None, dtype: Any = np.float32) -> Tensor:
    """Uniform within ±1/sqrt(fan): PyTorch's default of its linear, conv and recurrent layers.

    A variance in proportion to 1 / fan-in keeps the sums of a layer within the range where a
    sigmoid has a slope (LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.6).
    """
    bound = 1 / sqrt(max(fan, 1))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def xavier_uniform(
    shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Tensor:
    """Uniform with variance ``2 gain² / (fan_in + fan_out)``.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks"
    (2010), equation 16.
    """
    bound = sqrt(3) * _xavier_std(shape, gain)
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def xavier_normal(
    shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Tensor:
    """Normal with variance ``2 gain² / (fan_in + fan_out)``; see :func:`xavier_uniform`."""
    return normal(shape, 0.0, _xavier_std(shape, gain), rng=rng, dtype=dtype)


def kaiming_uniform(
    shape: Shape,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Rng = None,
    dtype: Any = np.float32,
) -> Tensor:
    """Uniform with variance ``gain² / fan``.

    He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015), section 2.2.

    Args:
        shape: (out, in, ...): the shape of a layer's weight.
        a: Slope of the leaky ReLU for negative inputs; 0 is a ReLU.
        mode: "fan_in" keeps the variance of the values, "fan_out" that of the gradients.
        nonlinearity: What follows the layer; see :func:`calculate_gain`.
        rng: Generator or seed.
        dtype: Data type.
    """
    bound = sqrt(3) * _kaiming_std(shape, a, mode, nonlinearity)
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def kaiming_normal(
    shape: Shape,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Rng = None,
    dtype: Any = np.float32,
) -> Tensor:
    """Normal with variance ``gain² / fan``; see :func:`kaiming_uniform`."""
    std = _kaiming_std(shape, a, mode, nonlinearity)
    return normal(shape, 0.0, std, rng=rng, dtype=dtype)


def orthogonal(
    shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Tensor:
    """A random matrix (shape[0], the rest) whose rows or columns, the fewer, are orthonormal.

    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks" (2014). The signs make the distribution uniform: Mezzadri, "How to
    generate random matrices from the classical compact groups" (2007), section 5.
    """
    rows, columns = _matrix("orthogonal", shape)
    flat = generator(rng).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(flat)
    q *= np.sign(np.diagonal(r))
    q = q if rows >= columns else q.T
    return Tensor.of(np.ascontiguousarray(gain * q).reshape(tuple(shape)).astype(dtype))


glorot_uniform, glorot_normal = xavier_uniform, xavier_normal
he_uniform, he_normal = kaiming_uniform, kaiming_normal


def calculate_gain(nonlinearity: str, param: float = 0.01) -> float:
    """The factor that makes up for what a nonlinearity takes from the spread of the values.

    Args:
        nonlinearity: linear, conv2d, sigmoid, tanh, relu, leaky_relu or selu.
        param: The slope of leaky_relu for negative inputs.

    Raises:
        UsageError: The name is none of these.
    """
    if nonlinearity == "leaky_relu":
        return sqrt(2 / (1 + param**2))
    if nonlinearity not in _GAINS:
        names = ", ".join(sorted([*_GAINS, "leaky_relu"]))
        raise UsageError(f"unknown nonlinearity {nonlinearity!r}", hint=f"use one of {names}")
    return _GAINS[nonlinearity]


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs one output sees and how many outputs one input reaches.

    Args:
        shape: (out, in, *kernel) of a weight.

    Raises:
        ShapeError: There are fewer than two axes.
    """
    _matrix("fans", shape)
    kernel = prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _matrix(name: str, shape: Shape) -> tuple[int, int]:
    if len(shape) < 2:
        raise ShapeError(f"{name} needs the shape (out, in, ...) of a weight, got {tuple(shape)}")
    return shape[0], prod(shape[1:])


def _xavier_std(shape: Shape, gain: float) -> float:
    return gain * sqrt(2 / max(sum(fans(shape)), 1))


def _kaiming_std(shape: Shape, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise UsageError(f"mode is {mode!r}", hint="use 'fan_in' or 'fan_out'")
    fan = fans(shape)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / sqrt(max(fan, 1))
