"""An index run: photographs read, captioned and stored, a batch a transaction."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tushuo.caption import Caption, Captioner, Outcome, process
from tushuo.data import Found
from tushuo.errors import TushuoError
from tushuo.photos.claims import Claims
from tushuo.photos.database import transaction
from tushuo.photos.embedding import Embedder, Floats
from tushuo.photos.planning import Plan, Planner, Todo
from tushuo.photos.reading import Reader, Reading
from tushuo.photos.store import Store

__all__ = ["Done", "Indexer", "Report"]

What: TypeAlias = Literal["captioned", "embedded", "known", "failed"]


class Made(NamedTuple):
    """What the networks made of a photograph; None for what was known, or not asked for."""

    captions: tuple[Caption | None, ...] = ()
    vector: Floats | None = None


Result: TypeAlias = Outcome[Reading, Made]


class Done(NamedTuple):
    """What became of one file: a new caption or place, a photograph known already, or an error."""

    path: Path
    what: What
    caption: str | None = None
    error: TushuoError | None = None


@dataclass
class Report:
    """What an index run did.

    Attributes:
        captioned: Files whose photographs were captioned.
        embedded: Files whose photographs had a caption, and can now be found by meaning, too.
        known: New files whose photographs were known: renamed or copied ones.
        unchanged: Files that cost only a look.
        failed_before: How many of those had failed before, and were not tried again.
        missing: Files that are gone, now marked.
        ignored: Files that are left out now, marked.
        busy: Files that another indexer is at work on.
        failed: Why the others failed, folders too.
        seconds: How long the run took, without the walk.
    """

    captioned: int = 0
    embedded: int = 0
    known: int = 0
    unchanged: int = 0
    failed_before: int = 0
    missing: int = 0
    ignored: int = 0
    busy: int = 0
    failed: dict[Path, TushuoError] = field(default_factory=dict)
    seconds: float = 0.0


class Indexer:
    """Carries out plans.

    Args:
        connection: Of a library, to write to.
        planner: What made the plan.
        captioners: What writes the captions, one for each of the planner's models; they look at
            photographs alike.
        embedder: What gives photographs their places in the planner's space.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        planner: Planner,
        captioners: Sequence[Captioner],
        embedder: Embedder | None = None,
    ) -> None:
        self._connection = connection
        self._planner = planner
        self._captioners = captioners
        self._embedder = embedder
        self._store = Store(connection)
        self._claims = Claims(connection)
        self._waiting: list[Result] = []  # copies of photographs that are not yet stored
        self._errors: dict[bytes, TushuoError] = {}

    def run(
        self, plan: Plan, tell: Callable[[Done], object], batch_size: int, workers: int
    ) -> Report:
        """Do what a plan says; `tell` hears of each file once it is stored."""
        start = time.monotonic()
        report = Report(unchanged=plan.unchanged, failed_before=plan.failed_before)
        for folder, error in plan.problems.items():
            _note(report, Done(Path(folder), "failed", error=error), tell)
        self._mark(plan, report)
        reader = Reader(self._captioners[0].preprocessing, self._known())
        found = self._claimed(plan.todo, report, batch_size)
        outcomes = process(found, reader, self._make, batch_size, workers)
        try:
            for batch in _batches(outcomes, batch_size):
                for done in self._save(batch):
                    _note(report, done, tell)
            for done in self._save([], last=True):
                _note(report, done, tell)
        finally:
            with transaction(self._connection):
                self._claims.release_all()
        report.seconds = time.monotonic() - start
        return report

    def _mark(self, plan: Plan, report: Report) -> None:
        with transaction(self._connection):
            for path, status in plan.marks:
                self._store.mark(path, status)
        statuses = [status for _, status in plan.marks]
        report.missing, report.ignored = statuses.count("missing"), statuses.count("ignored")

    def _claimed(self, todo: Sequence[Todo], report: Report, size: int) -> Iterator[Found]:
        """The files that no other indexer works on or has dealt with since."""
        for start in range(0, len(todo), size):
            ours = []
            with transaction(self._connection):
                for item in todo[start : start + size]:
                    if not isinstance(self._planner.todo(item.seen), Todo):
                        report.unchanged += 1
                    elif self._claims.take(os.fsencode(item.seen.path)):
                        ours.append(Found(Path(item.seen.path)))
                    else:
                        report.busy += 1
            yield from ours

    def _known(self) -> set[bytes]:
        """The photographs that need no look: captioned in all languages, with a place."""
        self._captioned = [self._planner.captioned_hashes(one) for one in self._planner.models]
        places = [] if self._embedder is None else [self._planner.embedded_hashes()]
        return set.intersection(*self._captioned, *places)

    def _make(self, readings: Sequence[Reading]) -> list[Made]:
        """Captions and vectors, of one pass through the encoder."""
        new = [reading for reading in readings if reading.pixels is not None]
        if not new:
            return [Made()] * len(readings)
        pixels = np.stack([pixels for one in new if (pixels := one.pixels) is not None])
        features = self._captioners[0].features(pixels)
        vectors: Sequence[Floats | None] = [None] * len(new)
        if self._embedder is not None:
            vectors = list(self._embedder.embed_features(features))
        captions = [
            self._captions(captioner, [one.hash not in captioned for one in new], pixels, features)
            for captioner, captioned in zip(self._captioners, self._captioned, strict=True)
        ]
        made = map(Made, zip(*captions, strict=True), vectors)
        return [Made() if reading.pixels is None else next(made) for reading in readings]

    def _captions(
        self, captioner: Captioner, wanted: Sequence[bool], pixels: Floats, features: Floats
    ) -> list[Caption | None]:
        """Captions of those photographs (N) that need one."""
        rows = np.flatnonzero(wanted)
        settings = captioner.settings()
        found = iter(captioner.caption_pixels(pixels[rows], settings, features=features[rows]))
        return [next(found) if need else None for need in wanted]

    def _save(self, batch: Sequence[Result], last: bool = False) -> list[Done]:
        """Store a batch, and copies for which it brought the original."""
        # originals first, so that copies find them
        outcomes = sorted([*self._waiting, *batch], key=_is_copy)
        self._waiting, done = [], []
        with transaction(self._connection):
            for outcome in outcomes:
                if (one := self._save_one(outcome, last)) is None:
                    self._waiting.append(outcome)
                else:
                    done.append(one)
            self._claims.release(os.fsencode(one.path) for one in done)
        return done

    def _save_one(self, outcome: Result, last: bool) -> Done | None:
        reading, made = outcome.item, outcome.result
        assert reading is not None  # the reader tells errors in its result
        assert made is not None
        error = reading.error
        if error is not None and reading.hash is not None:
            self._errors[reading.hash] = error
        photo = None
        if error is None and reading.hash is not None:
            photo = self._store.photo(reading.hash, reading.facts)
            error = self._errors.get(reading.hash) if photo is None else None
        if photo is None and error is None:
            if not last:
                return None
            error = TushuoError("its copy could not be read", hint="run the command again")
        if error is not None:
            reading = Reading(reading.path, reading.size, reading.mtime_ns, error=error)
        self._store.file(reading, photo)
        if photo is None:
            return Done(reading.path, "failed", error=error)
        return Done(reading.path, *self._save_made(photo, made))

    def _save_made(self, photo: int, made: Made) -> tuple[What, str | None]:
        if made.vector is not None and self._planner.space is not None:
            self._store.embedding(photo, made.vector, self._planner.space)
        texts = []
        for caption, model in zip(made.captions, self._planner.models, strict=False):
            if caption is not None:
                self._store.model_caption(photo, caption, model)
                texts.append(caption.text)
        if texts:
            return "captioned", " / ".join(texts)
        return "known" if made.vector is None else "embedded", None


def _is_copy(outcome: Result) -> bool:
    return outcome.item is None or outcome.item.pixels is None


def _note(report: Report, done: Done, tell: Callable[[Done], object]) -> None:
    if done.error is not None:
        report.failed[done.path] = done.error
    elif done.what == "captioned":
        report.captioned += 1
    elif done.what == "embedded":
        report.embedded += 1
    else:
        report.known += 1
    tell(done)


def _batches(outcomes: Iterator[Result], size: int) -> Iterator[list[Result]]:
    batch: list[Result] = []
    for outcome in outcomes:
        batch.append(outcome)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
