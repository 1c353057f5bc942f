"""Dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.errors import UsageError
from tushuo.graph.abstract import drawn
from tushuo.graph.backend import namespace
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import init
from tushuo.nn.module import Module


def dropout(x: Any, p: float, rng: init.Rng) -> Tensor:
    """Each element set to zero with probability ``p``, else divided by ``1 - p``.

    The expected value stays the same, so that nothing need change for inference (Srivastava et
    al., "Dropout: a simple way to prevent neural networks from overfitting", 2014, section 10).

    Args:
        x: Values of any shape.
        p: Probability of a zero, 0 <= p < 1.
        rng: Generator or seed.
    """
    t = asarray(x)
    check_probability("dropout", p)

    def mask() -> np.ndarray:
        return init.generator(rng).random(t.shape, dtype=np.float32) >= p

    kept = namespace(t.data).asarray(drawn(mask, t.shape, np.bool_, t.data))
    return t * (Tensor.of(kept).astype(t.dtype) * (1 / (1 - p)))


class Dropout(Module):
    """In training, each element set to zero with probability ``p``, else divided by ``1 - p``.

    In inference it hands its input through. The random numbers come from the call, as in
    ``layer(x, rng=rng)``: nothing is hidden, so that a run can be repeated.
    """

    def __init__(self, p: float = 0.5) -> None:
        check_probability("Dropout", p)
        self.p = p

    def forward(self, x: Any, rng: init.Rng = None) -> Tensor:
        """Values of any shape to the same shape.

        Raises:
            UsageError: In training without ``rng``.
        """
        if not self.training or self.p == 0:
            return asarray(x)
        require_rng("Dropout", rng)
        return dropout(x, self.p, rng)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"


def check_probability(name: str, p: float) -> None:
    """Refuse what is not a probability of dropping.

    Raises:
        UsageError: ``p`` is not in [0, 1).
    """
    if not 0 <= p < 1:
        raise UsageError(f"{name}: p must be in [0, 1), got {p!r}")


def require_rng(name: str, rng: init.Rng) -> None:
    """Refuse to drop in training without a source of random numbers.

    Raises:
        UsageError: ``rng`` is None.
    """
    if rng is None:
        raise UsageError(
            f"{name} needs random numbers in training",
            hint="call the model with rng=numpy.random.default_rng(seed), or model.eval() first",
        )
