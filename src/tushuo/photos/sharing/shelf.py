"""What a library says of photographs, and how it learns that tushuo itself changed one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tushuo.photos import browsing
from tushuo.photos.browsing import Shown
from tushuo.photos.database import plain_errors, transaction

__all__ = ["Shelf"]


class Shelf:
    """Looks up captions.

    Args:
        connection: Of a library.
        library: Its file, for messages.

    All methods raise `LibraryError` if it cannot be read or written.
    """

    def __init__(self, connection: sqlite3.Connection, library: Path) -> None:
        self._do = connection.execute
        self._connection = connection
        self._library = library

    def known(self, language: str | None) -> frozenset[bytes]:
        """The SHA-256 of photographs with a caption in a language; None for any language."""
        with plain_errors(self._library):
            return frozenset(row[0] for row in self._do(_KNOWN, (language, language)))

    def captions(self, path: Path, sha256: str) -> Sequence[Shown]:
        """What is shown of a photograph, known by its content, whatever its name.

        If only its path is known (another program has noted something in it, say), what a person
        said of it holds.
        """
        with plain_errors(self._library):
            number = browsing.with_content(self._connection, sha256)
            if number is not None:
                return browsing.photos(self._connection, [number])[0].captions
            rows = self._do(_PERSONS, (_stored_name(path),))
            return [Shown(text, language, None, None) for text, language in rows]

    def follow(self, path: Path, old: str, new: str) -> None:
        """Let a photograph be known by its new content, so that it need not be captioned anew.

        One that has copies is left to the next index run: the copies are still what they were.

        Args:
            path: The file.
            old: SHA-256 of what it held, in hexadecimal.
            new: SHA-256 of what it holds.
        """
        name, before, after = _stored_name(path), bytes.fromhex(old), bytes.fromhex(new)
        with plain_errors(self._library), transaction(self._connection):
            rows = self._do(_FILES, (before,)).fetchall()
            is_taken = self._do("SELECT 1 FROM photo WHERE hash = ?", (after,)).fetchone()
            if is_taken or [file for _, file in rows] != [name]:
                return
            self._do("UPDATE photo SET hash = ? WHERE id = ?", (after, rows[0][0]))
            # without a time the next run reads it once more, and knows it by its content
            self._do("UPDATE file SET mtime_ns = NULL WHERE path = ?", (name,))


def _stored_name(path: Path) -> bytes:
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100  (as it was indexed)


_KNOWN = """
SELECT hash FROM photo p WHERE EXISTS (SELECT 1 FROM caption WHERE photo = p.id AND shown
    AND (? IS NULL OR language = ?))
AND EXISTS (SELECT 1 FROM file WHERE photo = p.id AND status = 'ok')
"""
_PERSONS = """
SELECT c.text, c.language FROM caption c JOIN file f ON f.photo = c.photo
WHERE f.path = ? AND c.model IS NULL
"""
_FILES = "SELECT p.id, f.path FROM photo p JOIN file f ON f.photo = p.id WHERE p.hash = ?"
