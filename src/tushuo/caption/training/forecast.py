"""What a training run will take, as a person reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Forecast", "Work"]


class Work(NamedTuple):
    """What a part of a training takes.

    Attributes:
        name: Which part.
        epochs: Passes over the data.
        steps: Of all epochs.
        first_seconds: The first step, in which what is compiled is compiled.
        step_seconds: Each further one, with the wait for its photographs.
        validation_seconds: Scoring the dev split once.
    """

    name: str
    epochs: int
    steps: int
    first_seconds: float
    step_seconds: float
    validation_seconds: float

    @property
    def seconds(self) -> float:
        """All steps and validations."""
        later = max(0, self.steps - 1) * self.step_seconds
        return self.first_seconds + later + self.epochs * self.validation_seconds

    def __str__(self) -> str:
        each = f"{1000 * self.step_seconds:.0f} ms a step"
        scored = f"{_time(self.validation_seconds)} a validation"
        total = f"{_time(self.seconds)}: {self.steps:,} steps in {self.epochs} epochs"
        return f"{total} ({each}, {scored})"


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run will take; times on this machine as busy as it is now.

    Attributes:
        train: Photographs to learn from.
        dev: Photographs to validate with.
        captions: Captions to learn from.
        words: Size of the vocabulary, special tokens included.
        parameters: Numbers that are trained.
        parts: What each part takes.
        maps: Feature maps that training needs, of all views.
        missing: How many of them are not there yet.
        feature_seconds: Time to make those.
        phrase_seconds: Time that fitting the phrases and the ranking takes in the end, about.
        joint: What the joint space takes; None where there shall be none.
        memory: The most bytes that a process holds, about; 0 where that is not known.
        feature_bytes: Disk that the missing maps will take.
        run_bytes: Disk that checkpoints, logs and the bundle will take, about.
        free_bytes: Disk that is free for the maps.
    """

    train: int
    dev: int
    captions: int
    words: int
    parameters: int
    parts: tuple[Work, ...]
    maps: int
    missing: int
    feature_seconds: float
    phrase_seconds: float
    joint: Work | None
    memory: int
    feature_bytes: int
    run_bytes: int
    free_bytes: int

    @property
    def seconds(self) -> float:
        """All of it."""
        joint = 0.0 if self.joint is None else self.joint.seconds
        parts = sum(part.seconds for part in self.parts)
        return self.feature_seconds + parts + self.phrase_seconds + joint

    def rows(self) -> list[tuple[str, str]]:
        """The forecast as a table of two columns."""
        made = f"{self.missing:,} of {self.maps:,} to be made"
        short = self.feature_bytes + self.run_bytes > self.free_bytes
        return [
            ("photographs", f"{self.train:,} to learn from, {self.dev:,} to validate with"),
            ("captions", f"{self.captions:,}"),
            ("vocabulary", f"{self.words:,} words"),
            ("parameters", f"{self.parameters / 1e6:.2f} M"),
            ("feature maps", f"{_time(self.feature_seconds)} ({made})"),
            *((part.name, str(part)) for part in self.parts),
            ("phrases", _time(self.phrase_seconds)),
            *([(self.joint.name, str(self.joint))] if self.joint else []),
            ("together", _time(self.seconds)),
            ("memory", f"{_size(self.memory)} at most" if self.memory else "not known here"),
            ("disk", f"{_size(self.feature_bytes)} of feature maps, {_size(self.run_bytes)} a run"),
            ("free disk", _size(self.free_bytes) + (": that is too little" if short else "")),
        ]


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.1f} s"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
