"""Where in a run we are: all that the next step depends on beside parameters and state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from tushuo.errors import CheckpointError


@dataclass
class Position:
    """A place between two steps.

    Attributes:
        step: Steps made.
        epoch: Epochs finished.
        batch: Batches of the present epoch that were used.
        sums: The sum of each metric over these batches.
        best: The best score so far, None before the first.
        best_epoch: The epoch (from 0) that it was reached in.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    best: float | None = None
    best_epoch: int | None = None

    def add(self, metrics: Mapping[str, float]) -> None:
        """Count a step."""
        self.step += 1
        self.batch += 1
        for name, value in metrics.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        """The mean of each metric over the batches of the present epoch."""
        return {name: total / self.batch for name, total in self.sums.items()}

    def next_epoch(self) -> None:
        """Go to the beginning of the next epoch."""
        self.epoch, self.batch, self.sums = self.epoch + 1, 0, {}

    def to_json(self) -> dict[str, Any]:
        """As a checkpoint's header stores it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any, path: Path) -> Self:
        """From a checkpoint's header.

        Raises:
            CheckpointError: The header holds something else.
        """
        if not isinstance(value, dict) or not _is_position(value):
            raise CheckpointError(f"{path}: its header holds no position in a run: {value!r:.80}")
        return cls(**value)


def step_rng(seed: int, step: int) -> np.random.Generator:
    """The randomness of one step: it depends on the seed and the step, not on what came before.

    It is independent of ``default_rng([seed, epoch])``, which orders the batches.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(step,)))


def _is_position(value: dict[str, Any]) -> bool:
    counts = [value.get(name) for name in ("step", "epoch", "batch")]
    sums, best, where = (value.get(name) for name in ("sums", "best", "best_epoch"))
    return (
        value.keys() == Position.__dataclass_fields__.keys()
        and all(type(n) is int and n >= 0 for n in counts)
        and isinstance(sums, dict)
        and all(isinstance(x, float) for x in sums.values())
        and (best is None or isinstance(best, float))
        and (where is None or type(where) is int)
    )
