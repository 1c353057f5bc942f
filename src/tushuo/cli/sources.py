"""The arguments that name photographs: files, folders, and `-` for a list on standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.errors import ImageError

if TYPE_CHECKING:
    from tushuo.data import Found

__all__ = ["Paths", "count", "photographs"]

Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH...",
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
    from tushuo.data import find_images

    for path in paths:
        if path == "-":
            yield from _standard_input(leave_out)
            continue
        for found in find_images([path]):
            if not _is_inside(found.path, leave_out, path):
                yield found


def count(paths: Sequence[str], leave_out: Path | None = None) -> int | None:
    """How many photographs the arguments name; None if that stands on standard input."""
    return None if "-" in paths else sum(1 for _ in photographs(paths, leave_out))


def _standard_input(leave_out: Path | None) -> Iterator[Found]:
    from tushuo.data import Found

    empty = True
    for line in sys.stdin.buffer:
        path = os.fsdecode(line).rstrip("\r\n")
        if path and path != "-":
            empty = False
            yield from photographs([path], leave_out)
    if empty:
        yield Found(Path("-"), ImageError("no paths on standard input"))


def _is_inside(found: Path, folder: Path | None, argument: str) -> bool:
    """Whether a search that began elsewhere came to the folder."""
    if folder is None or found == Path(argument) or folder.samefile(argument):
        return False
    return folder.resolve() == found.parent.resolve()
