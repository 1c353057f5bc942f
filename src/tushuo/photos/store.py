"""What is written into a library, statement by statement; callers open the transactions."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tushuo.caption import Caption
from tushuo.errors import LibraryError
from tushuo.photos.embedding import Space
from tushuo.photos.exif import Facts
from tushuo.photos.model import Model
from tushuo.photos.reading import Reading
from tushuo.photos.text import plain, searchable

__all__ = ["Store", "folded"]


def folded(path: Path) -> str:
    """A path as searches compare it: small letters, bytes that are no text as a question mark."""
    return str(path).encode("utf-8", "replace").decode("utf-8").casefold()


class Store:
    """Writes files, photographs and captions.

    Args:
        connection: Of a library, to write to.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do = connection.execute

    def photo(self, digest: bytes, facts: Facts | None = None) -> int | None:
        """The number of a photograph, made of facts if it is new; None if there are none."""
        if facts is not None:
            self._do(
                "INSERT INTO photo (hash, width, height, taken, camera, latitude, longitude)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
                (digest, *facts),
            )
        row = self._do("SELECT id FROM photo WHERE hash = ?", (digest,)).fetchone()
        return None if row is None else int(row[0])

    def file(self, reading: Reading, photo: int | None) -> None:
        """Store what became of a file.

        A file that failed keeps the photograph that it last was. One with another content takes a
        person's captions of its former content along: programs that note something in a file
        change it, too.
        """
        path, error = os.fsencode(reading.path), reading.error
        row = self._do("SELECT photo FROM file WHERE path = ?", (path,)).fetchone()
        former = None if row is None else row[0]
        if photo is not None and former not in (None, photo):
            self._inherit(former, photo)
        self._do(
            "INSERT INTO file (path, folded, size, mtime_ns, photo, status, error)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET size = excluded.size,"
            " mtime_ns = excluded.mtime_ns, photo = coalesce(excluded.photo, photo),"
            " status = excluded.status, error = excluded.error",
            (
                path,
                folded(reading.path),
                reading.size,
                reading.mtime_ns,
                photo,
                "ok" if error is None else "failed",
                None if error is None else _storable(str(error)),
            ),
        )

    def model_caption(self, photo: int, caption: Caption, model: Model) -> None:
        """Store a model's caption; it is shown unless a person wrote one."""
        confidence = caption.confidence
        row = (model.language, model.name, model.version, plain(caption.text), caption.score)
        self._add(photo, *row, confidence)

    def person_caption(self, photo: int, text: str, language: str) -> None:
        """Store a person's caption in place of their former one; an empty one takes it away."""
        if text:
            self._add(photo, language, None, "", text, None, None)
            return
        number = self._do(
            "SELECT id FROM caption WHERE photo = ? AND language = ? AND model IS NULL",
            (photo, language),
        ).fetchone()
        if number is not None:
            self._do("DELETE FROM words WHERE rowid = ?", number)
            self._do("DELETE FROM caption WHERE id = ?", number)
            self._show(photo, language)

    def embedding(self, photo: int, vector: npt.NDArray[np.float32], space: Space) -> None:
        """Store where a photograph lies in a space, float32 (D,)."""
        self._do(
            "INSERT INTO space (name, version, dimensions) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            space,
        )
        self._do(
            "INSERT OR REPLACE INTO embedding (photo, space, vector) SELECT ?, id, ? FROM space"
            " WHERE (name, version, dimensions) = (?, ?, ?)",
            (photo, np.asarray(vector, dtype="<f2").tobytes(), *space),
        )

    def mark(self, path: bytes, status: str) -> None:
        """Set the status of a file: 'missing' or 'ignored'."""
        self._do("UPDATE file SET status = ? WHERE path = ?", (status, path))

    def purge(self) -> int:
        """Remove missing and ignored files, and photographs without a file; the number of files.

        Photographs that a person wrote a caption for stay, unseen, in case they come back.
        """
        gone = self._do("DELETE FROM file WHERE status IN ('missing', 'ignored')").rowcount
        lost = (
            "SELECT id FROM photo WHERE id NOT IN (SELECT photo FROM file WHERE photo NOT NULL)"
            " AND id NOT IN (SELECT photo FROM caption WHERE model IS NULL)"
        )
        self._do(
            f"DELETE FROM words WHERE rowid IN (SELECT id FROM caption WHERE photo IN ({lost}))"
        )
        self._do(f"DELETE FROM photo WHERE id IN ({lost})")
        return gone

    def _add(
        self,
        photo: int,
        language: str,
        model: str | None,
        version: str,
        text: str,
        score: float | None,
        confidence: float | None,
    ) -> None:
        name = model or ""
        key = (photo, language, name, version)
        old = self._do(
            "SELECT id FROM caption WHERE photo = ? AND language = ?"
            " AND coalesce(model, '') = ? AND version = ?",
            key,
        ).fetchone()
        if old is not None:  # as if it were the newest
            self._do("DELETE FROM words WHERE rowid = ?", old)
            self._do("DELETE FROM caption WHERE id = ?", old)
        self._do(
            "INSERT INTO caption (photo, language, model, version, text, score, confidence)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (photo, language, model, version, text, score, confidence),
        )
        self._show(photo, language)

    def _show(self, photo: int, language: str) -> None:
        """Show a person's caption, or else the newest, and make its words known to searches."""
        rows = self._do(
            "SELECT id, text, shown FROM caption WHERE photo = ? AND language = ?"
            " ORDER BY model IS NULL DESC, id DESC",
            (photo, language),
        ).fetchall()
        for number, _, shown in rows[1:]:
            if shown:
                self._do("UPDATE caption SET shown = 0 WHERE id = ?", (number,))
                self._do("DELETE FROM words WHERE rowid = ?", (number,))
        if rows and not rows[0][2]:
            number, text, _ = rows[0]
            self._do("UPDATE caption SET shown = 1 WHERE id = ?", (number,))
            body = searchable(text)
            self._do("INSERT INTO words (rowid, body) VALUES (?, ?)", (number, body))

    def _inherit(self, former: int, photo: int) -> None:
        rows = self._do(
            "SELECT text, language FROM caption AS old WHERE photo = ? AND model IS NULL AND NOT"
            " EXISTS (SELECT 1 FROM caption WHERE photo = ? AND language = old.language"
            " AND model IS NULL)",
            (former, photo),
        ).fetchall()
        for text, language in rows:
            self.person_caption(photo, text, language)


def photo_at(connection: sqlite3.Connection, path: Path) -> int:
    """The number of the photograph in a file of the library.

    Raises:
        LibraryError: The library has no such file.
    """
    name = os.fsencode(path)
    row = connection.execute("SELECT photo FROM file WHERE path = ?", (name,)).fetchone()
    if row is None or row[0] is None:
        raise LibraryError(
            f"{str(path)!r:.300} is not in the library", hint="index it first: tushuo index DIR"
        )
    return int(row[0])


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
