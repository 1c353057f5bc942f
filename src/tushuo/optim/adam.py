"""Adam and AdamW: moving averages of the gradient and of its square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from tushuo.graph.ops import sqrt, square
from tushuo.graph.tensor import Tensor
from tushuo.optim.checking import check_range
from tushuo.optim.optimizer import Optimizer
from tushuo.optim.schedule import Schedule


@dataclass(frozen=True)
class Adam(Optimizer):
    """``x = x - lr m / (sqrt(v) + eps)``, m and v unbiased averages of ``g`` and ``g^2``.

    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.

    Args:
        lr: Learning rate or schedule.
        betas: How slowly the two averages forget, each from 0 to below 1.
        eps: Keeps the division finite.
        weight_decay: See :class:`Optimizer`.

    Raises:
        UsageError: A setting is out of range.
    """

    lr: float | Schedule = 1e-3
    _: KW_ONLY
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        for i, beta in enumerate(self.betas):
            check_range(f"betas[{i}]", beta, 0, _BELOW_ONE)
        check_range("eps", self.eps, 0)

    def slots(self) -> tuple[str, ...]:
        """The averages of the gradients and of their squares."""
        return "exp_avg", "exp_avg_sq"

    def scalars(self, lr: Tensor, step: Tensor) -> Sequence[Tensor]:
        """The rate and the root that make the averages unbiased, their start at zero undone."""
        beta1, beta2 = self.betas
        return lr / (1 - beta1**step), sqrt(1 - beta2**step)

    def rule(self, at: Sequence[Tensor], x: Tensor, g: Tensor, *kept: Tensor) -> Sequence[Tensor]:
        """The step, scaled by the root of the second average."""
        (rate, root), (m, v), (beta1, beta2) = at, kept, self.betas
        m = m + (1 - beta1) * (g - m)
        v = beta2 * v + (1 - beta2) * square(g)
        return x - rate * m / (sqrt(v) / root + self.eps), m, v


@dataclass(frozen=True)
class AdamW(Adam):
    """:class:`Adam` whose weight decay shrinks the parameters themselves, by ``1 - lr * decay``.

    Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.
    """

    lr: float | Schedule = 1e-3
    _: KW_ONLY
    weight_decay: float = 1e-2

    def decayed(self, x: Tensor, g: Tensor) -> Tensor:
        """The gradient as it is."""
        return g

    def scalars(self, lr: Tensor, step: Tensor) -> Sequence[Tensor]:
        """Those of Adam, and the factor of the parameters."""
        return *super().scalars(lr, step), 1 - lr * self.weight_decay

    def rule(self, at: Sequence[Tensor], x: Tensor, g: Tensor, *kept: Tensor) -> Sequence[Tensor]:
        """Adam's step from the shrunk parameter."""
        return super().rule(at[:2], x * at[2], g, *kept)


_BELOW_ONE = 1 - 2**-53
