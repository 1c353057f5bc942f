"""Stochastic gradient descent, plain, with momentum, and with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from tushuo.errors import UsageError
from tushuo.graph.ops import where
from tushuo.graph.tensor import Tensor
from tushuo.optim.checking import check_range
from tushuo.optim.optimizer import Optimizer
from tushuo.optim.schedule import Schedule


@dataclass(frozen=True)
class SGD(Optimizer):
    """``b = momentum b + (1 - dampening) g``, ``x = x - lr b``.

    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep
    learning" (2013), section 2, in PyTorch's form: ``lr`` multiplies the momentum too.

    Args:
        lr: Learning rate or schedule.
        momentum: How much of the last step goes on, from 0.
        dampening: How much of the gradient is held back, except at the first step.
        nesterov: Whether to look a step ahead: ``x = x - lr (g + momentum b)``.
        weight_decay: See :class:`Optimizer`.

    Raises:
        UsageError: A setting is out of range, or Nesterov's momentum is asked for without momentum
            or with dampening.
    """

    lr: float | Schedule = 1e-3
    _: KW_ONLY
    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("momentum", self.momentum, 0)
        if self.nesterov and (not self.momentum or self.dampening):
            raise UsageError(
                f"nesterov: got momentum {self.momentum!r} and dampening {self.dampening!r}, "
                "expected a momentum above 0 and no dampening"
            )

    def slots(self) -> tuple[str, ...]:
        """The moving sum of the gradients, if there is momentum."""
        return ("momentum_buffer",) if self.momentum else ()

    def scalars(self, lr: Tensor, step: Tensor) -> Sequence[Tensor]:
        """``lr``, and the part of the gradient that counts."""
        if not self.dampening:
            return (lr,)
        return lr, where(step == 1.0, 1.0, (lr * 0 + 1) - self.dampening)

    def rule(self, at: Sequence[Tensor], x: Tensor, g: Tensor, *kept: Tensor) -> Sequence[Tensor]:
        """The step along the gradient or the momentum."""
        if not kept:
            return (x - at[0] * g,)
        fresh = at[1] * g if self.dampening else g
        b = self.momentum * kept[0] + fresh
        ahead = g + self.momentum * b if self.nesterov else b
        return x - at[0] * ahead, b


@dataclass(frozen=True)
class Momentum(SGD):
    """:class:`SGD` with momentum, 0.9 unless told otherwise."""

    lr: float | Schedule = 1e-3
    _: KW_ONLY
    momentum: float = 0.9


@dataclass(frozen=True)
class Nesterov(SGD):
    """:class:`SGD` with Nesterov's momentum, 0.9 unless told otherwise."""

    lr: float | Schedule = 1e-3
    _: KW_ONLY
    momentum: float = 0.9
    nesterov: bool = True
