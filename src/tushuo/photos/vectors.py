"""All vectors of a library as one matrix in memory, kept up to date."""

from __future__ import annotations

import sqlite3

import numpy as np
import numpy.typing as npt

from tushuo.errors import LibraryError
from tushuo.photos.embedding import Floats, Space

__all__ = ["Vectors", "spaces"]

_STORED = np.dtype("<f2")


class Vectors:
    """The vectors of one space. The first look reads all of them, later ones what is new.

    Args:
        connection: Of a library.
        space: Which vectors.
    """

    def __init__(self, connection: sqlite3.Connection, space: Space) -> None:
        self._connection = connection
        self._do = connection.execute
        self.space = space
        self._stamp: tuple[int, int] | None = None
        self._number: int | None = None
        self._forget()

    def all(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Photographs' numbers (N,), and their vectors (N, D).

        Raises:
            LibraryError: Vectors are damaged.
        """
        # what others wrote, and what this connection wrote
        stamp = (self._do("PRAGMA data_version").fetchone()[0], self._connection.total_changes)
        if stamp != self._stamp:
            self._refresh()
            self._stamp = stamp
        return self._photos[: self._count], self._matrix[: self._count]

    def of(self, photo: int) -> Floats | None:
        """The vector (D,) of a photograph, if it has one."""
        photos, matrix = self.all()
        (where,) = np.nonzero(photos == photo)
        return matrix[where[0]] if len(where) else None

    def _forget(self) -> None:
        self._last = self._count = 0
        self._photos: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._matrix: Floats = np.empty((0, self.space.dimensions), dtype=np.float32)

    def _refresh(self) -> None:
        if self._number is None:
            row = self._do(
                "SELECT id FROM space WHERE (name, version, dimensions) = (?, ?, ?)", self.space
            ).fetchone()
            if row is None:
                return
            self._number = row[0]
        (kept,) = self._do(
            "SELECT count(*) FROM embedding WHERE space = ? AND id <= ?", (self._number, self._last)
        ).fetchone()
        if kept != self._count:  # some were purged or replaced
            self._forget()
        self._append(
            self._do(
                "SELECT id, photo, vector FROM embedding WHERE space = ? AND id > ? ORDER BY id",
                (self._number, self._last),
            ).fetchall()
        )

    def _append(self, rows: list[tuple[int, int, bytes]]) -> None:
        if not rows:
            return
        content = b"".join(row[2] for row in rows)
        shape = (len(rows), self.space.dimensions)
        if len(content) != shape[0] * shape[1] * _STORED.itemsize:
            raise LibraryError("the library's vectors are damaged", hint="restore a copy of it")
        end = self._count + len(rows)
        if end > len(self._photos):  # room for as many again, so that growing costs little
            room = end if not self._count else 2 * end
            self._photos = np.resize(self._photos, room)
            grown = np.empty((room, shape[1]), dtype=np.float32)
            grown[: self._count] = self._matrix[: self._count]
            self._matrix = grown
        self._photos[self._count : end] = [row[1] for row in rows]
        self._matrix[self._count : end] = np.frombuffer(content, _STORED).reshape(shape)
        self._last, self._count = rows[-1][0], end


def spaces(connection: sqlite3.Connection) -> dict[Space, int]:
    """The spaces of a library with how many photographs have a vector there, most first."""
    rows = connection.execute(
        "SELECT name, version, dimensions, count(*) FROM embedding JOIN space"
        " ON space.id = embedding.space GROUP BY space ORDER BY count(*) DESC, space DESC"
    )
    return {Space(*space): count for *space, count in rows}
