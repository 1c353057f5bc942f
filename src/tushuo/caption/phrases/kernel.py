"""Kernel ridge regression of reduced rank: what is said of a photograph, from those like it."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Directions", "Regression", "directions_of", "regression"]

Floats: TypeAlias = npt.NDArray[np.float32]

_CONSTANT = 1e-6  # a channel that varies less
_NOTHING = 1e-7  # of the largest gain: what is below are rounding errors
_MORE, _ROUNDS = 20, 6  # of the search for directions


class Directions(NamedTuple):
    """An affine map, `x @ weight.T + bias`.

    Attributes:
        weight: (E, D).
        bias: (E,).
    """

    weight: Floats
    bias: Floats


def directions_of(pooled: Floats, most: int) -> Directions:
    """The directions in which features differ most, all channels counting alike.

    Principal components of features of mean 0 and variance 1.

    Args:
        pooled: (N, D).
        most: How many are kept.
    """
    x = pooled.astype(np.float64)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread < _CONSTANT] = 1.0  # such a channel tells nothing, and must not weigh much
    x = (x - centre) / spread
    gains, vectors = np.linalg.eigh(x.T @ x)
    kept = vectors[:, ::-1][:, : min(most, _telling(gains[::-1]))]
    weight = (kept / spread[:, None]).T
    return Directions(_single(weight), _single(-weight @ centre))


class Regression(NamedTuple):
    """What photographs alike say: `(likeness - usual) @ lower @ upper + offset`.

    Attributes:
        usual: The mean likeness to each known photograph, (M,).
        lower: (M, R).
        upper: (R, P).
        offset: (P,).
    """

    usual: Floats
    lower: Floats
    upper: Floats
    offset: Floats


def regression(known: Floats, said: Floats, *, ridge: float, rank: int) -> Regression:
    """Fit what is said to how alike photographs are.

    The likeness of two is `exp(cos - 1)`: a Gaussian of their distance on the sphere. The
    weights of the known photographs are `(K + ridge)^-1 said` (Saunders, Gammerman and Vovk,
    "Ridge regression learning algorithm in dual variables", 1998, section 2). Of what they predict
    for these the directions that matter most are kept (Izenman, "Reduced-rank regression for the
    multivariate linear model", 1975), found by block power iteration (Halko, Martinsson and Tropp,
    "Finding structure with randomness", 2011, section 4.5).

    Args:
        known: M photographs, (M, E), each of length 1.
        said: How much of what was said of each is each phrase, (M, P).
        ridge: What is added to the likeness of a photograph to itself.
        rank: How many directions are kept, at most.
    """
    likeness = np.exp(known @ known.T - 1)  # (M, M)
    usual, offset = likeness.mean(axis=0), said.mean(axis=0)
    said = said - offset
    inverse = _single(np.linalg.inv(likeness.astype(np.float64) + ridge * np.eye(len(known))))
    smooth = np.eye(len(known), dtype=np.float32) - ridge * inverse  # K (K + ridge)^-1
    together = said @ said.T
    gains, kept = _leading(smooth @ together @ smooth.T, rank)
    lower = _single(inverse @ (together @ (smooth.T @ kept)) / gains)
    upper = _single(kept.T @ (smooth @ said))
    return Regression(usual, lower, upper, offset + usual @ lower @ upper)


def _leading(matrix: Floats, most: int) -> tuple[Floats, Floats]:
    """The largest eigenvalues (R,) of a symmetric matrix (M, M), and their vectors (M, R)."""
    size = min(most + _MORE, len(matrix))
    block = np.random.default_rng(0).standard_normal((len(matrix), size)).astype(np.float32)
    for _ in range(_ROUNDS):
        block, _ = np.linalg.qr(matrix @ block)
    gains, mixed = np.linalg.eigh((block.T @ matrix @ block).astype(np.float64))
    count = min(most, _telling(gains[::-1]))
    return _single(gains[::-1][:count]), block @ _single(mixed[:, ::-1][:, :count])


def _telling(gains: npt.NDArray[Any]) -> int:
    """How many of the gains, largest first, are more than rounding errors; one at least."""
    return max(1, int((gains > _NOTHING * gains[0]).sum()))


def _single(array: npt.NDArray[Any]) -> Floats:
    return np.ascontiguousarray(array, np.float32)
