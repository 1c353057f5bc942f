"""Training of digit classifiers, in both ways, to a folder."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from itertools import chain

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from handwriting import few
from tushuo.data.mnist import Mnist
from tushuo.digits import DigitRecipe, draw_curve, load_digit_classifier, train_digits
from tushuo.digits.job import EngineJob, new_model, shifted
from tushuo.digits.recipe import CHOICES
from tushuo.digits.run import make_trainer
from tushuo.errors import CheckpointError, DatasetError, TushuoError
from tushuo.models.network import Network
from tushuo.train import read_log


@pytest.fixture
def quiet():
    return Console(file=StringIO())


def test_the_job_of_the_article(tmp_path):
    data, lines = few(1000, 300), []
    recipe = DigitRecipe(epochs=6)
    trained = train_digits(recipe, data, tmp_path / "run", report=lambda *x: lines.append(x))
    network = Network([784, 30, 10], rng=0)
    train = list(zip(data.train.inputs()[..., None], data.train.targets()[..., None], strict=True))
    test = list(zip(data.test.inputs()[..., None], data.test.labels, strict=True))
    counts = network.SGD(train, 6, 10, 3.0, test_data=test, report=lambda line: None)
    assert lines == [(epoch, count, 300) for epoch, count in enumerate(counts)]
    assert trained.accuracy == [count / 300 for count in counts]
    assert Image.open(trained.curve).size == (960, 600)

    loaded = load_digit_classifier(trained.model)
    answers = loaded(data.test.images).argmax(-1)
    assert abs(np.count_nonzero(answers == data.test.labels) - counts[-1]) <= 2  # half precision


def test_the_engine_does_the_same_job(tmp_path, quiet):
    data = few(500, 200)
    results = []
    for engine in (False, True):
        lines = []
        trained = train_digits(
            DigitRecipe(epochs=3, engine=engine),
            data,
            tmp_path / str(engine),
            report=lambda *x, lines=lines: lines.append(x),
            console=quiet,
        )
        results.append((lines, trained.classifier.network.state_dict()))
    (numpy_lines, numpy_state), (engine_lines, engine_state) = results
    assert numpy_lines == engine_lines
    for name, array in numpy_state.items():
        assert array.dtype == np.float64
        np.testing.assert_allclose(array, engine_state[name], rtol=0, atol=1e-10)


@pytest.mark.parametrize("optimizer", CHOICES["optimizer"])
def test_every_optimiser_learns(optimizer, tmp_path, quiet):
    data = few(300, 100)
    recipe = DigitRecipe.of(
        optimizer=optimizer,
        activation="relu",
        loss="cross-entropy",
        epochs=4,
        lr={"sgd": 0.1, "adadelta": 3.0, "adagrad": 0.02}.get(optimizer, 0.005),
    )
    trained = train_digits(recipe, data, tmp_path / "run", console=quiet)
    assert trained.accuracy[-1] > 0.6


@pytest.mark.parametrize("loss", CHOICES["loss"])
@pytest.mark.parametrize("schedule", CHOICES["schedule"])
def test_every_loss_and_schedule(loss, schedule, tmp_path, quiet):
    recipe = DigitRecipe.of(loss=loss, schedule=schedule, optimizer="adam", lr=0.01, epochs=3)
    trained = train_digits(recipe, few(200, 50), tmp_path / "run", console=quiet)
    assert trained.classifier.output == ("softmax" if loss == "cross-entropy" else "sigmoid")
    losses = [r["train"]["loss"] for r in read_log(tmp_path / "run" / "log.jsonl") if "train" in r]
    assert losses[-1] < losses[0]
    probabilities = trained.classifier(few().test.images[:5])
    np.testing.assert_allclose(probabilities.sum(-1), 1)


def test_a_cnn_goes_on_where_it_stopped(tmp_path, quiet):
    data, out, told = few(96, 40), tmp_path / "run", []
    recipe = DigitRecipe.of(model="cnn", epochs=2, batch_size=32)
    job, model = EngineJob(recipe, data, lambda *x: None), new_model(recipe)
    first = replace(make_trainer(job, out, False, quiet), epochs=1)
    first.fit(model, job.optimizer().init(model))

    trained = train_digits(recipe, data, out, report=lambda *x: told.append(x[0]), console=quiet)
    straight = train_digits(recipe, data, tmp_path / "straight", console=quiet)
    assert told == [1]
    assert len(trained.accuracy) == 2
    expected = straight.classifier.network.state_dict()
    for name, array in trained.classifier.network.state_dict().items():
        np.testing.assert_array_equal(array, expected[name])


def test_shifts_move_whole_images():
    digits = few(20).train
    moved = shifted(digits, 2, np.random.default_rng(0))
    for before, after in zip(digits.images, moved.images, strict=True):
        places = [(i, j) for i in range(-2, 3) for j in range(-2, 3)]
        wide = np.pad(before, 2)
        windows = [wide[2 + i : 30 + i, 2 + j : 30 + j] for i, j in places]
        assert any(np.array_equal(after, window) for window in windows)
    assert not np.array_equal(digits.images, moved.images)
    assert shifted(digits, 0, np.random.default_rng(0)) is digits


def test_nothing_is_overwritten_unasked(tmp_path, quiet):
    data, out = few(50, 20), tmp_path / "run"
    train_digits(DigitRecipe(epochs=1), data, out)
    before = (out / "model" / "model.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="choose another folder, or say that it may be"):
        train_digits(DigitRecipe(epochs=1, seed=1), data, out)
    with pytest.raises(CheckpointError, match="choose another folder, or say that it may be"):
        train_digits(DigitRecipe.of(optimizer="adam"), data, out, console=quiet)
    assert (out / "model" / "model.safetensors").read_bytes() == before
    train_digits(DigitRecipe(epochs=1, seed=1), data, out, overwrite=True)
    assert (out / "model" / "model.safetensors").read_bytes() != before


_DEEP = (784, 50, 50, 50, 50, 10)


def test_a_rate_that_is_too_high(tmp_path, quiet):
    recipe = DigitRecipe.of(activation="relu", loss="cross-entropy", lr=1e6, layers=_DEEP)
    with np.errstate(all="ignore"), pytest.raises(TushuoError, match=r"the loss is .*; lower the"):
        train_digits(recipe, few(200, 20), tmp_path / "run", console=quiet)


def test_an_empty_part(tmp_path):
    data = few(20, 20)
    with pytest.raises(DatasetError, match="no image in valid"):
        train_digits(DigitRecipe(), Mnist(data.train, data.valid[:0], data.test), tmp_path)


@pytest.mark.parametrize("values", [[0.1], [0.9, 0.95], [0.99, 0.992, 1.0], [0.5] * 300, [0.0, 1]])
def test_the_curve_stays_inside_of_its_axes(values):
    picture = draw_curve({"valid": values, "test": values})
    pixels = np.asarray(picture)
    rows, columns = np.nonzero((pixels == (192, 57, 43)).all(-1))
    assert rows.min() >= 30
    assert rows.max() <= 520
    assert columns.min() >= 105
    assert set(chain(*pixels[0].tolist())) == {255}
