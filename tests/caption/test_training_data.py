"""Data sets that a training meets: photographs that cannot be read, splits, languages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from training_world import COLOURS, command
from tushuo.caption import Captioner
from tushuo.cli.app import app
from tushuo.train import read_log


@pytest.fixture
def spoiled(world, tmp_path) -> Path:
    """A copy of the data with a photograph that is no image and one that is cut off."""
    data = shutil.copytree(world / "data", tmp_path / "data")
    (data / "1.png").write_text("no image")
    (data / "9.png").write_bytes((data / "9.png").read_bytes()[:900])
    return data


def test_photographs_that_cannot_be_read_are_told_before_the_work(world, spoiled, tmp_path):
    cache = ("--cache", str(tmp_path / "cache"), "--data", str(spoiled))
    result = CliRunner().invoke(app, command(world, tmp_path / "run", *cache))
    assert result.exit_code == 2
    assert "2 bad entries in" in result.stderr
    assert "'1.png': " in result.stderr
    assert "'9.png': " in result.stderr
    assert "leave them out with --skip-bad" in result.stderr
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "run").exists()


def test_the_rest_can_be_trained_on(world, spoiled, tmp_path):
    options = ("--data", str(spoiled), "--skip-bad", "--epochs", "1")
    result = CliRunner().invoke(app, command(world, tmp_path / "run", *options))
    assert result.exit_code == 0, result.output
    assert "left out: '1.png': " in result.stderr
    assert "left out: '9.png': " in result.stderr
    assert "feature maps of 10 photographs" in result.stderr
    again = CliRunner().invoke(app, command(world, tmp_path / "run", *options))
    assert "has finished 1 epoch:" in again.stderr


def test_a_data_set_without_a_train_split_is_refused(world, tmp_path):
    data = shutil.copytree(world / "data", tmp_path / "data")
    text = (data / "captions.csv").read_text()
    (data / "captions.csv").write_text(text.replace(",dev", ",test").replace(",train", ",test"))
    result = CliRunner().invoke(app, command(world, tmp_path / "run", "--data", str(data)))
    assert result.exit_code == 2
    assert result.stderr == (
        f"tushuo: {str(data)!r} has no train split, only test; to learn from these photographs, "
        "call their split train in the data set\n"
    )


def test_a_folder_without_captions_is_told_in_one_line(tmp_path):
    (tmp_path / "data").mkdir()
    arguments = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(app, ["train", "caption", *arguments])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_without_a_dev_split_some_training_photographs_become_one(world, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(world / "data", data)
    text = (data / "captions.csv").read_text()
    (data / "captions.csv").write_text(text.replace(",dev", ",test"))
    options = ("--data", str(data), "--epochs", "1")
    result = CliRunner().invoke(app, command(world, tmp_path / "run", *options))
    assert result.exit_code == 0, result.output
    assert "feature maps of 8 photographs" in result.stderr  # none of the test split


def test_chinese_is_validated_by_character(world, tmp_path, monkeypatch):
    data = tmp_path / "data"
    shutil.copytree(world / "data", data)
    text = (data / "captions.csv").read_text()
    text = re.sub(r"a (\w+) picture number (\w+)", r"一张\1色的图片在墙上", text)
    (data / "captions.csv").write_text(text)
    # each of the four dev photographs (8 to 11) gets its own caption, but for the last character
    made = [SimpleNamespace(text=f"一张{colour}色的图片在墙里。") for colour in COLOURS]
    monkeypatch.setattr(Captioner, "caption_features", lambda self, maps, beams: made[: len(maps)])
    options = ("--data", str(data), "--epochs", "1", "--language", "zh")
    result = CliRunner().invoke(app, command(world, tmp_path / "run", *options))
    assert result.exit_code == 0, result.output
    (scores,) = [r["valid"] for r in read_log(tmp_path / "run" / "log.jsonl") if "valid" in r]
    assert 0.7 < scores["bleu_4"] < 1
    assert scores["cider_d"] > 1


def test_words_that_are_too_rare_are_told(world, tmp_path):
    result = CliRunner().invoke(app, command(world, tmp_path / "run", "--min-count", "99"))
    assert result.exit_code == 2
    assert "comes often enough (--min-count 99); lower --min-count" in result.output
