"""The photo library: captions of your photographs in one file, kept up to date and searched."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tushuo.caption import Captioner
from tushuo.errors import UsageError
from tushuo.photos.database import connect, default_library, plain_errors, transaction
from tushuo.photos.indexing import Done, Indexer, Report
from tushuo.photos.listing import Entry, Info, entries, info
from tushuo.photos.model import model_of
from tushuo.photos.planning import Plan, Planner
from tushuo.photos.searching import Hit, search
from tushuo.photos.store import Store, photo_at
from tushuo.photos.text import plain

__all__ = ["Library"]

Folders = Iterable[str | os.PathLike[str]]

_MAX_CAPTION = 10_000  # characters


class Library:
    """A library in one SQLite file. Use it as a context, or close it in the end.

    Args:
        path: The file, by default in the user's data folder; made if it does not exist.
        read_only: Change nothing; the file must exist. It may lie on a read-only disk.

    Raises:
        LibraryError: It cannot be opened, is damaged or of a newer version, or is another program's
            file. So do all methods if the file cannot be read or written.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, read_only: bool = False
    ) -> None:
        self.path = default_library() if path is None else Path(path)
        self._connection = connect(self.path, read_only=read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was stored is stored."""
        self._connection.close()

    def plan(
        self,
        folders: Folders,
        captioner: Captioner,
        *,
        retry: bool = False,
        recaption: bool = False,
    ) -> Plan:
        """What `index` would do; nothing is read but folders, nothing is written."""
        _check_folders(folders)
        planner = Planner(self._connection, model_of(captioner), retry, recaption)
        with plain_errors(self.path):
            return planner.plan(folders)

    def index(
        self,
        folders: Folders,
        captioner: Captioner,
        *,
        retry: bool = False,
        recaption: bool = False,
        plan: Plan | None = None,
        tell: Callable[[Done], object] = lambda done: None,
        batch_size: int = 8,
        workers: int = 1,
    ) -> Report:
        """Caption the photographs in folders that are new or have changed.

        A file of the same size and time as before costs a look. One with content that is known is
        not captioned again. Those that are gone are marked. A person's captions stay. Each batch is
        stored at once and as a whole, so the run may be stopped, or killed, at any time and begun
        again; other indexers may run on the same library.

        Args:
            folders: Folders, searched recursively, and files.
            captioner: What writes the captions, in its language.
            retry: Also try files that failed and have not changed since.
            recaption: Also replace captions of other models.
            plan: As from `plan` with the same arguments; made if not given.
            tell: Called for each file once it is stored.
            batch_size: Photographs that go through the networks, and are stored, at once.
            workers: Batches worked on at once, each in a thread.

        Raises:
            UsageError: `folders` is a single path, or a number is below 1.
        """
        _check_folders(folders)
        if min(batch_size, workers) < 1:
            raise UsageError(f"got batch_size {batch_size}, workers {workers}, expected 1 or more")
        planner = Planner(self._connection, model_of(captioner), retry, recaption)
        with plain_errors(self.path):
            todo = planner.plan(folders) if plan is None else plan
            indexer = Indexer(self._connection, planner, captioner)
            return indexer.run(todo, tell, batch_size, workers)

    def search(self, query: str, *, limit: int = 20) -> list[Hit]:
        """The photographs that a query fits, best first; see `tushuo.photos.parse_query`.

        Raises:
            UsageError: The query cannot be understood, or the limit is below 1.
        """
        if not 1 <= limit <= 1_000_000_000:
            raise UsageError(f"limit: got {limit}, expected 1 or more")
        with plain_errors(self.path):
            return search(self._connection, query, limit)

    def edit(self, path: str | os.PathLike[str], caption: str, *, language: str = "en") -> None:
        """Give a photograph a caption of yours, which no model ever replaces.

        It holds for all copies of the photograph. An empty one gives way to the model's again.

        Raises:
            LibraryError: The library has no such file.
            UsageError: The caption is above 10,000 characters, or the language is no code such as
                "en".
        """
        text = plain(caption)
        if len(text) > _MAX_CAPTION:
            raise UsageError(f"caption of {len(text):,} characters, at most {_MAX_CAPTION:,}")
        if not re.fullmatch("[a-z]{2,3}", language):
            raise UsageError(f"language: got {language!r:.60}", hint="give a code: en, zh")
        file = Path(os.path.abspath(path))  # noqa: PTH100  (as it was indexed, links unresolved)
        with plain_errors(self.path), transaction(self._connection):
            photo = photo_at(self._connection, file)
            Store(self._connection).person_caption(photo, text, language)

    def purge(self) -> int:
        """Forget the files that are missing or ignored, and return how many.

        Captions that a person wrote are kept for the case that their photographs come back.
        """
        with plain_errors(self.path), transaction(self._connection):
            return Store(self._connection).purge()

    def entries(self) -> Iterator[Entry]:
        """All files with their captions, by path."""
        with plain_errors(self.path):
            yield from entries(self._connection)

    def info(self) -> Info:
        """Sums: photographs, files by status, captions by language and by model."""
        with plain_errors(self.path):
            return info(self._connection, self.path)


def _check_folders(folders: object) -> None:
    if isinstance(folders, str | bytes | os.PathLike):
        raise UsageError("got a single path", hint="pass a list of folders: [folder]")
