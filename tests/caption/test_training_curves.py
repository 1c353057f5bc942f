"""The picture of a run, drawn from its log."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from tushuo.caption.training.curves import CURVES, curves, write_curves
from tushuo.errors import CheckpointError

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def log(steps=700, epochs=3):
    each = steps // epochs
    for step in range(1, steps + 1):
        yield {"step": step, "epoch": step // each, "loss": 5 / step, "cross_entropy": 4 / step}
        if step % each == 0 and step // each <= epochs:
            valid = {"bleu_4": step / 10_000, "cider_d": step / 2000}
            yield {"step": step, "epoch": step // each - 1, "valid": valid, "best": True}


def charts(picture):
    return ET.fromstring(picture).findall("svg:svg", NAMES)


def words(chart):
    return [text.text for text in chart.iter(f"{{{NAMES['svg']}}}text")]


def curve_lengths(chart):
    """Points of each curve; lines of grid and legend have two."""
    lines = [line.get("points").split() for line in chart.iter(f"{{{NAMES['svg']}}}polyline")]
    return [len(points) for points in lines if len(points) > 2]


def test_losses_above_scores():
    losses, scores = charts(curves(list(log())))
    assert {"Training", "loss", "cross_entropy", "step"} <= set(words(losses))
    assert {"Validation", "bleu_4", "cider_d", "epoch"} <= set(words(scores))
    assert curve_lengths(losses) == [300, 300]
    assert curve_lengths(scores) == [3, 3]
    assert float(scores.get("y")) == float(losses.get("height"))


def test_what_is_missing_is_left_out():
    assert curves([]) == ""
    (losses,) = charts(curves([{"step": 1, "loss": None}, {"step": 2, "loss": 3.0}]))
    assert "Training" in words(losses)
    (scores,) = charts(curves([{"step": 9, "epoch": 0, "valid": {"a <b>": 0.5}}]))
    assert "a <b>" in words(scores)
    assert curves([{"step": 1, "loss": None}, {"step": 1, "valid": {"x": None}}]) == ""


def test_files(tmp_path):
    path = tmp_path / "log.jsonl"
    assert write_curves(tmp_path, path) is None
    path.write_text("")
    assert write_curves(tmp_path, path) is None
    path.write_text("".join(json.dumps(record) + "\n" for record in log(20, 2)))
    assert write_curves(tmp_path, path) == tmp_path / CURVES
    assert len(charts((tmp_path / CURVES).read_text())) == 2
    path.write_text("no log\n")
    with pytest.raises(CheckpointError, match="line 1: expected a JSON object"):
        write_curves(tmp_path, path)


def test_self_critical_training_shows_the_scores_of_its_samples():
    steps = [{"step": i, "epoch": 0, "loss": 0.1, "cider_d": 0.5 + i} for i in range(1, 4)]
    picture = curves([*steps, {"step": 3, "epoch": 0, "valid": {"cider_d": 0.6}}])
    assert "Self-critical training" in picture
    assert "score of its samples" in picture
    assert "nats a word" not in picture
