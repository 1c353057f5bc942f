"""`tushuo train mnist` and `tushuo digit`."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from handwriting import few, mnist, save_idx
from tushuo.cli.app import app


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def data(tmp_path):
    part = few(600, 100)
    return save_idx(tmp_path / "idx", part.train, part.test)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, digit in enumerate(mnist().test.images[:6]):
        picture = Image.fromarray(digit).resize((300, 300), Image.Resampling.BICUBIC)
        if i % 2:
            picture = Image.eval(picture, lambda value: 250 - int(0.9 * value))
        picture.save(folder / f"{i}.png")
    return folder


def test_train_and_read(data, pictures, tmp_path):
    out = tmp_path / "run"
    arguments = ["train", "mnist", "--data", data, "--out", out, "--epochs", 3]
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    *epochs, model, curve = result.stdout.splitlines()
    assert [line.split(": ")[0] for line in epochs] == ["Epoch 0", "Epoch 1", "Epoch 2"]
    assert all(line.endswith(" / 100") for line in epochs)
    assert model == f"model: {out / 'model'}"
    assert curve == f"curve: {out / 'curve.png'}"

    lines = run("digit", pictures, "--model", out / "model", "--json").stdout.splitlines()
    assert len(lines) == 6
    assert set(json.loads(lines[0])) == {"path", "digit", "probabilities", "model"}

    again = run(*arguments)
    assert again.exit_code == 1
    assert "choose another folder, or say that it may be overwritten" in again.stderr
    assert run(*arguments, "--overwrite").exit_code == 0


def test_every_option(data, tmp_path):
    options = "--layers 784,20,10 --activation relu --loss cross-entropy --optimizer adamw"
    options += " --schedule warmup-cosine --lr 0.01 --epochs 2 --batch-size 20 --init scaled"
    options += " --weight-decay 0.01 --shift 1 --seed 3"
    result = run("train", "mnist", "--data", data, "--out", tmp_path / "run", *options.split())
    assert result.exit_code == 0, result.stderr
    config = json.loads((tmp_path / "run" / "model" / "config.json").read_text())
    assert config["layers"] == [784, 20, 10]
    training = config["training"]
    assert (training["optimizer"], training["shift"], training["seed"]) == ("adamw", 1, 3)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("--layers 784-x-10", "layers: got '784-x-10'; give whole numbers, as 784-30-10"),
        ("--layers 100-10", "100 neurons in the first layer, but there are 784 pixels"),
        ("--epochs 0", "epochs: got 0"),
        ("--data nowhere", "nowhere: no such file"),
    ],
)
def test_wrong_options(options, text, tmp_path):
    result = run("train", "mnist", "--out", tmp_path / "run", *options.split())
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("tushuo: ")
    assert text in result.stderr
    assert not (tmp_path / "run").exists()


def test_digit(pictures):
    (pictures / "blank.png").unlink(missing_ok=True)
    Image.new("L", (50, 50), 255).save(pictures / "blank.png")
    result = run("digit", pictures)
    lines = result.stdout.splitlines()
    assert [line.split("\t") for line in lines[::11]] == [
        [str(pictures / f"{i}.png"), str(label)] for i, label in enumerate(mnist().test.labels[:6])
    ]
    assert lines[1 + 7].split() == [lines[1 + 7].split()[0], "7"]
    assert "blank.png: the picture is blank; a digit must stand out" in result.stderr
    assert result.exit_code == 1

    first = json.loads(run("digit", pictures / "0.png", "--json").stdout)
    assert first["digit"] == 7
    assert first["model"] == "mnist-cnn"
    assert sum(first["probabilities"]) == pytest.approx(1)


def test_digit_without_a_model(pictures, data):
    result = run("digit", pictures, "--model", "mnist-rnn")
    assert result.exit_code == 2
    assert "installed: mnist-cnn" in result.stderr
