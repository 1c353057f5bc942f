"""Tables and albums that a command fills photograph by photograph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tushuo.errors import ImageError, UsageError

if TYPE_CHECKING:
    from tushuo.photos import Album, Captioned, Entry

__all__ = ["Tables", "check_new", "new_file"]


def check_new(path: Path) -> None:
    """Whether a file can be made; asked before the work that ends in it.

    Raises:
        UsageError: It exists already, or its folder does not.
    """
    if path.exists():
        hint = "name a new file; nothing is overwritten"
        raise UsageError(f"{str(path)!r} exists already", hint=hint)
    if not path.parent.is_dir():
        raise UsageError(f"{str(path)!r}: {str(path.parent)!r} is no folder", hint="make it first")


@contextmanager
def new_file(path: Path, mode: str, **options: Any) -> Iterator[IO[Any]]:
    """A file to be filled; none is left if that fails, so that the command can be given again.

    Raises:
        OSError: It cannot be made or written; the error names it.
    """
    opened = path.open(mode, **options)
    try:
        with opened as file:
            yield file
    except OSError as error:
        path.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None


class Tables:
    """What is written in the end, from all photographs together; nothing over an old file.

    Args:
        csv: A table to make.
        jsonl: A file of JSON lines to make.
        album: The album to make.

    Attributes:
        made: What was written: files, and the page of an album.

    Raises:
        UsageError: As of `check_new`.
    """

    def __init__(
        self, csv: Path | None = None, jsonl: Path | None = None, album: Album | None = None
    ) -> None:
        for path in filter(None, (csv, jsonl)):
            check_new(path)
        self.made: list[Path] = []
        self._csv, self._jsonl, self._album = csv, jsonl, album
        self._rows: list[Entry] = []

    def add(self, photograph: Captioned) -> Iterator[ImageError]:
        """Add a photograph, and tell what went wrong."""
        self._rows += photograph.entries()
        if self._album is not None:
            try:
                self._album.add(photograph)
            except ImageError as error:
                yield error

    def finish(self) -> None:
        """Write them.

        Raises:
            OSError: One cannot be written.
        """
        from tushuo.photos import write_csv, write_jsonl

        for path, write in ((self._csv, write_csv), (self._jsonl, write_jsonl)):
            if path is not None:
                encoded = {"encoding": "utf-8", "errors": "surrogateescape"}
                with new_file(path, "x", newline="", **encoded) as file:
                    write(self._rows, file)
                self.made.append(path)
        if self._album is not None:
            self.made.append(self._album.finish())
