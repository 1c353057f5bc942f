"""The captioner compiled: the same sentences, and the same training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tushuo as ts
from tushuo.caption import load_captioner
from tushuo.caption.training import CaptionTask, Recipe
from tushuo.caption.training.parts import of_part
from tushuo.data import Example
from tushuo.errors import UsageError

pytest.importorskip("llvmlite")

TEXTS = ("a red dog", "two blue cats sit on the left", "green birds", "a dog and a cat")


def test_a_compiled_decoder_writes_the_same(monkeypatch):
    monkeypatch.setattr("tushuo.caption.captioner._EAGER_WORDS", 0)
    maps = np.abs(np.random.default_rng(0).normal(size=(3, 81, 1280))).astype(np.float32)
    captioner = load_captioner()
    with ts.eager():
        plain = captioner.caption_features(maps, beams=3)
    with ts.eager(False):
        native = captioner.caption_features(maps, beams=3)
    assert [c.text for c in native] == [c.text for c in plain]
    for one, other in zip(native, plain, strict=True):
        assert one.logprob == pytest.approx(other.logprob, rel=1e-4)
        np.testing.assert_allclose(one.attention, other.attention, atol=1e-5)
    assert any(one.logprob != other.logprob for one, other in zip(native, plain, strict=True))


def test_a_compiled_decoder_follows_new_weights(monkeypatch):
    monkeypatch.setattr("tushuo.caption.captioner._EAGER_WORDS", 0)
    maps = np.abs(np.random.default_rng(0).normal(size=(1, 81, 1280))).astype(np.float32)
    captioner = load_captioner()
    decoder = captioner.bundle.decoder
    with ts.eager(False):
        (before,) = captioner.caption_features(maps, beams=1)
        weights = decoder.state_dict()
        decoder.load_state_dict({**weights, "output.weight": -weights["output.weight"]})
        (after,) = captioner.caption_features(maps, beams=1)
    with ts.eager():
        (plain,) = captioner.caption_features(maps, beams=1)
    assert after.text == plain.text != before.text
    assert after.logprob == pytest.approx(plain.logprob, rel=1e-4)


def test_a_decoder_of_lower_precision_writes_about_the_same():
    maps = np.abs(np.random.default_rng(0).normal(size=(1, 81, 1280))).astype(np.float32)
    with ts.eager():
        (plain,) = load_captioner().caption_features(maps, beams=1)
    with ts.eager(False):
        rounded = load_captioner(precision="bfloat16")
        (other,) = rounded.caption_features(maps, beams=1)
    with ts.eager(), pytest.raises(UsageError, match="'bfloat16' is there for compiled code only"):
        rounded.caption_features(maps, beams=1)
    assert other.logprob != plain.logprob
    assert other.logprob == pytest.approx(plain.logprob, rel=0.2)


class Maps:
    """Random feature maps."""

    folder = Path("random")

    def maps(self, images, views):
        seeds = [(int(image.stem), view.number) for image, view in zip(images, views, strict=True)]
        rows = [np.random.default_rng(seed).normal(size=(4, 1280)) for seed in seeds]
        return np.stack(rows).astype(np.float32)


def losses(task, steps):
    (weights, state), step, made = task.start(), task.step(), []
    while len(made) < steps:
        for batch in task.batches(len(made), 0):
            rng = np.random.default_rng(len(made))
            weights, state, metrics = step(weights, state, batch, rng)
            made.append(float(metrics["loss"]))
    return made, weights


def test_compiled_training_has_the_same_losses():
    recipe = Recipe(annotation=16, embedding=16, hidden=16, attention=8, min_count=1, epochs=10)
    examples = [
        Example(Path(f"{i}.jpg"), (TEXTS[i % 4], TEXTS[(i + 1) % 4]), "train") for i in range(12)
    ]
    task = CaptionTask.build(
        replace(recipe, images_per_batch=4), SimpleNamespace(), Maps(), examples, examples
    )
    with ts.eager():
        plain, weights = losses(of_part(task), 12)
    with ts.eager(False):
        native, others = losses(of_part(task), 12)
    np.testing.assert_allclose(native, plain, rtol=2e-4)
    for one, other in zip(weights.average.parameters(), others.average.parameters(), strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=2e-3)
