"""Folders watched: what changes in them is indexed soon after."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from tushuo.caption import Captioner
from tushuo.photos.embedding import Embedder
from tushuo.photos.indexing import Done, Report
from tushuo.photos.library import Library
from tushuo.photos.planning import Plan
from tushuo.photos.walk import Seen

__all__ = ["watch"]

_SHARE = 20  # a second of work is followed by a pause of so many, so that walks take 5 % of a core
_SETTLED = 2.0  # seconds


def watch(
    library: Library,
    folders: Iterable[str | os.PathLike[str]],
    captioner: Captioner | Sequence[Captioner],
    *,
    embedder: Embedder | None = None,
    tell: Callable[[Done], object] = lambda done: None,
    batch_size: int = 8,
    workers: int = 1,
    pause: float = 2.0,
) -> Iterator[Report]:
    """Index folders again and again, forever.

    The folders are walked through, which works on every kind of disk and for as many files as there
    are; large ones less often, so that walks keep a core busy for a twentieth of the time at most.
    A file is read when it has not changed for two seconds: it may still be being written.

    Args:
        library: Where captions go.
        folders: As of `Library.index`, like the next four.
        captioner: What writes the captions.
        embedder: What gives photographs their places.
        tell: Called for each file once it is stored.
        batch_size: Photographs at once.
        workers: Batches at once.
        pause: Seconds between two walks, at least.

    Yields:
        A report of each round that found something to do. A folder that cannot be read is told
        when that begins, and then no more.

    Raises:
        UsageError: As of `Library.index`.
    """
    rounds = _Rounds(tell)
    folders = list(folders)
    while True:
        start = time.process_time()
        plan = rounds.news(library.plan(folders, captioner, embedder=embedder))
        took = time.process_time() - start
        if plan.todo or plan.marks or plan.problems:
            yield library.index(
                folders,
                captioner,
                embedder=embedder,
                plan=plan,
                tell=rounds.tell,
                batch_size=batch_size,
                workers=workers,
            )
        time.sleep(max(pause, _SHARE * took))


class _Rounds:
    """What earlier rounds did, so that none is done over.

    Args:
        tell: Hears of each file.
    """

    def __init__(self, tell: Callable[[Done], object]) -> None:
        self._tell = tell
        self._planned: dict[str, Seen] = {}
        self._done: dict[str, Seen] = {}
        self._problems: dict[str, str] = {}

    def news(self, plan: Plan) -> Plan:
        """The part of a plan that is new and ripe."""
        plan.todo = [item for item in plan.todo if self._is_ripe(item.seen)]
        self._planned = {item.seen.path: item.seen for item in plan.todo}
        problems = {folder: str(error) for folder, error in plan.problems.items()}
        plan.problems = {
            folder: error
            for folder, error in plan.problems.items()
            if self._problems.get(folder) != problems[folder]
        }
        self._problems = problems
        return plan

    def tell(self, done: Done) -> None:
        """Note a file as done, and pass that on."""
        path = str(done.path)
        if path in self._planned:
            self._done[path] = self._planned[path]
        self._tell(done)

    def _is_ripe(self, seen: Seen) -> bool:
        # a file from the future is never settled, and read once
        age = time.time() - seen.mtime_ns / 1e9
        return not 0 <= age < _SETTLED and self._done.get(seen.path) != seen
