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
from tushuo.photos.planning import Plan, Planner, Todo
from tushuo.photos.reading import Reader, Reading
from tushuo.photos.store import Store

__all__ = ["Done", "Indexer", "Report"]

What: TypeAlias = Literal["captioned", "known", "failed"]
Result: TypeAlias = Outcome[Reading, Caption | None]


class Done(NamedTuple):
    """What became of one file: a new caption, a photograph known already, or an error."""

    path: Path
    what: What
    caption: str | None = None
    error: TushuoError | None = None


@dataclass
class Report:
    """What an index run did.

    Attributes:
        captioned: Files whose photographs were captioned.
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
        captioner: What writes the captions.
    """

    def __init__(
        self, connection: sqlite3.Connection, planner: Planner, captioner: Captioner
    ) -> None:
        self._connection = connection
        self._planner = planner
        self._captioner = captioner
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
        reader = Reader(self._captioner.preprocessing, self._planner.known_hashes())
        found = self._claimed(plan.todo, report, batch_size)
        outcomes = process(found, reader, self._captions, batch_size, workers)
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

    def _captions(self, readings: Sequence[Reading]) -> list[Caption | None]:
        pixels = [reading.pixels for reading in readings if reading.pixels is not None]
        captions: Iterator[Caption] = iter(())
        if pixels:
            settings = self._captioner.settings()
            captions = iter(self._captioner.caption_pixels(np.stack(pixels), settings))
        return [None if reading.pixels is None else next(captions) for reading in readings]

    def _save(self, batch: Sequence[Result], last: bool = False) -> list[Done]:
        """Store a batch, and copies for which it brought the original."""
        # originals first, so that copies find them
        outcomes = sorted([*self._waiting, *batch], key=lambda outcome: outcome.result is None)
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
        reading, caption = outcome.item, outcome.result
        assert reading is not None  # the reader tells errors in its result
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
        if photo is not None and caption is not None:
            self._store.model_caption(photo, caption, self._planner.model)
            return Done(reading.path, "captioned", caption.text)
        return Done(reading.path, "known" if error is None else "failed", error=error)


def _note(report: Report, done: Done, tell: Callable[[Done], object]) -> None:
    if done.error is not None:
        report.failed[done.path] = done.error
    elif done.what == "captioned":
        report.captioned += 1
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
