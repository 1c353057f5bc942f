"""A walk through folders: the photographs in them, for the price of a stat each."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tushuo.data import IMAGE_SUFFIXES
from tushuo.errors import ImageError
from tushuo.photos.ignore import Rules, read_rules

__all__ = ["Seen", "Walk"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as a walk met it: an absolute path, bytes, and nanoseconds since 1970."""

    path: str
    size: int
    mtime_ns: int


@dataclass
class Walk:
    """Walks through one folder, or visits one file.

    Hidden names and what a `.tushuoignore` names are left out, as are files without an image's
    ending. The `.tushuoignore` of each folder above counts, too; but the root itself was asked for
    by name, and is walked through whatever they say of it. Symbolic links are followed, but no
    folder is entered twice.

    Attributes:
        root: An absolute path.
        problems: The folders that could not be read, and why; filled by the walk.
    """

    root: str
    problems: dict[str, ImageError] = field(default_factory=dict)
    _entered: set[tuple[int, int]] = field(default_factory=set)

    def __iter__(self) -> Iterator[Seen]:
        try:
            status = os.stat(self.root)  # noqa: PTH116  (of any text, at once)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self.problems[self.root] = ImageError(f"cannot read {self.root!r}: {reason}")
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._search()
        else:
            yield Seen(self.root, status.st_size, status.st_mtime_ns)

    def _search(self) -> Iterator[Seen]:
        try:
            waiting = [(self.root, _above(self.root))]
        except OSError as error:
            problem = f"cannot read {error.filename!r}: {error.strerror or error}"
            self.problems[self.root] = ImageError(problem)
            return
        while waiting:  # a stack: deep trees need no deep recursion
            folder, ignore = waiting.pop()
            try:
                entries, ignore = self._enter(folder, ignore)
            except OSError as error:
                problem = f"cannot read folder {folder!r}: {error.strerror or error}"
                self.problems[folder] = ImageError(problem)
                continue
            below = []
            for entry in entries:
                seen = _look(entry, ignore)
                if isinstance(seen, Seen):
                    yield seen
                elif seen:
                    below.append((entry.path, ignore.below(entry.name)))
            waiting += reversed(below)

    def _enter(self, folder: str, ignore: _Ignore) -> tuple[list[os.DirEntry[str]], _Ignore]:
        """What is in a folder, by name, and its rules; nothing if it was entered before."""
        status = os.stat(folder)  # noqa: PTH116
        key = (status.st_dev, status.st_ino)
        if key in self._entered:
            return [], ignore
        self._entered.add(key)
        with os.scandir(folder) as entries:
            names = [entry for entry in entries if not entry.name.startswith(".")]
        names.sort(key=lambda entry: entry.name)
        return names, ignore.plus(read_rules(folder))


@dataclass(frozen=True)
class _Ignore:
    """The rules that hold in a folder, each with the names from their folder to this one."""

    levels: tuple[tuple[tuple[str, ...], Rules], ...] = ()

    def plus(self, rules: Rules) -> _Ignore:
        return _Ignore((*self.levels, ((), rules))) if rules.rules else self

    def below(self, name: str) -> _Ignore:
        return _Ignore(tuple(((*names, name), rules) for names, rules in self.levels))

    def __call__(self, name: str, is_folder: bool) -> bool:
        for names, rules in reversed(self.levels):  # the nearest folder has the last word
            verdict = rules.verdict((*names, name), is_folder)
            if verdict is not None:
                return verdict
        return False


def _above(root: str) -> _Ignore:
    """The rules of the folders above, as they hold in the root."""
    ignore = _Ignore()
    *folders, name = [*reversed(Path(root).parents), Path(root)]
    for folder, inner in zip(folders, [*folders[1:], name], strict=True):
        ignore = ignore.plus(read_rules(str(folder))).below(inner.name)
    return ignore


def _look(entry: os.DirEntry[str], ignore: _Ignore) -> Seen | bool:
    """A photograph, or whether this is a folder to search."""
    try:
        if entry.is_dir():
            return not ignore(entry.name, True)
        if Path(entry.name).suffix.lower() not in IMAGE_SUFFIXES or ignore(entry.name, False):
            return False
        status = entry.stat()
    except OSError:  # gone in the meantime, or a link to nowhere
        return False
    if not stat.S_ISREG(status.st_mode):
        return False
    return Seen(entry.path, status.st_size, status.st_mtime_ns)
