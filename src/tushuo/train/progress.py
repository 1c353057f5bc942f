"""What a person sees while a model trains: a bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar


class Progress:
    """Progress of a run.

    Args:
        console: Where to; the bar is shown only if it is a terminal.
        epochs: Number of epochs.
        done: Steps made before this start.
        total: Steps of the whole run, None if unknown.
    """

    def __init__(self, console: Console, epochs: int, done: int, total: int | None) -> None:
        self.console, self._epochs = console, epochs
        self._first, self._done, self._total = done, done, total
        self._begin = time.monotonic()
        self._bar = _bar(console) if console.is_terminal else None
        if self._bar is not None:
            self._task = self._bar.add_task("", total=total, completed=done, status="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def rate(self) -> float:
        """Steps a second since this start."""
        return (self._done - self._first) / max(time.monotonic() - self._begin, 1e-9)

    def advance(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Count a step of an epoch (from 0)."""
        self._done += 1
        if self._bar is not None:
            status = f"{self.rate:.2f} steps/s  {_shown(metrics)}"
            name = f"epoch {epoch + 1}/{self._epochs}"
            self._bar.update(self._task, advance=1, description=name, status=status)

    def epoch(
        self, epoch: int, train: Mapping[str, float], valid: Mapping[str, float], best: bool
    ) -> None:
        """Print the line of an epoch (from 0) that is over."""
        scores = f"  valid: {_shown(valid)}" if valid else ""
        mark = "  (best)" if best else ""
        line = f"epoch {epoch + 1}/{self._epochs}  {_shown(train)}{scores}{mark}"
        self.say(f"{line}  {self.rate:.2f} steps/s")

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _bar(console: Console) -> Bar:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[status]}"),
    )
    return Bar(*columns, console=console, refresh_per_second=4, transient=True)


def _shown(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
