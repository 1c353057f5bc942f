"""The photographs of a data set before training: can they be read, and do the splits overlap?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tushuo.caption.training.features import FeatureCache
from tushuo.data import CaptionDataset, Example
from tushuo.data.captions import bad_entries

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["counted", "readable", "tell", "tell_leaks"]

_NAMED = 5


def readable(
    dataset: CaptionDataset, features: FeatureCache, skip_bad: bool, console: Console
) -> CaptionDataset:
    """A data set without the photographs that cannot be read, each of which is told.

    Raises:
        DatasetError: There are some, and they are not to be left out.
    """
    images = [example.image for example in dataset.all_examples]
    with counted(console, "reading photographs", len(images)) as progress:
        bad = features.unreadable(images, progress)
    problems = [f"{image.name!r}: {error.problem}" for image, error in bad.items()]
    if problems and not skip_bad:
        raise bad_entries(dataset.folder, problems)
    for problem in problems:
        tell(console, f"left out: {problem}")
    good = [example for example in dataset.all_examples if example.image not in bad]
    return replace(dataset, all_examples=tuple(good))


def tell_leaks(
    train: Sequence[Example], dev: Sequence[Example], features: FeatureCache, console: Console
) -> None:
    """Say which photographs are validated with though they are trained on under another name."""
    pairs = features.same([example.image for example in dev], [e.image for e in train])
    if not pairs:
        return
    named = ", ".join(f"{image.name!r} is {other.name!r}" for image, other in pairs[:_NAMED])
    more = f", and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else ""
    tell(
        console,
        f"note: {len(pairs)} of {len(dev)} dev photographs are also trained on, so that scores on "
        f"dev flatter: {named}{more}",
    )


def tell(console: Console, line: str) -> None:
    """A line as it is, however wide."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def counted(console: Console, what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar where a person watches; what it yields is told how many more are done."""
    if not console.is_terminal:
        yield lambda count: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
