"""The training loop: what it keeps, says, and refuses. Kills are in test_kill.py."""

from __future__ import annotations

import io
import os
import signal
import sys

import numpy as np
import pytest
from rich.console import Console

from train import job
from tushuo.errors import CheckpointError, MissingDependencyError, TushuoError, UsageError
from tushuo.graph import Tensor
from tushuo.train import load_checkpoint, read_log, save_checkpoint
from tushuo.train.position import step_rng
from tushuo.train.run_folder import BEST, LAST, LOG


class Count:
    """A job whose one parameter counts the steps, and whose score of each epoch is given."""

    def __init__(self, out, scores=(), **settings):
        self.scores, self.text, self.calls = scores, io.StringIO(), []
        defaults = {"epochs": 3, "monitor": "score", "mode": "max", "batches": self.batches}
        console = Console(file=self.text, width=200)
        given = {"step": self.step, "validate": self.validate, "console": console, **settings}
        self.trainer = job.trainer(out, **{**defaults, **given})

    def batches(self, epoch, start):
        self.calls.append((epoch, start))
        return iter(range(start, 2))

    def step(self, params, opt_state, batch, rng):
        return {"n": params["n"] + 1}, opt_state, {"loss": float(batch)}

    def validate(self, params):
        return {"score": self.scores[int(params["n"]) // 2 - 1]}

    def run(self):
        return self.trainer.fit({"n": Tensor(0)}, {})


def test_best_epoch(tmp_path):
    run = Count(tmp_path, [0.5, float("nan"), 0.4])
    result = run.run()
    assert result.finished
    assert (result.position.best, result.position.best_epoch) == (0.5, 0)
    assert load_checkpoint(tmp_path / BEST).restore({"params": {"n": 0}})["params"]["n"].item() == 2
    assert [r["best"] for r in read_log(tmp_path / LOG) if "best" in r] == [True, False, False]
    assert run.text.getvalue().count("(best)") == 1


def test_best_is_known_after_resuming(tmp_path):
    Count(tmp_path, [0.5], epochs=1).run()
    result = Count(tmp_path, [0.5, 0.4, 0.6]).run()
    assert (result.position.best, result.position.best_epoch) == (0.6, 2)
    assert load_checkpoint(tmp_path / BEST).arrays["params.n"] == 6


def test_smallest_mean_loss_without_validation(tmp_path):
    result = Count(tmp_path, validate=None, monitor="loss", mode="min").run()
    assert result.position.best == 0.5  # the mean of 0 and 1
    assert result.position.best_epoch == 0


def test_a_line_an_epoch_where_there_is_no_terminal(tmp_path):
    run = Count(tmp_path, [0.5, 0.6, 0.1])
    run.run()
    lines = run.text.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("epoch 2/3  loss 0.5  valid: score 0.6  (best)  ")
    assert lines[2].endswith("steps/s")


def test_a_bar_on_a_terminal(tmp_path):
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120)
    Count(tmp_path, [1, 2, 3], console=console, batches_per_epoch=2).run()
    assert "6/6" in text.getvalue()
    assert "epoch 3/3" in text.getvalue()


@pytest.mark.parametrize(("epochs", "told"), [(1, "1 epoch"), (3, "3 epochs")])
def test_finished_run_has_nothing_to_do(tmp_path, epochs, told):
    Count(tmp_path, [1, 2, 3], epochs=epochs).run()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again = Count(tmp_path, [1, 2, 3], epochs=epochs)
    assert again.run().finished
    assert not again.calls
    assert f"has finished {told}: nothing is left to do" in again.text.getvalue()
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


def interrupting(at, number=signal.SIGINT):
    def step(params, opt_state, batch, rng):
        if int(opt_state["step"]) == at:
            os.kill(os.getpid(), number)
        return job.step(params, opt_state, batch, rng)

    return step


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("at", [0, 4, job.BATCHES - 1])
def test_interrupted_run_goes_on_exactly(tmp_path, at):
    whole, part, text = tmp_path / "whole", tmp_path / "part", io.StringIO()
    job.run(whole)
    before = signal.getsignal(signal.SIGINT)
    stopped = job.run(part, step=interrupting(at), console=Console(file=text, width=200))
    assert signal.getsignal(signal.SIGINT) is before
    assert not stopped.finished
    assert stopped.position.step == at + 1
    assert f"stopped after step {at + 1} and saved" in text.getvalue()
    assert "the same command goes on from there" in text.getvalue()
    assert job.run(part).finished
    for name in (LAST, BEST, LOG):
        assert (part / name).read_bytes() == (whole / name).read_bytes()


def test_another_configuration_is_refused(tmp_path):
    Count(tmp_path, [1, 2, 3]).run()
    other = Count(tmp_path, [1, 2, 3], config={"lr": 0.1, "layers": [8], "extra": None}, seed=1)
    message = "another run: config.extra is absent there, None here; config.lr is 0.02 there, 0.1"
    with pytest.raises(
        CheckpointError, match=message + ".*seed is 0 there, 1 here; choose another"
    ):
        other.run()


def test_overwriting_removes_the_run_and_nothing_else(tmp_path):
    Count(tmp_path, [1, 2, 3]).run()
    (tmp_path / "notes.txt").write_text("mine")
    result = Count(tmp_path, [3, 2, 1], config={}, overwrite=True).run()
    assert result.position.best_epoch == 0
    assert len(read_log(tmp_path / LOG)) == 9
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_log_without_a_checkpoint_is_refused(tmp_path):
    (tmp_path / LOG).write_text("precious")
    with pytest.raises(CheckpointError, match=r"holds log.jsonl but no last.safetensors"):
        Count(tmp_path).run()
    assert (tmp_path / LOG).read_text() == "precious"


def test_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / LAST).write_bytes(b"torn")
    with pytest.raises(CheckpointError, match=r"last\.safetensors cannot be read"):
        Count(tmp_path).run()


