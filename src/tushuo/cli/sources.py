"""The arguments that name photographs: files, folders, and `-` for a list on standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.errors import ImageError, UsageError

if TYPE_CHECKING:
    from tushuo.data import Found

__all__ = ["Paths", "count", "photographs"]

Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH",
        help="Photographs, folders of them (searched recursively), or - for paths on standard "
        "input, one a line.",
        show_default=False,
    ),
]


def photographs(paths: Sequence[str], leave_out: Path | None = None) -> Iterator[Found]:
    """What the arguments name, lazily.

    Args:
        paths: The arguments.
        leave_out: A folder whose files are not met while its parents are searched.
    """
    for path in paths:
        yield from _standard_input(leave_out) if path == "-" else _search(path, leave_out)


def count(paths: Sequence[str], leave_out: Path | None = None) -> int | None:
    """How many photographs the arguments name; None if that stands on standard input."""
    return None if "-" in paths else sum(1 for _ in photographs(paths, leave_out))


def _standard_input(leave_out: Path | None) -> Iterator[Found]:
    from tushuo.data import Found

    empty = True
    for line in sys.stdin.buffer:
        path = os.fsdecode(line).rstrip("\r\n")
        if "\0" in path:
            raise UsageError(
                "the paths on standard input are divided by null bytes",
                hint="give one a line, as find does without -print0",
            )
        if path:
            empty = False
            yield from _search(path, leave_out)
    if empty:
        yield Found(Path("-"), ImageError("no paths on standard input"))


def _search(path: str, leave_out: Path | None) -> Iterator[Found]:
    from tushuo.data import find_images

    for found in find_images([path]):
        if leave_out is None or not _came_into(leave_out, found.path, path):
            yield found


def _came_into(folder: Path, found: Path, start: str) -> bool:
    """Whether a search that started elsewhere met a file in the folder."""
    if found == Path(start) or folder.samefile(start):
        return False
    return folder.resolve() == found.parent.resolve()
