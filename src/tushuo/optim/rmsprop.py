"""RMSprop: the gradient over a moving average of its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from tushuo.graph.ops import maximum, sqrt, square
from tushuo.graph.tensor import Tensor
from tushuo.optim.checking import check_range
from tushuo.optim.optimizer import Optimizer
from tushuo.optim.schedule import Schedule


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """``v = alpha v + (1 - alpha) g^2``, ``x = x - lr g / (sqrt(v) + eps)``.

    Tieleman and Hinton, "Neural networks for machine learning", lecture 6.5 (2012); the centred
    form is that of Graves, "Generating sequences with recurrent neural networks" (2013), eq. 38-45.

    Args:
        lr: Learning rate or schedule.
        alpha: How slowly the averages forget, 0 to 1.
        eps: Keeps the division finite.
        momentum: How much of the last step goes on, from 0.
        centered: Whether to divide by the standard deviation: the average gradient is subtracted.
        weight_decay: See :class:`Optimizer`.

    Raises:
        UsageError: A setting is out of range.
    """

    lr: float | Schedule = 1e-2
    _: KW_ONLY
    alpha: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0
    centered: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("alpha", self.alpha, 0, 1)
        check_range("eps", self.eps, 0)
        check_range("momentum", self.momentum, 0)

    def slots(self) -> tuple[str, ...]:
        """The average of the squared gradients; the average gradient and the momentum if used."""
        centre = ("grad_avg",) if self.centered else ()
        return ("square_avg", *centre, *(("momentum_buffer",) if self.momentum else ()))

    def rule(self, at: Sequence[Tensor], x: Tensor, g: Tensor, *kept: Tensor) -> Sequence[Tensor]:
        """The step, scaled by the root of the average."""
        new = dict(zip(self.slots(), kept, strict=True))
        variance = new["square_avg"] = self._average(new["square_avg"], square(g))
        if self.centered:
            mean = new["grad_avg"] = self._average(new["grad_avg"], g)
            variance = maximum(variance - square(mean), 0.0)  # rounding may go below zero
        delta = g / (sqrt(variance) + self.eps)
        if self.momentum:
            delta = new["momentum_buffer"] = self.momentum * new["momentum_buffer"] + delta
        return x - at[0] * delta, *new.values()

    def _average(self, old: Tensor, new: Tensor) -> Tensor:
        return self.alpha * old + (1 - self.alpha) * new
