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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import tushuo
from tiny import save_photograph
from tushuo.caption import Captioner, load_captioner
from tushuo.caption.training import Recipe, recipe
from tushuo.cli.app import app
from tushuo.errors import UsageError
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.weights_file import write_weights
from tushuo.train import read_log
from tushuo.train.claim import claimed

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
        "--tuned-epochs": 0,
        "--self-critical-epochs": 0,
        "--images-per-batch": 2,
        "--hidden": 12,
        "--embedding": 8,
        "--min-count": 1,
        "--dropout": 0,
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


def later(world: Path, out: Path, *extra: str) -> Captioner:
    """The captioner after a finished run goes on with later parts."""
    result = CliRunner().invoke(app, command(world, out, *extra))
    assert result.exit_code == 0, result.output
    return load_captioner(out / "bundle")


def changed(before: Captioner, after: Captioner, part: str) -> dict[str, bool]:
    """Which arrays of the encoder or the decoder are others."""
    one, other = (getattr(x.bundle, part).state_dict() for x in (before, after))
    return {name: not np.array_equal(one[name], other[name]) for name in one}


def test_self_critical_epochs_follow_a_finished_run(world, trained, tmp_path):
    out = shutil.copytree(trained, tmp_path / "run")
    after = later(world, out, "--self-critical-epochs", "2")
    records = read_log(out / "self-critical" / "log.jsonl")
    assert [r["step"] for r in records if "valid" not in r] == list(range(1, 9))
    assert all(0 <= r["cider_d"] <= 10 for r in records if "valid" not in r)
    assert "Self-critical training" in (out / "self-critical" / "curves.svg").read_text()
    assert "then for 2 on the scores" in (out / "bundle" / "README.md").read_text()
    before = load_captioner(trained / "bundle")
    decoder = changed(before, after, "decoder").values()
    assert sum(decoder) > len(decoder) / 2
    assert not any(changed(before, after, "encoder").values())


def test_the_encoders_last_blocks_learn_too(world, trained, tmp_path, monkeypatch):
    best = {**recipe._PRESETS["best"], "tuned_blocks": 3, "encoder_lr": 0.1}
    monkeypatch.setitem(recipe._PRESETS, "best", best)
    out = shutil.copytree(trained, tmp_path / "run")
    after = later(world, out, "--tuned-epochs", "1")
    assert len(read_log(out / "tuned" / "log.jsonl")) == 5
    before = load_captioner(trained / "bundle")
    encoder = changed(before, after, "encoder")
    learnt = {name for name in encoder if encoder[name]}
    parts = ("head", "blocks.13", "blocks.14", "blocks.15")
    assert learnt
    assert all(name.startswith(parts) and "running" not in name for name in learnt)
    assert all(any(name.startswith(part) for name in learnt) for part in parts)
    critical = later(world, out, "--tuned-epochs", "1", "--self-critical-epochs", "1")
    curves = [(out / part / "curves.svg").exists() for part in ("", "tuned", "self-critical")]
    assert curves == [True] * 3
    assert "last 3 blocks, then for 1 on the scores" in (out / "bundle" / "README.md").read_text()
    assert critical([world / "data" / "0.png"])[0].text is not None


def test_a_later_part_can_be_done_anew_and_goes_with_the_run_that_it_follows(
    world, trained, tmp_path
):
    out = shutil.copytree(trained, tmp_path / "run")
    part, one = out / "self-critical", ("--self-critical-epochs", "1")
    later(world, out, *one)
    refused = CliRunner().invoke(app, command(world, out, "--self-critical-epochs", "2"))
    assert refused.exit_code == 1
    assert f"{part} holds another run: config.self_critical_epochs is 1 there, 2 here" in (
        refused.output
    )
    assert f"choose another folder, or move {part} away to do this part anew" in refused.output
    before = (part / "log.jsonl").read_bytes()
    result = CliRunner().invoke(app, command(world, out, *one, "--lr", "0.01", "--overwrite"))
    assert result.exit_code == 0, result.output
    assert (part / "log.jsonl").read_bytes() != before


def test_more_blocks_than_the_encoder_has_are_refused_before_the_work(world, tmp_path, monkeypatch):
    best = {**recipe._PRESETS["best"], "tuned_blocks": 17}
    monkeypatch.setitem(recipe._PRESETS, "best", best)
    result = CliRunner().invoke(app, command(world, tmp_path / "run", "--tuned-epochs", "1"))
    assert result.exit_code == 2
    assert "blocks: got 17, expected 0 to 16, those of efficientnet-lite0" in result.output
    assert not (tmp_path / "run").exists()


def test_a_dry_run_writes_nothing(world, tmp_path):
    cache = ("--cache", str(tmp_path / "cache"))
    result = CliRunner().invoke(app, command(world, tmp_path / "run", "--dry-run", *cache))
    assert result.exit_code == 0, result.output
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["photographs"] == "8 to learn from, 4 to validate with"
    assert ": 12 steps in 3 epochs (" in rows["words"]
    assert "(8 of 20 to be made)" in result.stdout  # two views of four different ones
    assert list(tmp_path.iterdir()) == []


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
    assert "leave them out with skip_bad (--skip-bad)" in result.stderr
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
    assert "has finished 1 epochs" in again.stderr


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
    assert "comes often enough (min_count 99); lower min_count" in result.output


def test_a_recipe_out_of_range_is_refused():
    with pytest.raises(UsageError, match="epochs: got 0, expected at least 1"):
        Recipe(epochs=0)
    assert json.dumps(Recipe().config(Recipe().words))
