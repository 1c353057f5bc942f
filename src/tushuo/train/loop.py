"""A training loop that can be killed at any moment and goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tushuo.errors import UsageError
from tushuo.train.position import Position
from tushuo.train.run import Run

if TYPE_CHECKING:
    from rich.console import Console

Step = Callable[[Any, Any, Any, np.random.Generator], tuple[Any, Any, Mapping[str, Any]]]
"""``(params, opt_state, batch, rng)`` to the new ``(params, opt_state, metrics)``."""


@dataclass(frozen=True)
class Outcome:
    """What training came to.

    Attributes:
        params: The parameters after the last step made.
        opt_state: The optimiser's state then.
        position: Steps and epochs made, and the best score.
        finished: False if it was interrupted.
    """

    params: Any
    opt_state: Any
    position: Position
    finished: bool


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """Trains in epochs, validates after each, and keeps all that is needed to go on in a folder.

    ``last.safetensors`` holds parameters, buffers, the optimiser's state and the position;
    ``best.safetensors`` the parameters (as ``params``) of the best epoch; ``log.jsonl`` a line a
    step and a line an epoch; ``tensorboard`` events. A run that was killed, at whatever moment, and
    started again makes the same steps, to the bit, as one that was not: all randomness of a step
    comes from the seed and the step's number. Ctrl-C saves and returns.

    Args:
        step: One step: ``(params, opt_state, batch, rng)`` to ``(params, opt_state, metrics)``.
            Metrics are numbers or Tensors without axes; a ``loss`` that is not finite is an error.
        batches: From ``(epoch, start)``, both from 0, to the batches of an epoch from number
            ``start`` on; the same ones whenever it is called.
        epochs: Number of epochs. More of them go on with a finished run.
        out: The folder.
        config: Whatever tells this run from another (JSON); one with another ``config`` is refused.
        seed: Seed of the steps' randomness, from 0.
        validate: From the parameters to scores.
        monitor: Which score, or without ``validate`` which mean metric, says what is best.
        mode: Whether the best is the largest ("max") or the smallest ("min").
        batches_per_epoch: For the time left; None if unknown.
        checkpoint_steps: A checkpoint after so many steps.
        checkpoint_seconds: And after so many seconds.
        log_steps: A line in the log every so many steps.
        tensorboard: True or False; None for events if tensorboardX is installed.
        overwrite: Whether another run in the folder is removed.
        console: Where progress is shown; the standard error by default.

    Raises:
        UsageError: A number is out of range.
    """

    step: Step
    batches: Callable[[int, int], Iterable[Any]]
    epochs: int
    out: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    validate: Callable[[Any], Mapping[str, float]] | None = None
    monitor: str = "loss"
    mode: Literal["min", "max"] = "min"
    batches_per_epoch: int | None = None
    checkpoint_steps: int = 1000
    checkpoint_seconds: float = 300.0
    log_steps: int = 1
    tensorboard: bool | None = None
    overwrite: bool = False
    console: Console | None = None

    def __post_init__(self) -> None:
        least = {"epochs": 0, "seed": 0, "checkpoint_steps": 1, "log_steps": 1}
        for name, low in {**least, "checkpoint_seconds": 0}.items():
            if getattr(self, name) < low:
                raise UsageError(f"{name}: got {getattr(self, name)}, expected at least {low}")
        if self.mode not in ("min", "max"):
            raise UsageError(f"mode: got {self.mode!r}, expected 'min' or 'max'")

    @property
    def settings(self) -> dict[str, Any]:
        """What a run must share with that in the folder to go on with it."""
        return {"seed": self.seed, "config": dict(self.config)}

    def fit(self, params: Any, opt_state: Any) -> Outcome:
        """Train, from the beginning or from where the run in the folder stopped.

        Args:
            params: Initial parameters; a resumed run takes structure, shapes and data types only.
            opt_state: Initial state of the optimiser, likewise.

        Returns:
            The parameters and what they reached.

        Raises:
            CheckpointError: The folder holds another run, or a file in it is damaged.
            UsageError: There is no batch, or ``monitor`` is not among the scores.
            TushuoError: The loss is not finite.
        """
        run = Run(self, params, opt_state)
        finished = run.train()
        return Outcome(**run.state, position=run.at, finished=finished)
