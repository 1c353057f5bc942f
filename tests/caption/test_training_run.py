"""A captioner trained from a folder of photographs to a bundle, as `tushuo train caption` does."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tushuo
from training_world import COLOURS, command
from tushuo.caption import load_captioner
from tushuo.caption.training import Recipe
from tushuo.cli.app import app
from tushuo.errors import UsageError
from tushuo.train import read_log
from tushuo.train.claim import claimed


def start(world: Path, out: Path) -> subprocess.Popen[bytes]:
    source = Path(tushuo.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    pipe = subprocess.PIPE
    line = [sys.executable, "-m", "tushuo", *command(world, out)]
    return subprocess.Popen(line, env=environment, stdout=pipe, stderr=pipe)


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


def test_a_person_sees_how_it_learns(world, trained, tmp_path):
    assert "Validation" in (trained / "curves.svg").read_text()
    result = CliRunner().invoke(app, command(world, tmp_path / "run", "--epochs", "1"))
    assert result.exit_code == 0, result.output
    lines = result.stderr.splitlines()
    (end,) = (i for i, line in enumerate(lines) if line.startswith("epoch 1/1"))
    for line in lines[
        end - 3 : end
    ]:  # three photographs: what the model says, and what a person said
        name, said = re.fullmatch(r"  (\d+)\.png: .+  \[(.+)\]", line).groups()
        assert said == f"a {COLOURS[int(name) % 4]} picture number one"
    assert "note: 4 of 4 dev photographs are also trained on" in result.stderr


def test_a_dry_run_writes_nothing(world, tmp_path):
    cache = ("--cache", str(tmp_path / "cache"))
    result = CliRunner().invoke(app, command(world, tmp_path / "run", "--dry-run", *cache))
    assert result.exit_code == 0, result.output
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["photographs"] == "8 to learn from, 4 to validate with"
    assert ": 12 steps in 3 epochs (" in rows["words"]
    assert "(8 of 20 to be made)" in result.stdout  # two views of four different ones
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused(world, tmp_path):
    with claimed(tmp_path / "run"), ThreadPoolExecutor(1) as pool:
        options = command(world, tmp_path / "run", "--cache", str(tmp_path / "cache"))
        result = pool.submit(CliRunner().invoke, app, options).result()
    assert result.exit_code == 1
    assert f"{tmp_path / 'run'} is in use: process {os.getpid()}" in result.stderr
    assert not (tmp_path / "cache").exists()


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


def test_a_bundle_that_no_run_made_is_not_replaced(world, tmp_path):
    mine = tmp_path / "run" / "bundle" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    result = CliRunner().invoke(app, command(world, tmp_path / "run"))
    assert result.exit_code == 1
    assert "exists, but no run in" in result.output
    assert mine.read_text() == "mine"


def test_a_recipe_out_of_range_is_refused():
    with pytest.raises(UsageError, match="epochs: got 0, expected at least 1"):
        Recipe(epochs=0)
    assert json.dumps(Recipe().config(Recipe().words))
