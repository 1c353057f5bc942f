"""Many photographs, read ahead and worked on in batches; a bad one never stops the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from tushuo.data import Found
from tushuo.errors import ImageError, TushuoError

__all__ = ["Outcome", "process"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_READERS = 2  # decoding a photograph takes a fraction of the time that the networks take


@dataclass(frozen=True, eq=False)
class Outcome(Generic[Item, Result]):
    """What became of one photograph: an item and a result, or an error."""

    path: Path
    item: Item | None = None
    result: Result | None = None
    error: TushuoError | None = None


def process(
    found: Iterable[Found],
    load: Callable[[Path], Item],
    work: Callable[[Sequence[Item]], Sequence[Result]],
    batch_size: int = 8,
) -> Iterator[Outcome[Item, Result]]:
    """Load photographs in other threads, and work on a batch while the next is loaded.

    Args:
        found: What to process; entries with an error are passed on as they are.
        load: Reads one photograph; called in several threads at once.
        work: Turns loaded items into as many results.
        batch_size: Photographs a batch, from 1. With 1 nothing is read ahead: a photograph is
            answered before the next path is asked for.

    Yields:
        One outcome for each entry, in order.
    """
    ahead = batch_size if batch_size > 1 else 0
    with ThreadPoolExecutor(_READERS) as pool:
        waiting = ((entry, pool.submit(_load, load, entry)) for entry in found)
        try:
            loaded = _ahead(waiting, ahead)
            while batch := list(islice(loaded, batch_size)):
                yield from _worked([future.result() for _, future in batch], work)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _load(load: Callable[[Path], Item], entry: Found) -> Outcome[Item, Result]:
    if entry.error is not None:
        return Outcome(entry.path, error=entry.error)
    try:
        return Outcome(entry.path, item=load(entry.path))
    except TushuoError as error:
        return Outcome(entry.path, error=error)
    except MemoryError:
        problem = ImageError(f"cannot read {str(entry.path)!r}: it does not fit in memory")
        return Outcome(entry.path, error=problem)


Waiting = tuple[Found, "Future[Outcome[Item, Result]]"]


def _ahead(source: Iterator[Item], count: int) -> Iterator[Item]:
    """The same items, with so many more taken from the source than were handed out."""
    taken: deque[Item] = deque()
    for item in source:
        taken.append(item)
        if len(taken) > count:
            yield taken.popleft()
    yield from taken


def _worked(
    batch: Sequence[Outcome[Item, Result]], work: Callable[[Sequence[Item]], Sequence[Result]]
) -> Iterator[Outcome[Item, Result]]:
    items = [outcome.item for outcome in batch if outcome.item is not None]
    results = iter(work(items) if items else ())
    for outcome in batch:
        if outcome.item is None:
            yield outcome
        else:
            yield Outcome(outcome.path, outcome.item, next(results))
