"""Logs of a run: JSON lines that a resumed run continues exactly, and TensorBoard events."""

from __future__ import annotations

import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tushuo.errors import CheckpointError, MissingDependencyError
from tushuo.train.atomic import replacing

Record = Mapping[str, Any]


class Closing(ABC):
    """A context that closes itself."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class JsonLog(Closing):
    """A file of JSON objects, one a line, each with a ``step``; every line is flushed.

    Args:
        path: The file; an existing one is continued.
        step: Lines after this step are dropped first, as they will come again: so the log of a
            resumed run equals that of an uninterrupted one. None drops nothing.

    Raises:
        CheckpointError: The existing file is not such a log; the message names the line.
    """

    def __init__(self, path: str | Path, step: int | None = None) -> None:
        self.path = Path(path)
        if step is not None and self.path.exists():
            _rewind(self.path, step)
        self._file = self.path.open("a", encoding="utf-8", newline="\n")

    def write(self, record: Record) -> None:
        """Append a line; numbers that are not finite become null."""
        self._file.write(_line(record))
        self._file.flush()

    def sync(self) -> None:
        """Bring all lines to the disk, so that not even a power cut takes one away."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_log(path: str | Path) -> list[dict[str, Any]]:
    """The records of a JSON-lines log; a last line that a kill cut off is left out.

    Raises:
        CheckpointError: A line is not a JSON object with a step; the message gives its number.
    """
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    lines = whole.split("\n")[:-1]  # splitlines would split at separators inside of texts, too
    return [_record(Path(path), i, line) for i, line in enumerate(lines, start=1)]


class TensorBoardLog(Closing):
    """Scalars as TensorBoard events, in a file of its own for each start.

    Args:
        folder: The folder of the events.
        step: TensorBoard forgets older events after this step.

    Raises:
        MissingDependencyError: tensorboardX is not installed.
    """

    def __init__(self, folder: str | Path, step: int = 0) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise MissingDependencyError(
                "TensorBoard events need tensorboardX",
                hint="install it with: pip install 'tushuo[tensorboard]'",
            ) from error
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, float], group: str) -> None:
        """Add scalars, named ``group/name``."""
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


def _rewind(path: Path, step: int) -> None:
    kept = [_line(record) for record in read_log(path) if record["step"] <= step]
    with replacing(path) as temporary:
        temporary.write_text("".join(kept), encoding="utf-8", newline="\n")


def _line(record: Record) -> str:
    return json.dumps(_finite(record), ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """The value with null for what JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: _finite(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(x) for x in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or type(record.get("step")) is not int:
        raise CheckpointError(
            f"{path}, line {number}: expected a JSON object with a step, got {line:.60}",
            hint="mend or remove the line, or move the file away",
        )
    return record
