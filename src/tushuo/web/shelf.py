"""The library as the server uses it: opened for each request, its pictures made small on demand."""

from __future__ import annotations

import asyncio
import io
import os
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from starlette.concurrency import run_in_threadpool

from tushuo.errors import ImageError, LibraryError
from tushuo.photos import (
    Browsed,
    Info,
    Library,
    Month,
    Photo,
    Place,
    Shown,
    default_library,
    write_csv,
    write_jsonl,
)
from tushuo.web.desk import SHOWN, Desk
from tushuo.web.problems import RequestError
from tushuo.web.sidecars import zipped
from tushuo.web.sightings import Recent

__all__ = ["FORMATS", "Shelf", "photo_json"]

T = TypeVar("T")
SIDES = {"small": 480, "large": SHOWN}  # the longest side of a picture, in pixels
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "zip": "application/zip",  # of sidecars
}


class Overview(NamedTuple):
    """What a library holds, when and where it was taken."""

    info: Info
    months: list[Month]
    places: list[Place]


class Shelf:
    """A library, and pictures of its photographs.

    Photographs are known by number alone, so that no request can name a path.

    Args:
        path: Of the library; the user's own if None.
        desk: What decodes images.
    """

    def __init__(self, path: Path | None, desk: Desk) -> None:
        self.path = default_library() if path is None else path
        self._desk = desk
        self._pictures: Recent[bytes] = Recent(desk.limits.thumbnails_bytes)
        self._reading = asyncio.Semaphore(2 * desk.limits.decoders)  # files in memory at once
        self._thread = ThreadPoolExecutor(1, "library")  # SQLite's connections stay in theirs
        self._seen: tuple[object, Overview] | None = None
        self._open: tuple[Library, tuple[int, int]] | None = None

    def close(self) -> None:
        """Close the library."""
        self._thread.submit(self._forget)
        self._thread.shutdown()

    async def read(self, what: Callable[[Library], T]) -> T:
        """Ask the library something.

        Raises:
            LibraryError: There is none, or it cannot be read.
        """

        def asked() -> T:
            try:
                return what(self._library())
            except LibraryError:
                self._forget()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)

    def _library(self) -> Library:
        """The library, kept open, since a search keeps what it has read; anew if it is another."""
        if self._open is not None and self._open[1] != _identity(self.path):
            self._forget()
        if self._open is None:
            self._open = Library(self.path, read_only=True), _identity(self.path)
        return self._open[0]

    def _forget(self) -> None:
        kept, self._open, self._seen = self._open, None, None
        if kept is not None:
            kept[0].close()

    async def overview(self) -> Overview:
        """Sums, months and places; they take a while, and are kept while nobody writes."""
        return await self.read(self._overview)

    def _overview(self, library: Library) -> Overview:
        stamp = (_identity(self.path), library.stamp())
        if self._seen is None or self._seen[0] != stamp:
            self._seen = stamp, Overview(library.info(), library.months(), library.places())
        return self._seen[1]

    async def photo(self, number: int) -> Photo:
        """The photograph of a number.

        Raises:
            RequestError: There is none.
        """
        found = None
        if number < 1 << 63:
            found = await self.read(lambda library: library.photo(number))
        if found is None:
            raise RequestError(404, "unknown", f"the library has no photograph {number}")
        return found

    async def edit(self, number: int, text: str, language: str) -> Photo:
        """Give a photograph a person's caption; an empty one gives way to the model's again."""
        photo = await self.photo(number)

        def edited() -> None:
            with Library(self.path) as library:
                library.edit(photo.path, text, language=language)

        await run_in_threadpool(edited)
        return await self.photo(number)

    async def content(self, photo: Photo) -> bytes:
        """The file of a photograph.

        Raises:
            ImageError: It cannot be read, or is too large.
        """
        return await run_in_threadpool(_read, photo.path, self._desk.limits.upload_bytes)

    async def picture(self, photo: Photo, size: str) -> bytes:
        """A JPEG of a photograph, of a size of `SIDES`."""
        key = (photo.sha256, size)
        found = self._pictures.get(key)
        if found is not None:
            return found
        async with self._reading:
            content = await self.content(photo)
            decoded = await self._desk.decode(content, SIDES[size], to_caption=False)
        self._pictures.put(key, decoded.jpeg, len(decoded.jpeg))
        return decoded.jpeg

    async def export(self, kind: str, numbers: Sequence[int]) -> bytes:
        """Photographs with their captions, as a file of a kind of `FORMATS`."""

        def chosen(library: Library) -> list[Photo]:
            return [photo for n in numbers if (photo := library.photo(n))]

        photos = await self.read(chosen)
        if kind == "zip":  # in another thread, for it reads a file for each photograph
            return await run_in_threadpool(zipped, photos)
        return await self.read(lambda library: _table(kind, photos, library))

    async def browse(
        self, query: str, place: Place | None, limit: int, offset: int
    ) -> list[Browsed]:
        """See `Library.browse`."""
        captioner = self._desk.captioner
        embedder = captioner if captioner.embeds else None
        return await self.read(
            lambda library: library.browse(
                query, place=place, limit=limit, offset=offset, embedder=embedder
            )
        )


def photo_json(found: Photo | Browsed) -> dict[str, Any]:
    """A photograph as the API tells it."""
    photo, hit = (found.photo, found.hit) if isinstance(found, Browsed) else (found, None)
    facts = asdict(photo) | {
        "path": str(photo.path).encode("utf-8", "replace").decode(),
        "captions": [_shown(caption) for caption in photo.captions],
        "image": f"/api/photos/{photo.id}/image",
    }
    if hit is not None:
        facts["hit"] = {"caption": hit.caption, "language": hit.language, "spans": hit.spans}
    return facts


def _shown(caption: Shown) -> dict[str, Any]:
    return {
        "caption": caption.text,
        "language": caption.language,
        "by": caption.by or "person",
        "confidence": caption.confidence,
    }


def _table(kind: str, photos: Sequence[Photo], library: Library) -> bytes:
    wanted = {photo.sha256 for photo in photos}
    chosen = (e for e in library.entries() if e.status == "ok" and e.sha256 in wanted)
    text = io.StringIO(newline="")
    (write_csv if kind == "csv" else write_jsonl)(chosen, text)
    return text.getvalue().encode("utf-8", "surrogateescape")


def _identity(path: Path) -> tuple[int, int]:
    """What tells a file from another of its name; zeros if there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _read(path: Path, most: int) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise OSError(0, "it is not a regular file")
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > most:
                raise OSError(0, f"more than {most / (1 << 20):.3g} MiB")
            return file.read(most)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"cannot read the photograph: {reason}") from None
