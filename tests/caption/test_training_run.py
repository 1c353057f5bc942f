"""A captioner trained from a folder of photographs to a bundle, as `tushuo train caption` does."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import tushuo
from tiny import save_photograph
from tushuo.caption import Captioner, load_captioner
from tushuo.caption.training import Recipe
from tushuo.cli.app import app
from tushuo.errors import UsageError
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.weights_file import write_weights
from tushuo.train import read_log

COLOURS = ["red", "green", "blue", "grey"]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A folder with a data set of 12 photographs, and one with an encoder that knows nothing."""
    root = tmp_path_factory.mktemp("world")
    lines = ["file_name,caption,split"]
    for i in range(12):
        save_photograph(root / "data" / f"{i}.png", seed=i % 4)
        split = "dev" if i >= 8 else "train"
        lines += [f"{i}.png,a {COLOURS[i % 4]} picture number {n},{split}" for n in ("one", "two")]
    (root / "data" / "captions.csv").write_text("\n".join(lines) + "\n")
    encoder = EfficientNetLite("efficientnet-lite0", rng=0)
    (root / "encoder").mkdir()
    (root / "encoder" / "config.json").write_text('{"model_type": "efficientnet-lite"}')
    write_weights(root / "encoder" / "model.safetensors", encoder.state_dict())
    return root


def command(world: Path, out: Path, *extra: str) -> list[str]:
    options = {
        "--data": world / "data",
        "--out": out,
        "--encoder": world / "encoder",
        "--cache": world / "cache",
        "--size": 64,
        "--epochs": 3,
        "--images-per-batch": 2,
        "--hidden": 12,
        "--embedding": 8,
        "--min-count": 1,
    }
    return ["train", "caption", *(str(x) for pair in options.items() for x in pair), *extra]


def start(world: Path, out: Path) -> subprocess.Popen[bytes]:
    source = Path(tushuo.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    pipe = subprocess.PIPE
    line = [sys.executable, "-m", "tushuo", *command(world, out)]
    return subprocess.Popen(line, env=environment, stdout=pipe, stderr=pipe)


@pytest.fixture(scope="module")
def trained(world, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "run"
    result = CliRunner().invoke(app, command(world, out))
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(out / "bundle")
    return out


def test_the_bundle_captions_photographs(world, trained):
    captioner = load_captioner(trained / "bundle")
    (caption,) = captioner([world / "data" / "0.png"])
    assert set(caption.words) <= {"a", "picture", "number", "one", "two", *COLOURS}
    assert caption.attention.shape == (len(caption.words), 2, 2)
    card = (trained / "bundle" / "README.md").read_text()
    assert "Trained on 8 photographs" in card
    assert "| cider_d |" in card


def test_the_log_has_what_a_person_would_plot(trained):
    records = read_log(trained / "log.jsonl")
    steps = [r for r in records if "step" in r and "valid" not in r]
    assert [r["step"] for r in steps] == list(range(1, 13))
    assert all({"loss", "cross_entropy", "gradient_norm"} <= r.keys() for r in steps)
    assert np.mean([r["loss"] for r in steps[-4:]]) < np.mean([r["loss"] for r in steps[:4]])
    valid = [r["valid"] for r in records if "valid" in r]
    assert len(valid) == 3
    assert all({"bleu_4", "cider_d"} <= v.keys() for v in valid)


def test_a_killed_run_goes_on_with_the_same_losses(world, trained, tmp_path):
    out = tmp_path / "run"
    process = start(world, out)
    deadline = time.monotonic() + 60
    log = out / "log.jsonl"
    while time.monotonic() < deadline and not (log.exists() and log.stat().st_size > 700):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    again = start(world, out)
    _, errors = again.communicate(timeout=60)
    assert again.returncode == 0, errors.decode()
    assert log.read_bytes() == (trained / "log.jsonl").read_bytes()
    weights = "bundle/model.safetensors"
    assert (out / weights).read_bytes() == (trained / weights).read_bytes()


def test_another_run_in_the_folder_is_not_touched(world, trained):
    before = (trained / "log.jsonl").read_bytes()
    result = CliRunner().invoke(app, command(world, trained, "--lr", "0.5"))
    assert result.exit_code == 1
    assert "holds another run: config.lr is 0.001 there, 0.5 here" in result.output
    assert (trained / "log.jsonl").read_bytes() == before


def test_a_run_does_not_go_on_with_other_captions(world, trained):
    captions = world / "data" / "captions.csv"
    before = captions.read_text()
    captions.write_text(before.replace("red picture", "rosy picture"))
    try:
        result = CliRunner().invoke(app, command(world, trained))
    finally:
        captions.write_text(before)
    assert result.exit_code == 1
    assert "holds another run: config.data is" in result.output


def test_another_run_is_refused_before_any_feature_map(world, trained, tmp_path):
    cache = ("--cache", str(tmp_path / "cache"))
    result = CliRunner().invoke(app, command(world, trained, "--lr", "0.5", *cache))
    assert result.exit_code == 1
    assert "holds another run" in result.output
    assert not (tmp_path / "cache").exists()


def test_a_folder_without_captions_is_told_in_one_line(tmp_path):
    (tmp_path / "data").mkdir()
    arguments = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(app, ["train", "caption", *arguments])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_bundle_that_no_run_made_is_not_replaced(world, tmp_path):
    mine = tmp_path / "run" / "bundle" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    result = CliRunner().invoke(app, command(world, tmp_path / "run"))
    assert result.exit_code == 1
    assert "exists, but no run in" in result.output
    assert mine.read_text() == "mine"


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
    monkeypatch.setattr(Captioner, "caption_features", lambda self, maps, beams: made)
    options = ("--data", str(data), "--epochs", "1", "--language", "zh")
    result = CliRunner().invoke(app, command(world, tmp_path / "run", *options))
    assert result.exit_code == 0, result.output
    (scores,) = [r["valid"] for r in read_log(tmp_path / "run" / "log.jsonl") if "valid" in r]
    assert 0.7 < scores["bleu_4"] < 1
    assert scores["cider_d"] > 1


def test_words_that_are_too_rare_are_told(world, tmp_path):
    result = CliRunner().invoke(app, command(world, tmp_path / "run", "--min-count", "99"))
    assert result.exit_code == 2
    assert "comes often enough (min_count 99); lower min_count" in result.output


def test_a_recipe_out_of_range_is_refused():
    with pytest.raises(UsageError, match="epochs: got 0, expected at least 1"):
        Recipe(epochs=0)
    assert json.dumps(Recipe().config())