@pytest.mark.parametrize(
    "change", [{"step": -1}, {"step": "1"}, {"sums": {"loss": "x"}}, {"best": []}, {"more": 1}]
)
def test_damaged_position_is_refused(tmp_path, change):
    Count(tmp_path, [1, 2, 3]).run()
    found = load_checkpoint(tmp_path / LAST)
    position = {**found.scalars["position"], **change}
    save_checkpoint(tmp_path / LAST, found.arrays, {**found.scalars, "position": position})
    with pytest.raises(CheckpointError, match="its header holds no position in a run"):
        Count(tmp_path).run()


def test_other_parameters_are_refused(tmp_path):
    Count(tmp_path, [1, 2, 3]).run()
    with pytest.raises(CheckpointError, match=r"1 missing \['params.m'\], 1 unknown"):
        Count(tmp_path).trainer.fit({"m": Tensor(0)}, {})


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot make the folder .*file"):
        Count(tmp_path / "file").run()


def test_loss_that_is_not_finite(tmp_path):
    def step(params, opt_state, batch, rng):
        return {"n": params["n"] + 1}, opt_state, {"loss": np.nan if int(params["n"]) == 3 else 1.0}

    with pytest.raises(TushuoError, match=r"loss is nan at step 4, epoch 2; .* holds step 2"):
        Count(tmp_path, [1, 2, 3], step=step).run()
    assert load_checkpoint(tmp_path / LAST).arrays["params.n"] == 2


def test_no_batch(tmp_path):
    with pytest.raises(UsageError, match="epoch 1 has no batch"):
        Count(tmp_path, batches=lambda epoch, start: []).run()


def test_unknown_monitor(tmp_path):
    with pytest.raises(
        UsageError, match=r"'CIDEr' is not among the scores; use one of \['score'\]"
    ):
        Count(tmp_path, [1, 2, 3], monitor="CIDEr").run()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": -1}, "epochs: got -1"),
        ({"seed": -1}, "seed: got -1"),
        ({"checkpoint_steps": 0}, "checkpoint_steps: got 0, expected at least 1"),
        ({"mode": "best"}, "mode: got 'best'"),
    ],
)
def test_wrong_settings(tmp_path, settings, message):
    with pytest.raises(UsageError, match=message):
        Count(tmp_path, **settings)


def test_settings_that_are_not_json(tmp_path):
    with pytest.raises(UsageError, match="the settings of a run must be JSON"):
        Count(tmp_path, config={"model": object()}).run()


def test_tensorboard(tmp_path, monkeypatch):
    pytest.importorskip("tensorboardX")
    Count(tmp_path / "a", [1, 2, 3], tensorboard=True).run()
    (events,) = (tmp_path / "a" / "tensorboard").iterdir()
    content = events.read_bytes()
    assert all(tag in content for tag in (b"train/loss", b"epoch/loss", b"valid/score"))
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingDependencyError):
        Count(tmp_path / "b", tensorboard=True).run()
    noted = Count(tmp_path / "c", [1, 2, 3], tensorboard=None)
    noted.run()
    assert "no TensorBoard events (install it with" in noted.text.getvalue()


def test_randomness_of_steps():
    draws = [step_rng(5, step).normal() for step in range(3)]
    assert draws == [step_rng(5, step).normal() for step in range(3)]
    others = [np.random.default_rng([5, epoch]).normal() for epoch in range(3)]
    assert len({*draws, *others, step_rng(6, 0).normal()}) == 7
