"""What a training run will take, measured by doing a little of it and writing nothing."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from tushuo.caption.training.features import BATCH, ORIGINAL, FeatureCache, Features
from tushuo.caption.training.network import Network
from tushuo.caption.training.phrases import WEIGHTS
from tushuo.caption.training.self_critical import SelfCriticalTask, of_part
from tushuo.caption.training.task import CaptionTask
from tushuo.data.views import View
from tushuo.train.arrays import flatten

__all__ = ["Forecast", "forecast"]

Made = TypeVar("Made")

_WIDE = 3  # so much longer than a greedy search the one with a beam takes, about
STEPS, SECONDS = 4, 20.0  # measured at most
FEW, MORE = 8, 24  # photographs validated with, to tell the fixed cost from the rest
_HEADER, _LINE = 128, 150  # bytes: of a file of a map, and of a line of the log


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
        phrase_seconds: Time that fitting the phrases takes in the end, about.
        memory: The most bytes that this process has held so far; 0 where that is not known.
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
    memory: int
    feature_bytes: int
    run_bytes: int
    free_bytes: int

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.feature_seconds + self.phrase_seconds + sum(p.seconds for p in self.parts)

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
            ("together", _time(self.seconds)),
            ("memory", f"{_size(self.memory)} at most" if self.memory else "not known here"),
            ("disk", f"{_size(self.feature_bytes)} of feature maps, {_size(self.run_bytes)} a run"),
            ("free disk", _size(self.free_bytes) + (": that is too little" if short else "")),
        ]


def forecast(task: CaptionTask) -> Forecast:
    """Measure a few feature passes, steps and small validations of a run.

    Args:
        task: What is to be trained.

    Returns:
        What the whole will take. Nothing is written, and no map is kept.

    Raises:
        ImageError: A photograph cannot be read.
    """
    train, dev = ([example.image for example in split] for split in (task.train, task.dev))
    images = [*train, *dev]
    missing = task.features.missing(images)
    for number in range(1, task.recipe.views):
        missing += task.features.missing(train, View(number))
    one_map, each = _feature_pass(task.features, (missing or images)[:BATCH])
    tasks = [replace(task, features=_Repeated(task.features, one_map))]
    for part in task.recipe.later:
        if part.epochs:
            tasks.append(task.then(part, Network(task.decoder())))
    parts = tuple(map(_work, tasks))
    return Forecast(
        train=len(task.train),
        dev=len(task.dev),
        captions=sum(len(example.captions) for example in task.train),
        words=len(task.vocabulary),
        parameters=max(map(_trained, tasks)),
        parts=parts,
        maps=len(train) * task.recipe.views + len(dev),
        missing=len(missing),
        feature_seconds=each * len(missing),
        phrase_seconds=_phrases(parts, each * len(images)),
        memory=_peak(),
        feature_bytes=len(missing) * (one_map.nbytes + _HEADER),
        run_bytes=_run_bytes(tasks, sum(part.steps for part in parts)),
        free_bytes=shutil.disk_usage(_existing(task.features.folder)).free,
    )


def _phrases(parts: Sequence[Work], looking: float) -> float:
    """Seconds that fitting the phrases takes.

    Args:
        parts: Of the training.
        looking: Seconds to see all photographs, as must be where the encoder has learnt.
    """
    searching = len(WEIGHTS) * _WIDE * parts[0].validation_seconds
    return searching + (looking if len(parts) > 1 else 0.0)


class _Repeated(FeatureCache):
    """A cache in which all photographs have the same map."""

    def __init__(self, like: FeatureCache, one_map: npt.NDArray[Any]) -> None:
        vars(self).update(vars(like))
        self._map = one_map.astype(np.float32)

    def maps(self, images: Sequence[Path], views: Sequence[View]) -> Features:
        return np.repeat(self._map[None], len(images), axis=0)


def _feature_pass(
    features: FeatureCache, images: Sequence[Path]
) -> tuple[npt.NDArray[np.float16], float]:
    """A map (L, D), and the seconds that each takes when photographs come in batches."""
    features.computed(features.arrays(images[:1], [ORIGINAL]))  # the first is slower
    views = [ORIGINAL] * len(images)
    maps, seconds = _timed(lambda: features.computed(features.arrays(images, views)))
    return maps[0], seconds / len(images)


def _work(trial: CaptionTask) -> Work:
    part, stepping = trial.part, of_part(trial)
    first, step = _steps(stepping)
    steps = stepping.batches_per_epoch() * part.epochs
    return Work(part.name or "words", part.epochs, steps, first, step, _validation(trial))


def _steps(trial: CaptionTask | SelfCriticalTask) -> tuple[float, float]:
    """Seconds of the first step, and of each later one, the wait for its batch included.

    The batches come twice: the first time their shapes may have to be compiled.
    """
    (weights, state), step, rng = trial.start(), trial.step(), np.random.default_rng(0)

    def seconds(most: int) -> list[float]:
        nonlocal weights, state
        times, begin = list[float](), time.perf_counter()
        batches: Iterable[Any] = trial.batches(0, 0)
        for batch in islice(batches, most):
            weights, state, metrics = step(weights, state, batch, rng)
            float(metrics["loss"])
            times.append(time.perf_counter() - begin - sum(times))
            if sum(times) > SECONDS / 2:
                break
        return times

    new = seconds(STEPS)
    known = seconds(len(new))
    return new[0], sum(known) / len(known)


def _trained(task: CaptionTask) -> int:
    """How many numbers a part trains."""
    weights, _ = of_part(task).start()
    return sum(x.size for x in weights.network.parameters())


def _validation(trial: CaptionTask) -> float:
    """Seconds of a validation: those of a few photographs, and of each further one."""
    weights, _ = trial.start()

    def measured(count: int) -> float:
        return _timed(lambda: replace(trial, dev=trial.dev[:count]).captions(weights.average))[1]

    total = len(trial.dev)
    if total <= MORE:
        return measured(total)
    few, more = measured(FEW), measured(MORE)
    return more + (total - MORE) * max(0.0, more - few) / (MORE - FEW)


def _timed(work: Callable[[], Made]) -> tuple[Made, float]:
    begin = time.perf_counter()
    made = work()
    return made, time.perf_counter() - begin


def _run_bytes(tasks: Sequence[CaptionTask], steps: int) -> int:
    """Each part's last checkpoint and its best one, the bundle in half precision, and the logs."""
    checkpoints = 0
    for each in tasks:
        weights, state = of_part(each).start()
        kept, last = (sum(x.nbytes for x in flatten(x).values()) for x in (weights, state))
        checkpoints += 2 * kept + last
    networks = (tasks[0].encoder, tasks[0].decoder())
    bundle = 2 * sum(x.size for network in networks for x in network.parameters())
    return checkpoints + bundle + _LINE * steps


def _peak() -> int:
    """The most bytes of memory that this process has held."""
    if sys.platform == "win32":
        return 0
    from resource import RUSAGE_SELF, getrusage

    most = getrusage(RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.1f} s"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
