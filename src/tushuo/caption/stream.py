"""Many photographs, read ahead and worked on in batches; a bad one never stops the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar, Unpack

import numpy as np
import numpy.typing as npt
from PIL import Image

from tushuo.caption.captioner import Caption, Captioner
from tushuo.caption.options import DecodingOptions
from tushuo.data import Found, load_image
from tushuo.errors import ImageError, TushuoError

__all__ = ["Outcome", "Photograph", "caption_files", "process"]

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
    workers: int = 1,
) -> Iterator[Outcome[Item, Result]]:
    """Load photographs in other threads, and work on batches while the next are loaded.

    Args:
        found: What to process; entries with an error are passed on as they are.
        load: Reads one photograph; called in several threads at once.
        work: Turns loaded items into as many results.
        batch_size: Photographs a batch, from 1. With 1 nothing is read ahead: a photograph is
            answered before the next path is asked for.
        workers: Batches worked on at once, each in a thread; 1 if ``batch_size`` is.

    Yields:
        One outcome for each entry, in order.
    """
    ahead, behind = (batch_size, workers - 1) if batch_size > 1 else (0, 0)
    with ThreadPoolExecutor(_READERS) as pool, ThreadPoolExecutor(behind + 1) as crew:
        loading: Iterator[Future[Outcome[Item, Result]]]
        loading = (pool.submit(_load, load, entry) for entry in found)
        loaded = (future.result() for future in _ahead(loading, ahead))
        batches = iter(lambda: list(islice(loaded, batch_size)), [])
        working = (crew.submit(_worked, batch, work) for batch in batches)
        try:
            for done in _ahead(working, behind):
                yield from done.result()
        finally:
            crew.shutdown(wait=False, cancel_futures=True)
            pool.shutdown(wait=False, cancel_futures=True)


class Photograph(NamedTuple):
    """A photograph as the encoder takes it, and itself if it was to be kept."""

    pixels: npt.NDArray[np.float32]
    image: Image.Image | None


def caption_files(
    captioner: Captioner,
    found: Iterable[Found],
    *,
    batch_size: int = 8,
    workers: int = 1,
    keep_images: bool = False,
    **options: Unpack[DecodingOptions],
) -> Iterator[Outcome[Photograph, Caption]]:
    """Caption files; see `process`.

    Args:
        captioner: What writes the captions.
        found: The files, as from `find_images`.
        batch_size: Photographs that go through the networks at once.
        workers: Batches worked on at once, each in a thread.
        keep_images: Whether outcomes bring the photograph along, to draw it.
        **options: Settings of the search, as of `Captioner`.

    Yields:
        One outcome for each entry, in order.

    Raises:
        UsageError: A setting is out of its range, or a word is unknown; at once.
    """
    prepare, settings = captioner.preprocessing, captioner.settings(**options)

    def load(path: Path) -> Photograph:
        image = load_image(path, at_least=prepare.at_least)
        return Photograph(prepare(image), image if keep_images else None)

    def work(batch: Sequence[Photograph]) -> list[Caption]:
        pixels = np.stack([photograph.pixels for photograph in batch])
        return captioner.caption_pixels(pixels, settings)

    return process(found, load, work, batch_size, workers)


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
) -> list[Outcome[Item, Result]]:
    items = [outcome.item for outcome in batch if outcome.item is not None]
    results = iter(work(items) if items else ())
    return [
        outcome if outcome.item is None else Outcome(outcome.path, outcome.item, next(results))
        for outcome in batch
    ]
