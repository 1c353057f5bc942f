"""Adadelta: steps in the units of the parameters, from moving averages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from tushuo.graph.ops import sqrt, square
from tushuo.graph.tensor import Tensor
from tushuo.optim.checking import check_range
from tushuo.optim.optimizer import Optimizer
from tushuo.optim.schedule import Schedule


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Steps of the size of the recent ones, scaled by the size of the recent gradients.

    Zeiler, "ADADELTA: an adaptive learning rate method" (2012), algorithm 1.

    Args:
        lr: Factor of the steps, or a schedule.
        rho: How slowly the averages forget, 0 to 1.
        eps: Added to the averages; decides the size of the first steps.
        weight_decay: See :class:`Optimizer`.

    Raises:
        UsageError: A setting is out of range.
    """

    lr: float | Schedule = 1.0
    _: KW_ONLY
    rho: float = 0.9
    eps: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("rho", self.rho, 0, 1)
        check_range("eps", self.eps, 0)

    def slots(self) -> tuple[str, ...]:
        """The averages of the squared gradients and of the squared steps."""
        return "square_avg", "acc_delta"

    def rule(self, at: Sequence[Tensor], x: Tensor, g: Tensor, *kept: Tensor) -> Sequence[Tensor]:
        """The step, scaled by the ratio of the two averages."""
        gradients, steps = kept
        gradients = self.rho * gradients + (1 - self.rho) * square(g)
        delta = sqrt(steps + self.eps) / sqrt(gradients + self.eps) * g
        steps = self.rho * steps + (1 - self.rho) * square(delta)
        return x - at[0] * delta, gradients, steps
