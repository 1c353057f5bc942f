"""Updates, schedules and clipping against PyTorch's, over 20 steps."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo.optim as ours
from tushuo.graph import Tensor

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

STEPS = 20
DECAY = {"weight_decay": 0.01}

CASES = [
    (ours.SGD(0.1), torch.optim.SGD, {"lr": 0.1}),
    (ours.SGD(0.1, **DECAY), torch.optim.SGD, {"lr": 0.1, **DECAY}),
    (
        ours.SGD(0.1, momentum=0.8, dampening=0.3, **DECAY),
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.8, "dampening": 0.3, **DECAY},
    ),
    (ours.Momentum(0.05), torch.optim.SGD, {"lr": 0.05, "momentum": 0.9}),
    (ours.Nesterov(0.05), torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    (ours.Adagrad(), torch.optim.Adagrad, {}),
    (
        ours.Adagrad(0.1, lr_decay=0.1, initial_accumulator_value=0.2, eps=1e-6, **DECAY),
        torch.optim.Adagrad,
        {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.2, "eps": 1e-6, **DECAY},
    ),
    (ours.Adadelta(), torch.optim.Adadelta, {}),
    (
        ours.Adadelta(0.5, rho=0.8, eps=1e-3, **DECAY),
        torch.optim.Adadelta,
        {"lr": 0.5, "rho": 0.8, "eps": 1e-3, **DECAY},
    ),
    (ours.RMSprop(), torch.optim.RMSprop, {}),
    (
        ours.RMSprop(0.02, alpha=0.9, eps=1e-4, momentum=0.7, centered=True, **DECAY),
        torch.optim.RMSprop,
        {"lr": 0.02, "alpha": 0.9, "eps": 1e-4, "momentum": 0.7, "centered": True, **DECAY},
    ),
    (ours.Adam(), torch.optim.Adam, {}),
    (
        ours.Adam(0.01, betas=(0.8, 0.95), eps=1e-4, **DECAY),
        torch.optim.Adam,
        {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-4, **DECAY},
    ),
    (ours.AdamW(), torch.optim.AdamW, {}),
    (ours.AdamW(0.01, weight_decay=0.1), torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
]


def gradients(rng, params):
    return [rng.normal(scale=0.3, size=x.shape).astype(x.dtype) for x in params]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("optimizer", "theirs", "settings"), CASES, ids=lambda x: repr(x)[:70])
def test_updates(optimizer, theirs, settings, dtype):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype(dtype) for shape in [(7, 5), (5,), ()]]
    expected = [torch.nn.Parameter(torch.tensor(x)) for x in start]
    reference = theirs(expected, **settings)
    params = [Tensor(x) for x in start]
    state = optimizer.init(params)
    for _ in range(STEPS):
        grads = gradients(rng, params)
        params, state = optimizer.update(params, grads, state)
        for x, g in zip(expected, grads, strict=True):
            x.grad = torch.tensor(g)
        reference.step()
        for x, y in zip(params, expected, strict=True):
            assert str(x.dtype) == dtype
            np.testing.assert_allclose(x.numpy(), y.detach().numpy(), rtol=1e-6, atol=1e-6)


def rates(make, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return found


def cosine(optimizer, steps=30):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=0.01)


def warmed(optimizer):
    line = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.2, total_iters=10)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [line, cosine(optimizer)], [10])


@pytest.mark.parametrize(
    ("schedule", "theirs"),
    [
        (ours.step_decay(0.3, 7, 0.5), lambda o: torch.optim.lr_scheduler.StepLR(o, 7, 0.5)),
        (ours.cosine(0.3, 30, 0.01), cosine),
        (ours.warmup(10, ours.cosine(0.3, 30, 0.01), start=0.2), warmed),
    ],
)
def test_schedules(schedule, theirs):
    expected = rates(theirs, 30)
    np.testing.assert_allclose([schedule(i) for i in range(30)], expected, rtol=1e-12)


@pytest.mark.parametrize("max_norm", [0.5, 1e3])
def test_clipping(max_norm):
    rng = np.random.default_rng(1)
    grads = [rng.normal(size=shape).astype("float32") for shape in [(30, 20), (20,)]]
    theirs = [torch.nn.Parameter(torch.zeros(g.shape)) for g in grads]
    for x, g in zip(theirs, grads, strict=True):
        x.grad = torch.tensor(g)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    clipped, norm = ours.clip_grad_norm([Tensor(g) for g in grads], max_norm)
    assert float(norm) == pytest.approx(float(expected), rel=1e-6)
    for x, y in zip(clipped, theirs, strict=True):
        np.testing.assert_allclose(x.numpy(), y.grad.numpy(), rtol=1e-6)
