"""Runs that are killed by SIGKILL and go on: they end as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tushuo.train
from train import job
from tushuo.train import read_log
from tushuo.train.run_folder import BEST, LAST, LOG

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The folder of a run that was left alone, with other moments of checkpoints."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert job.run(out, checkpoint_steps=1000).finished
    return out


def start(out, *options):
    command = [sys.executable, job.__file__, str(out), *options]
    source = Path(tushuo.train.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe)


def finish(process):
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), errors.decode()
    return process.returncode


def assert_same(out, uninterrupted):
    ours, theirs = read_log(out / LOG), read_log(uninterrupted / LOG)
    assert [r.get("loss") for r in ours] == [r.get("loss") for r in theirs]
    for name in (LOG, LAST, BEST):
        assert (out / name).read_bytes() == (uninterrupted / name).read_bytes(), name
    assert {path.name for path in out.iterdir()} == {LOG, LAST, BEST}


def test_the_job_learns(uninterrupted):
    records = read_log(uninterrupted / LOG)
    epochs = [r for r in records if "valid" in r]
    assert len(records) == job.EPOCHS * (job.BATCHES + 1)
    assert epochs[-1]["valid"]["mse"] < epochs[0]["valid"]["mse"]


def test_killed_by_the_clock(tmp_path, uninterrupted):
    """A run takes half a second or more after it is ready."""
    moments, codes = random.Random(), []
    while 0 not in codes:
        process = start(tmp_path)
        process.stdout.readline()
        if len(codes) < 4:
            time.sleep(moments.uniform(0.05, 0.25))
            process.kill()
        codes.append(finish(process))
    assert codes.count(-signal.SIGKILL) >= 2
    assert_same(tmp_path, uninterrupted)


def test_killed_at_any_line(tmp_path, uninterrupted):
    """Anywhere in the 4,000 lines of a run: also between a checkpoint, its log and its renaming."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # shown if the test fails
    lines, codes = random.Random(seed), []
    while 0 not in codes:
        line = lines.randint(1, 900) if len(codes) < 6 else 10**9
        codes.append(finish(start(tmp_path, "--die-at-line", str(line))))
    assert codes.count(-signal.SIGKILL) >= 4
    assert_same(tmp_path, uninterrupted)
