"""A training step of the captioner's decoder, compiled."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from tushuo import nn, optim
from tushuo.compile import compile
from tushuo.models import ShowAttendTell

WORDS, PLACES, CHANNELS, PHOTOGRAPHS, SENTENCES, LENGTH = 17, 4, 6, 3, 2, 3


def batch():
    rng = np.random.default_rng(0)
    shape = (PHOTOGRAPHS, SENTENCES, LENGTH)
    features = rng.standard_normal((PHOTOGRAPHS, PLACES, CHANNELS)).astype(np.float32)
    words, targets = (rng.integers(0, WORDS, shape) for _ in range(2))
    return features, words, targets, rng.random(shape) < 0.8


def test_a_training_step_is_the_same_and_all_machine_code():
    decoder = ShowAttendTell(WORDS, CHANNELS, 8, 8, 8, 8, 0.5, rng=0)
    rule = optim.SGD(0.1, momentum=0.9)

    def loss(model, features, words, targets, mask, rng):
        logits, _ = model(features, words, rng)
        return nn.cross_entropy(logits, targets, mask=mask, label_smoothing=0.1)

    def step(model, state, rng, *batch):
        value, gradient = tushuo.value_and_grad(loss)(model, *batch, rng)
        gradient, norm = optim.clip_grad_norm(gradient, 0.5)
        return *rule.update(model, gradient, state), value, norm

    compiled = compile(step, cache=False)
    eager = fast = (decoder, rule.init(decoder))
    rngs = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(3):
        *eager, loss_there, norm_there = step(*eager, rngs[0], *map(tushuo.asarray, batch()))
        *fast, loss_here, norm_here = compiled(*fast, rngs[1], *batch())
        assert loss_here.item() == pytest.approx(loss_there.item(), rel=1e-5)
        assert norm_here.item() == pytest.approx(norm_there.item(), rel=1e-4)
    for a, b in zip(fast[0].parameters(), eager[0].parameters(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=2e-6)
    assert {k.runs for k in compiled.explain().kernels} == {"machine code"}
    features, words, *rest = batch()
    with pytest.raises(tushuo.errors.ShapeError, match="an index is out of range"):
        compiled(*fast, rngs[1], features, words + WORDS, *rest)
