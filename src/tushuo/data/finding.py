"""Photographs among files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tushuo.data.images import IMAGE_SUFFIXES
from tushuo.errors import ImageError

__all__ = ["Found", "find_images"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search met: a file to open, or (with `error`) a folder that could not serve."""

    path: Path
    error: ImageError | None = None


def find_images(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Found]:
    """Walk files and folders, and yield each photograph as it is met.

    A path that is no folder is yielded whatever its name, even if it does not exist: opening it
    says what is wrong. A folder is searched recursively, by name; in it only files with one of
    `IMAGE_SUFFIXES` count, hidden ones are skipped, and no folder is entered twice, so that
    symbolic links may form loops.

    Args:
        paths: Files and folders, in the order in which they shall be yielded.

    Yields:
        One item a photograph; an item with an error for a folder that is unreadable or that holds
        no photograph.
    """
    for given in paths:
        path = Path(given)
        if not os.fspath(given):  # an unset variable in a shell, say; Path makes "." of it
            yield Found(path, ImageError("the path is empty"))
        elif _is_folder(path):
            yield from _search(path)
        else:
            yield Found(path)


def _search(root: Path) -> Iterator[Found]:
    entered: set[tuple[int, int]] = set()
    waiting = [root]  # a stack: deep trees need no deep recursion
    empty = True
    while waiting:
        path = waiting.pop()
        if not _is_folder(path):
            empty = False
            yield Found(path)
            continue
        try:
            waiting += _candidates(path, entered)
        except OSError as error:
            empty = False
            yield Found(path, _unreadable(path, error))
    if empty:
        hint = "looked for " + " ".join(sorted(IMAGE_SUFFIXES))
        yield Found(root, ImageError(f"no photograph in folder {str(root)!r}", hint=hint))


def _candidates(folder: Path, entered: set[tuple[int, int]]) -> list[Path]:
    """Sub-folders and photographs of a folder, last name first; none if it was entered before."""
    status = folder.stat()
    key = (status.st_dev, status.st_ino)
    if key in entered:
        return []
    entered.add(key)
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.name.startswith(".")]
    children = (folder / name for name in sorted(names, reverse=True))
    return [child for child in children if _is_photo_name(child) or _is_folder(child)]


def _is_photo_name(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # not permitted, or no possible name
        return False


def _unreadable(folder: Path, error: OSError) -> ImageError:
    return ImageError(f"cannot read folder {str(folder)!r}: {error.strerror or error}")
