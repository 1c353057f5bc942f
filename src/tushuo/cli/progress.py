"""A progress bar on standard error, when a person watches and there is something to wait for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress"]

_FEW = 4


@contextmanager
def progress(count: Callable[[], int | None], lines: bool = True) -> Iterator[Callable[[], None]]:
    """A context with a bar.

    Args:
        count: Gives the number of photographs, None if it is unknown.
        lines: Whether each photograph gets a line on standard output, which on a terminal shows
            the progress well enough.

    Yields:
        What to call after each photograph.
    """
    watched = sys.stderr.isatty() and not (lines and sys.stdout.isatty())
    total = count() if watched else 0
    if total is not None and total <= _FEW:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.1f}/s" if speed else "", style="progress.data.speed")

    columns = (BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), redirect_stdout=False, transient=True)
    with bar:
        task = bar.add_task("photographs", total=total)
        yield lambda: bar.advance(task)
