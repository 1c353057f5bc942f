"""Adagrad: steps shrink where gradients were large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from tushuo.graph.ops import full_like, sqrt, square
from tushuo.graph.tensor import Tensor
from tushuo.optim.checking import check_range
from tushuo.optim.optimizer import Optimizer
from tushuo.optim.schedule import Schedule


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """``s = s + g^2``, ``x = x - lr g / (sqrt(s) + eps)``.

    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization" (2011), with a diagonal matrix.

    Args:
        lr: Learning rate or schedule.
        lr_decay: The rate is divided by ``1 + lr_decay * (updates before)``.
        initial_accumulator_value: What ``s`` starts from.
        eps: Keeps the division finite.
        weight_decay: See :class:`Optimizer`.

    Raises:
        UsageError: A setting is out of range.
    """

    lr: float | Schedule = 1e-2
    _: KW_ONLY
    lr_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("lr_decay", "initial_accumulator_value", "eps"):
            check_range(name, getattr(self, name), 0)

    def slots(self) -> tuple[str, ...]:
        """The sum of the squared gradients."""
        return ("sum",)

    def start(self, slot: str, x: Tensor) -> Tensor:
        """The initial sum."""
        return full_like(x.detach(), self.initial_accumulator_value)

    def scalars(self, lr: Tensor, step: Tensor) -> Sequence[Tensor]:
        """The decayed learning rate."""
        return (lr / (1 + (step - 1) * self.lr_decay),)

    def rule(self, at: Sequence[Tensor], x: Tensor, g: Tensor, *kept: Tensor) -> Sequence[Tensor]:
        """The step, scaled by the root of the sum."""
        s = kept[0] + square(g)
        return x - at[0] * g / (sqrt(s) + self.eps), s
