"""Steps of training in PyTorch: eager, and compiled as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from bench.job import Job

Loss = Callable[..., Tensor]


def training(
    start: dict[str, Tensor],
    loss: Loss,
    rate: float,
    adam: bool,
    batches: list[Any],
    compiled: bool,
    shown: str = "w0",
) -> Job:
    params = {name: a.clone() for name, a in start.items()}
    make = _whole_step if compiled else _eager_step
    step, state = make(params, loss, rate, adam)

    def reset() -> None:
        with torch.no_grad():
            for name, p in params.items():
                p.copy_(start[name])
            for kept in state():
                kept.zero_()

    def run(steps: int) -> Any:
        for batch in batches[:steps]:
            value = step(*batch)
        return value.item(), params[shown].detach().numpy()

    return Job(run, reset)


def _eager_step(params: dict[str, Tensor], loss: Loss, rate: float, adam: bool) -> Any:
    leaves = [p.requires_grad_() for p in params.values()]
    rule: Any = torch.optim.Adam if adam else torch.optim.SGD
    optimizer = rule(leaves, rate, fused=True)

    def step(*batch: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        value = loss(params, *batch)
        value.backward()
        optimizer.step()
        return value

    return step, lambda: [a for kept in optimizer.state.values() for a in kept.values()]


def _whole_step(params: dict[str, Tensor], loss: Loss, rate: float, adam: bool) -> Any:
    """Loss, gradient and update in one compiled function, which updates in place."""
    moments = [{n: torch.zeros_like(p) for n, p in params.items()} for _ in range(2 * adam)]
    count = torch.zeros(())
    gradient = torch.func.grad_and_value(loss)

    @torch.compile(fullgraph=True, dynamic=False)
    def step(*batch: Tensor) -> Tensor:
        found, value = gradient(params, *batch)
        if not adam:
            for name, g in found.items():
                params[name].sub_(rate * g)
            return value
        count.add_(1)
        by, root = rate / (1 - 0.9**count), torch.sqrt(1 - 0.999**count)
        for name, g in found.items():
            m, v = (kept[name] for kept in moments)
            m.lerp_(g, 0.1)
            v.mul_(0.999).add_(0.001 * g * g)
            params[name].sub_(by * m / (v.sqrt() / root + 1e-8))
        return value

    return torch.no_grad()(step), lambda: [count, *(a for kept in moments for a in kept.values())]
