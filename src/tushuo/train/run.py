"""One start of a trainer: from a checkpoint or from nothing to the end or to an interruption."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tushuo.errors import MissingDependencyError, TushuoError, UsageError
from tushuo.train.checkpoint import save_checkpoint
from tushuo.train.claim import claimed
from tushuo.train.interrupt import StopSignal
from tushuo.train.log import JsonLog, TensorBoardLog
from tushuo.train.position import Position, step_rng
from tushuo.train.progress import Progress
from tushuo.train.run_folder import BEST, EVENTS, LAST, LOG, open_run

if TYPE_CHECKING:
    from rich.console import Console

    from tushuo.train.loop import Trainer


class Run:
    """The state of a running training.

    A checkpoint is made before a step or after an epoch with its validation, never between the last
    step of an epoch and its validation: so a step's number tells which lines of the log are valid.

    Args:
        trainer: What to do.
        params: Parameters to start from.
        opt_state: The optimiser's state to start from.
    """

    log: JsonLog
    events: TensorBoardLog | None
    stop: StopSignal
    progress: Progress

    def __init__(self, trainer: Trainer, params: Any, opt_state: Any) -> None:
        self.trainer = trainer
        self.out = Path(trainer.out)
        self.state = {"params": params, "opt_state": opt_state}
        self.at = Position()

    def train(self) -> bool:
        """Train; False if it was interrupted."""
        with claimed(self.out):
            return self._train()

    def _train(self) -> bool:
        trainer, resumed = self.trainer, self._resume()
        if not resumed:
            self._save(LAST)  # from here on the folder is this run's
        with (
            self._progress() as self.progress,
            JsonLog(self.out / LOG, self.at.step) as self.log,
            self._events() as self.events,
            StopSignal(self._stopping) as self.stop,
        ):
            self._greet(resumed)
            while self.at.epoch < trainer.epochs and not self.stop.asked:
                if self._train_epoch():
                    self._finish_epoch()
            return self._farewell()

    def _resume(self) -> bool:
        """Whether the folder held this run, which goes on from there."""
        found = open_run(self.out, self.trainer.settings, self.trainer.overwrite)
        if found is None:
            return False
        self.at = Position.from_json(found.scalars.get("position"), found.path)
        self.state = found.restore(self.state)
        self._note_saved()
        return True

    def _train_epoch(self) -> bool:
        """Make the steps that are left of an epoch; False if interrupted."""
        for batch in self.trainer.batches(self.at.epoch, self.at.batch):
            if self.stop.asked or self._checkpoint_is_due():
                self._save(LAST)
            if self.stop.asked:
                return False
            self._train_step(batch)
        if not self.at.batch:
            raise UsageError(f"epoch {self.at.epoch + 1} has no batch", hint="give it some data")
        return True

    def _train_step(self, batch: Any) -> None:
        at, epoch = self.at, self.at.epoch
        rng = step_rng(self.trainer.seed, at.step)
        params, opt_state = self.state["params"], self.state["opt_state"]
        params, opt_state, metrics = self.trainer.step(params, opt_state, batch, rng)
        values = {name: float(value) for name, value in metrics.items()}
        self._check_finite(values)
        self.state = {"params": params, "opt_state": opt_state}
        at.add(values)
        self.progress.advance(epoch, values)
        if at.step % self.trainer.log_steps == 0:
            self.log.write({"step": at.step, "epoch": epoch, **values})
            self._write_events(train=values)

    def _finish_epoch(self) -> None:
        """Validate, log and save."""
        at, validate = self.at, self.trainer.validate
        means = at.means()
        scores = validate(self.state["params"]) if validate else {}
        valid = {name: float(value) for name, value in scores.items()}
        best = self._note_score(valid if validate else means)
        record = {"step": at.step, "epoch": at.epoch, "train": means, "valid": valid, "best": best}
        self.log.write(record)
        self._write_events(epoch=means, valid=valid)
        self.progress.epoch(at.epoch, means, valid, best)
        at.next_epoch()
        if best:
            self._save(BEST)
        self._save(LAST)

    def _note_score(self, scores: Mapping[str, float]) -> bool:
        """Whether the epoch is the best so far, which is then noted."""
        at, trainer = self.at, self.trainer
        if trainer.monitor not in scores:
            raise UsageError(
                f"monitor: {trainer.monitor!r} is not among the scores",
                hint=f"use one of {[*scores]}",
            )
        score = scores[trainer.monitor]
        sign = 1 if trainer.mode == "max" else -1
        better = not math.isnan(score) and (at.best is None or sign * score > sign * at.best)
        if better:
            at.best, at.best_epoch = score, at.epoch
        return better

    def _save(self, name: str) -> None:
        """Write a checkpoint; the best one holds parameters only."""
        if name == LAST and hasattr(self, "log"):
            self.log.sync()
        tree = self.state if name == LAST else {"params": self.state["params"]}
        scalars = {"settings": self.trainer.settings, "position": self.at.to_json()}
        save_checkpoint(self.out / name, tree, scalars)
        self._note_saved()

    def _note_saved(self) -> None:
        self._saved_step, self._saved_time = self.at.step, time.monotonic()

    def _checkpoint_is_due(self) -> bool:
        steps, seconds = self.at.step - self._saved_step, time.monotonic() - self._saved_time
        trainer = self.trainer
        return steps > 0 and (
            steps >= trainer.checkpoint_steps or seconds >= trainer.checkpoint_seconds
        )

    def _check_finite(self, values: Mapping[str, float]) -> None:
        loss = values.get("loss", 0.0)
        if not math.isfinite(loss):
            raise TushuoError(
                f"the loss is {loss} at step {self.at.step + 1}, epoch {self.at.epoch + 1}",
                hint=f"lower the learning rate or clip the gradients; {self.out / LAST} holds "
                f"step {self._saved_step}",
            )

    def _progress(self) -> Progress:
        trainer, batches = self.trainer, self.trainer.batches_per_epoch
        total = None if batches is None else batches * trainer.epochs
        return Progress(trainer.console or _stderr(), trainer.epochs, self.at.step, total)

    def _events(self) -> AbstractContextManager[TensorBoardLog | None]:
        if self.trainer.tensorboard is False:
            return nullcontext()
        try:
            return TensorBoardLog(self.out / EVENTS, self.at.step)
        except MissingDependencyError as error:
            if self.trainer.tensorboard:
                raise
            self.progress.say(f"no TensorBoard events ({error.hint})")
            return nullcontext()

    def _write_events(self, **groups: Mapping[str, float]) -> None:
        if self.events is not None:
            for group, values in groups.items():
                self.events.write(self.at.step, values, group)

    def _greet(self, resumed: bool) -> None:
        at = self.at
        if at.epoch >= self.trainer.epochs:
            done = f"{at.epoch} epoch{'s' * (at.epoch != 1)}"
            self.progress.say(f"{self.out} has finished {done}: nothing is left to do")
        elif resumed:
            self.progress.say(f"going on in {self.out} after step {at.step}, epoch {at.epoch + 1}")

    def _stopping(self) -> None:
        self.progress.say("stopping after this step (once more to stop at once) ...")

    def _farewell(self) -> bool:
        finished = self.at.epoch >= self.trainer.epochs
        if not finished:
            self.progress.say(
                f"stopped after step {self.at.step} and saved {self.out / LAST}; "
                "the same command goes on from there"
            )
        return finished


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)
