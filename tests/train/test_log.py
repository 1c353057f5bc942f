"""Logs: lines that survive a kill, and events."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tushuo.errors import CheckpointError, MissingDependencyError
from tushuo.train import JsonLog, TensorBoardLog, read_log


def write(path, *steps):
    with JsonLog(path) as log:
        for step in steps:
            log.write({"step": step, "loss": step / 3})


def test_lines_are_there_at_once(tmp_path):
    path = tmp_path / "log.jsonl"
    with JsonLog(path) as log:
        log.write({"step": 1, "loss": 0.1, "word": "图\u2028说\r\n"})
        assert read_log(path) == [{"step": 1, "loss": 0.1, "word": "图\u2028说\r\n"}]


def test_numbers_are_exact_and_never_invalid(tmp_path):
    path, third = tmp_path / "log.jsonl", float(np.float32(1 / 3))
    with JsonLog(path) as log:
        log.write({"step": 1, "loss": third, "valid": {"mse": [float("nan"), 1.0]}})
    assert read_log(path) == [{"step": 1, "loss": third, "valid": {"mse": [None, 1.0]}}]


def test_resuming_drops_later_lines_and_a_torn_one(tmp_path):
    path, whole = tmp_path / "log.jsonl", tmp_path / "whole.jsonl"
    write(path, 1, 2, 3, 4)
    with path.open("a") as file:
        file.write('{"step": 5, "lo')
    assert [record["step"] for record in read_log(path)] == [1, 2, 3, 4]
    with JsonLog(path, step=2) as log:
        log.write({"step": 3, "loss": 1.0})
    write(whole, 1, 2, 3)
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("line", ["no json", "[1]", '{"loss": 1}', '{"step": "1"}', "[" * 100_000])
def test_a_line_that_is_no_record(tmp_path, line):
    path = tmp_path / "log.jsonl"
    path.write_text(f'{{"step": 1}}\n{line}\n{{"step": 2}}\n')
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="line 2: expected a JSON object with a step"):
        JsonLog(path, step=1)
    assert path.read_bytes() == before


def test_tensorboard_events(tmp_path):
    pytest.importorskip("tensorboardX")
    with TensorBoardLog(tmp_path, step=3) as log:
        log.write(4, {"loss": 0.5}, "train")
        log.flush()
    (file,) = tmp_path.glob("events.out.tfevents.*")
    assert b"train/loss" in file.read_bytes()


def test_tensorboard_is_optional(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'tushuo\[tensorboard\]'"):
        TensorBoardLog(tmp_path)
