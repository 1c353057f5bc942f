"""The forecast of a run: what it counts, how it adds up, and that it writes nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.console import Console

from tiny import save_photograph
from tushuo.caption.training import CaptionTask, FeatureCache, Forecast, Recipe
from tushuo.caption.training.forecast import Work
from tushuo.caption.training.joint import joint_of
from tushuo.caption.training.measuring import MORE, STEPS, _steps, forecast
from tushuo.caption.training.parts import of_part
from tushuo.caption.training.samples import chosen, with_samples
from tushuo.data import Example, Preprocessing
from tushuo.data.views import View
from tushuo.models.efficientnet import EfficientNetLite

RECIPE = Recipe(
    size=64,
    min_count=1,
    max_words=5,
    annotation=8,
    embedding=6,
    hidden=10,
    attention=5,
    images_per_batch=4,
    epochs=3,
)
MADE = Forecast(
    train=6000,
    dev=1000,
    captions=30_000,
    words=2542,
    parameters=5_900_000,
    parts=(Work("words", 12, 4500, 10.5, 0.5, 20.0),),
    maps=7000,
    missing=500,
    feature_seconds=30.0,
    phrase_seconds=90.0,
    joint=Work("joint space", 20, 2300, 1.0, 0.05, 1.0),
    memory=1_500_000_000,
    feature_bytes=100_000_000,
    run_bytes=200_000_000,
    free_bytes=250_000_000,
)


@pytest.fixture
def task(tmp_path):
    photographs = [save_photograph(tmp_path / "data" / f"{i}.png", seed=i) for i in range(6)]
    photographs.append(save_photograph(tmp_path / "data" / "copy.png", seed=0))
    captions = ("a red dog", "a cat runs on grass")
    train = [Example(path, captions, "train") for path in photographs]
    dev = [Example(path, captions, "dev") for path in photographs[1:4]] * 10
    encoder = EfficientNetLite("efficientnet-lite0", classes=1, rng=2).eval()
    cache = FeatureCache(encoder, Preprocessing(size=64), tmp_path / "cache")
    return CaptionTask.build(RECIPE, encoder, cache, train, dev)


def test_a_little_is_measured_and_nothing_written(task, tmp_path):
    found = forecast(task)
    assert (found.train, found.dev, found.captions) == (7, 30, 14)
    (words,) = found.parts
    assert (words.name, words.steps) == ("words", 3 * of_part(task).batches_per_epoch())
    assert found.words == len(task.vocabulary)
    assert found.missing == 6 * task.recipe.views  # the copy shares a map
    assert found.feature_bytes == found.missing * (4 * 1280 * 2 + 128)
    assert min(found.feature_seconds, found.phrase_seconds, *words[3:]) > 0
    assert found.dev > MORE
    assert 10e6 < found.memory < 100e9 or found.memory == 0
    assert not (tmp_path / "cache").exists()


def test_the_maps_have_the_size_that_was_forecast(task):
    found = forecast(task)
    images = [example.image for example in task.train]
    for number in range(task.recipe.views):
        task.features.fill(images, view=View(number))
    assert sum(f.stat().st_size for f in task.features.folder.rglob("*.npy")) == found.feature_bytes
    again = forecast(task)
    assert (again.missing, again.feature_seconds, again.feature_bytes) == (0, 0, 0)


def test_how_it_adds_up_and_reads():
    assert MADE.parts[0].seconds == 10.5 + 4499 * 0.5 + 12 * 20
    assert MADE.seconds == MADE.parts[0].seconds + 30 + 90 + MADE.joint.seconds
    assert MADE.joint.seconds == 1 + 2299 * 0.05 + 20
    assert MADE.rows() == [
        ("photographs", "6,000 to learn from, 1,000 to validate with"),
        ("captions", "30,000"),
        ("vocabulary", "2,542 words"),
        ("parameters", "5.90 M"),
        ("feature maps", "30.0 s (500 of 7,000 to be made)"),
        (
            "words",
            "41 min 40 s: 4,500 steps in 12 epochs (500 ms a step, 20.0 s a validation)",
        ),
        ("phrases", "1 min 30 s"),
        ("joint space", "2 min 16 s: 2,300 steps in 20 epochs (50 ms a step, 1.0 s a validation)"),
        ("together", "45 min 56 s"),
        ("memory", "1.5 GB at most"),
        ("disk", "100.0 MB of feature maps, 200.0 MB a run"),
        ("free disk", "250.0 MB: that is too little"),
    ]
    long = dict(replace(MADE, memory=0, parts=(MADE.parts[0]._replace(step_seconds=2.0),)).rows())
    assert long["together"] == "2 h 38 min"
    assert long["memory"] == "not known here"
    assert "joint space" not in dict(replace(MADE, joint=None).rows())


def test_samples_are_the_same_ones_each_time_and_come_with_the_scores(task):
    console = Console(record=True, width=200)
    task.features.fill([example.image for example in task.train])
    weights = task.weights()
    validate = with_samples(task, console)
    scores = validate(weights)
    assert scores == task.scores(task.captions(weights.average))
    first = console.export_text().splitlines()
    names = [task.dev[i].image.name for i in chosen(len(task.dev), RECIPE.seed)]
    assert [line.split(":")[0].strip() for line in first] == names
    assert len(names) == 3
    assert all(line.endswith("[a red dog]") for line in first)
    validate(weights)
    assert console.export_text().splitlines() == first
    assert len(chosen(2, 0)) == 2


def test_the_wait_for_photographs_counts():
    def batches(epoch, start):
        for i in range(2 * STEPS):
            time.sleep(0.02)
            yield i

    def step(weights, state, batch, rng):
        return [*weights, batch], state, {"loss": 1.0}

    weights: list[int] = []
    trial = SimpleNamespace(start=lambda: (weights, None), step=lambda: step, batches=batches)
    first, each = _steps(trial)
    assert min(first, each) >= 0.02


def test_later_parts_are_measured_too(task):
    recipe = replace(task.recipe, tuned_epochs=1, self_critical_epochs=2)
    found, words_alone = forecast(replace(task, recipe=recipe)), forecast(task)
    assert words_alone.parameters == sum(x.size for x in task.decoder().parameters())
    tail = sum(x.size for x in task.encoder.tail(recipe.tuned_blocks).parameters())
    assert found.parameters == words_alone.parameters + tail
    assert found.run_bytes > words_alone.run_bytes + 2 * 4 * 4 * tail  # of two parts
    steps = -(-7 // recipe.images_per_batch)
    names = {part.name: part.steps for part in found.parts[1:]}
    assert names == {"tuned": steps, "self-critical": 2 * steps}
    assert min(number for part in found.parts for number in part[3:]) > 0
    assert f": {2 * steps} steps in 2 epochs" in dict(found.rows())["self-critical"]


def test_the_joint_space_is_measured_too(task, tmp_path):
    apart = replace(task, train=task.train[:4], dev=task.train[4:])
    asked = replace(apart, recipe=replace(task.recipe, embedder_epochs=5))
    console = Console(quiet=True)
    joint, none = (joint_of(x, tmp_path, (), False, console) for x in (asked, apart))
    assert none is None
    found, without = forecast(asked, joint), forecast(apart)
    assert without.joint is None
    assert found.joint.name == "joint space"
    assert found.joint.steps == 5 * 2  # two sentences of each photograph, one batch each
    assert min(found.joint[3:]) > 0
    assert found.run_bytes > without.run_bytes
