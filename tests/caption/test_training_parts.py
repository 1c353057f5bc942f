"""The later parts of a training: an encoder that learns, too, and scores as the goal."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from training_world import command
from tushuo.caption import Captioner, load_captioner
from tushuo.caption.training import recipe
from tushuo.cli.app import app
from tushuo.train import read_log


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
