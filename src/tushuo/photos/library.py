"""The photo library: captions of your photographs in one file, kept up to date and searched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tushuo.caption import Captioner
from tushuo.errors import UsageError
from tushuo.photos import browsing
from tushuo.photos.browsing import Browsed, Month, Photo, Place
from tushuo.photos.database import connect, default_library, plain_errors, transaction
from tushuo.photos.embedding import Embedder, Space
from tushuo.photos.indexing import Done, Indexer, Report
from tushuo.photos.listing import Entry, Info, entries, info
from tushuo.photos.model import models_of
from tushuo.photos.planning import Plan, Planner
from tushuo.photos.searching import Hit, search
from tushuo.photos.sharing import Captioned, Captions, Shared, Sharing, Shelf, write_captions
from tushuo.photos.store import Store, photo_at
from tushuo.photos.text import from_person
from tushuo.photos.vectors import Vectors, spaces

__all__ = ["Library"]

Folders = Iterable[str | os.PathLike[str]]

_BESIDE = Sharing()
_MOST_PLACED, _MOST_BROWSED = 2000, 100_000


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
        self._read_only = read_only
        self._vectors: Vectors | None = None

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
        captioner: Captioner | Sequence[Captioner],
        *,
        embedder: Embedder | None = None,
        retry: bool = False,
        recaption: bool = False,
    ) -> Plan:
        """What `index` would do; nothing is read but folders, nothing is written."""
        _check_folders(folders)
        planner = self._planner(captioner, embedder, retry, recaption)
        with plain_errors(self.path):
            return planner.plan(folders)

    def index(
        self,
        folders: Folders,
        captioner: Captioner | Sequence[Captioner],
        *,
        embedder: Embedder | None = None,
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
            captioner: What writes the captions, in its language; or several of them, of different
                languages, that share an encoder, which looks at each photograph once.
            embedder: What makes photographs known to searches by meaning, from the captioner's
                feature maps; None leaves that out.
            retry: Also try files that failed and have not changed since.
            recaption: Also replace captions of other models.
            plan: As from `plan` with the same arguments; made if not given.
            tell: Called for each file once it is stored.
            batch_size: Photographs that go through the networks, and are stored, at once.
            workers: Batches worked on at once, each in a thread.

        Raises:
            UsageError: `folders` is a single path, a number is below 1, or captioners write the
                same language or do not look at photographs alike.
        """
        _check_folders(folders)
        if min(batch_size, workers) < 1:
            raise UsageError(f"got batch_size {batch_size}, workers {workers}, expected 1 or more")
        planner = self._planner(captioner, embedder, retry, recaption)
        with plain_errors(self.path):
            todo = planner.plan(folders) if plan is None else plan
            indexer = Indexer(self._connection, planner, _several(captioner), embedder)
            return indexer.run(todo, tell, batch_size, workers)

    def search(self, query: str, *, limit: int = 20, embedder: Embedder | None = None) -> list[Hit]:
        """The photographs that a query fits, best first; see `tushuo.photos.parse_query`.

        Args:
            query: What a person typed.
            limit: At most so many files.
            embedder: Understands the query's meaning; None searches for words, and with `like:`
                among the vectors that the library has.

        Raises:
            UsageError: The query cannot be understood, or the limit is below 1.
            ImageError: The photograph after `like:` cannot be read.
            LibraryError: A query with `like:`, and the library has no vectors for it.
        """
        if not 1 <= limit <= 1_000_000_000:
            raise UsageError(f"limit: got {limit}, expected 1 or more")
        with plain_errors(self.path):
            return search(self._connection, self._space_to_search(embedder), query, limit, embedder)

    def spaces(self) -> dict[Space, int]:
        """In how many photographs each space of meanings can find; the fullest first."""
        with plain_errors(self.path):
            return spaces(self._connection)

    def browse(
        self,
        query: str = "",
        *,
        place: Place | None = None,
        limit: int = 60,
        offset: int = 0,
        embedder: Embedder | None = None,
    ) -> list[Browsed]:
        """Photographs page by page: what a query fits, best first, or all, the newest first.

        Args:
            query: As of `search`; empty for all.
            place: Only those that were taken there; with a query, among its first 2,000 hits.
            limit: At most so many.
            offset: How many to leave out at the beginning.
            embedder: As of `search`.

        Raises:
            UsageError: The query cannot be understood.
        """
        with plain_errors(self.path):
            if not query.strip():
                numbers = browsing.latest(self._connection, place, limit, offset)
                return [Browsed(photo) for photo in browsing.photos(self._connection, numbers)]
            wanted = _MOST_PLACED if place else min(offset + limit, _MOST_BROWSED)
            hits = self.search(query, limit=wanted, embedder=embedder)
            return browsing.of_hits(self._connection, hits, place)[offset : offset + limit]

    def photo(self, number: int) -> Photo | None:
        """The photograph of a number, if it has a file that is there."""
        with plain_errors(self.path):
            return next(iter(browsing.photos(self._connection, [number])), None)

    def find(self, sha256: str) -> Photo | None:
        """The photograph whose file has this SHA-256, in hexadecimal, if it is in the library."""
        with plain_errors(self.path):
            number = browsing.with_content(self._connection, sha256)
        return None if number is None else self.photo(number)

    def months(self) -> list[Month]:
        """The months in which photographs were taken, the last first."""
        with plain_errors(self.path):
            return browsing.months(self._connection)

    def places(self) -> list[Place]:
        """Where photographs were taken, where most were first."""
        with plain_errors(self.path):
            return browsing.places(self._connection)

    def edit(self, path: str | os.PathLike[str], caption: str, *, language: str = "en") -> None:
        """Give a photograph a caption of yours, which no model ever replaces.

        It holds for all copies of the photograph. An empty one gives way to the model's again.

        Raises:
            LibraryError: The library has no such file.
            UsageError: The caption is above 10,000 characters, or the language is no code such as
                "en".
        """
        text = from_person(caption, language)
        file = Path(os.path.abspath(path))  # noqa: PTH100  (as it was indexed, links unresolved)
        with plain_errors(self.path), transaction(self._connection):
            photo = photo_at(self._connection, file)
            Store(self._connection).person_caption(photo, text, language)

    def captions(self, captioner: Captioner | None = None) -> Captions:
        """What the library says of any photographs, known by their content.

        Args:
            captioner: Captions those that the library does not know; None fails them.
        """
        return Captions(captioner, Shelf(self._connection, self.path))

    def share(self, photograph: Captioned, how: Sharing = _BESIDE) -> Shared:
        """Write the captions of a photograph, as of `captions`, where other programs read them.

        A photograph that is changed by that stays known to the library, unless it has copies or the
        library is only read: then the next index run captions it anew.
        """
        shared = write_captions(photograph, how)
        if shared.path in shared.targets and not how.dry_run and not self._read_only:
            shelf = Shelf(self._connection, self.path)
            shelf.follow(shared.path, photograph.sha256, shared.sha256 or photograph.sha256)
        return shared

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

    def stamp(self) -> int:
        """A number that is another one once somebody else, or this process elsewhere, wrote to it.

        What a `Library` that was only read from has told before is true while it stays the same.
        """
        with plain_errors(self.path):
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def info(self) -> Info:
        """Sums: photographs, files by status, captions by language and by model."""
        with plain_errors(self.path):
            return info(self._connection, self.path)

    def _planner(
        self,
        captioner: Captioner | Sequence[Captioner],
        embedder: Embedder | None,
        retry: bool,
        recaption: bool,
    ) -> Planner:
        space = None if embedder is None else embedder.space
        models = models_of(_several(captioner))
        return Planner(self._connection, models, retry, recaption, space)

    def _space_to_search(self, embedder: Embedder | None) -> Vectors | None:
        """The vectors that a query is compared with, kept from one search to the next."""
        space = (
            embedder.space if embedder is not None else next(iter(spaces(self._connection)), None)
        )
        if space is None:
            return None
        if self._vectors is None or self._vectors.space != space:
            self._vectors = Vectors(self._connection, space)
        return self._vectors


def _several(captioner: Captioner | Sequence[Captioner]) -> Sequence[Captioner]:
    return [captioner] if isinstance(captioner, Captioner) else captioner


def _check_folders(folders: object) -> None:
    if isinstance(folders, str | bytes | os.PathLike):
        raise UsageError("got a single path", hint="pass a list of folders: [folder]")
