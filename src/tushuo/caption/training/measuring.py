"""What a training run will take, measured by doing a little of it and writing nothing."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tushuo.caption.embedding.task import EmbedderTask
from tushuo.caption.training.features import BATCH, ORIGINAL, FeatureCache, Features
from tushuo.caption.training.forecast import Forecast, Work
from tushuo.caption.training.joint import Joint
from tushuo.caption.training.network import Network
from tushuo.caption.training.parts import of_part
from tushuo.caption.training.ranking import PHRASES
from tushuo.caption.training.self_critical import SelfCriticalTask
from tushuo.caption.training.task import CaptionTask
from tushuo.caption.training.words import WordsTask
from tushuo.data.views import View
from tushuo.models.efficientnet import HEAD
from tushuo.nn import Module
from tushuo.train.arrays import flatten

__all__ = ["forecast"]

Made = TypeVar("Made")

_WIDE = 3  # so much longer than a greedy search the one with a beam takes, about
STEPS, SECONDS = 4, 20.0  # measured at most
FEW, MORE = 8, 24  # photographs validated with, to tell the fixed cost from the rest
_HEADER, _LINE = 128, 150  # bytes: of a file of a map, and of a line of the log


def forecast(task: CaptionTask, joint: Joint | None = None) -> Forecast:
    """Measure a few feature passes, steps and small validations of a run.

    Args:
        task: What is to be trained.
        joint: What its joint space learns from; None where there shall be none.

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
    parts, space = tuple(map(_work, tasks)), _joint_space(joint)
    starts = [of_part(each).start() for each in tasks]
    return Forecast(
        train=len(task.train),
        dev=len(task.dev),
        captions=sum(len(example.captions) for example in task.train),
        words=len(task.vocabulary),
        parameters=max(_count(weights.network) for weights, _ in starts),
        parts=parts,
        maps=len(train) * task.recipe.views + len(dev),
        missing=len(missing),
        feature_seconds=each * len(missing),
        phrase_seconds=_phrases(parts, each * len(images)),
        joint=None if space is None else _joint_work(space),
        memory=_peak(len(dev) * one_map.nbytes),
        feature_bytes=len(missing) * (one_map.nbytes + _HEADER),
        run_bytes=_run_bytes(task, [*starts, *([space.start()] if space else [])], parts),
        free_bytes=shutil.disk_usage(_existing(task.features.folder)).free,
    )


def _phrases(parts: Sequence[Work], looking: float) -> float:
    """Seconds that fitting the phrases and the ranking takes.

    Args:
        parts: Of the training.
        looking: Seconds to see all photographs, as must be where the encoder has learnt.
    """
    searching = len(PHRASES) * _WIDE * parts[0].validation_seconds
    return searching + (looking if len(parts) > 1 else 0.0)


def _joint_space(joint: Joint | None) -> EmbedderTask | None:
    """What learns the joint space, with means of feature maps that are made up."""
    if joint is None:
        return None
    rng = np.random.default_rng(0)
    train, dev = (rng.random((len(each), HEAD), np.float32) for each in (joint.train, joint.dev))
    return joint.task(train, dev)


def _joint_work(space: EmbedderTask) -> Work:
    first, step = _steps(space)
    validation = _timed(lambda: space.validate(space.start()[0]))[1]
    epochs = space.recipe.epochs
    return Work("joint space", epochs, epochs * space.batches_per_epoch(), first, step, validation)


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


def _steps(trial: WordsTask | SelfCriticalTask | EmbedderTask) -> tuple[float, float]:
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


def _count(network: Module) -> int:
    """How many numbers a network has."""
    return sum(x.size for x in network.parameters())


def _validation(trial: CaptionTask) -> float:
    """Seconds of a validation: those of a few photographs, and of each further one."""
    weights = trial.weights()

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


def _run_bytes(task: CaptionTask, starts: Sequence[Any], parts: Sequence[Work]) -> int:
    """Each part's last checkpoint and its best one, the bundle in half precision, and the logs."""
    checkpoints = 0
    for weights, state in starts:
        kept, last = (sum(x.nbytes for x in flatten(x).values()) for x in (weights, state))
        checkpoints += 2 * kept + last
    bundle = 2 * sum(map(_count, (task.encoder, task.decoder())))
    return checkpoints + bundle + _LINE * sum(part.steps for part in parts)


def _peak(more: int) -> int:
    """The most bytes of memory that this process has held, and so many more."""
    if sys.platform == "win32":
        return 0
    from resource import RUSAGE_SELF, getrusage

    most = getrusage(RUSAGE_SELF).ru_maxrss
    return more + (most if sys.platform == "darwin" else most * 1024)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
