"""The SQLite file of a library: opened with care, upgraded, and its errors told in plain words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote_from_bytes

from tushuo.errors import LibraryError
from tushuo.photos.schema import APPLICATION_ID, MIGRATIONS

__all__ = ["connect", "default_library", "plain_errors", "transaction"]

_PATIENCE = 30.0  # seconds that a writer waits for another


def default_library() -> Path:
    """``$XDG_DATA_HOME/tushuo/library.db``, or ``~/.local/share/tushuo/library.db``."""
    root = os.environ.get("XDG_DATA_HOME")
    return (Path(root) if root else Path.home() / ".local" / "share") / "tushuo" / "library.db"


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a library; unless it is only read, make it where there is none, and upgrade an old one.

    Raises:
        LibraryError: It does not exist (if only read), is damaged, belongs to another program or a
            newer version, or cannot be opened. Nothing in the file was changed.
    """
    if read_only and not _exists(path):
        raise LibraryError(f"no library at {str(path)!r}", hint="make one: tushuo index DIR")
    with plain_errors(path):
        try:
            connection = _open_to_read(path) if read_only else _open_to_write(path)
        except (OSError, UnicodeEncodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LibraryError(f"library {str(path)!r}: {reason}") from None
        try:
            _check(connection, path, read_only)
            if not read_only:
                _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing of what is written inside; waits for other writers."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into `LibraryError`."""
    name = repr(str(path))
    try:
        yield
    except sqlite3.Error as error:
        problem, hint = f"library {name}: {error}", ""
        match getattr(error, "sqlite_errorname", "").split("_")[:2]:
            case ["SQLITE", "CORRUPT" | "NOTADB"]:
                problem = f"library {name} is damaged or no library ({error})"
                hint = "restore a copy of it, or name another file with --library"
            case ["SQLITE", "BUSY" | "LOCKED"]:
                hint = "another program is writing to it; try again"
            case ["SQLITE", "FULL" | "IOERR"]:
                hint = "what was stored before is safe; make room and run the command again"
            case ["SQLITE", "READONLY" | "CANTOPEN"]:
                hint = "make the file and its folder writable, or name another with --library"
        raise LibraryError(problem, hint=hint) from None


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _open(path: Path, options: str) -> sqlite3.Connection:
    if "\0" in str(path):  # SQLite would take what stands before it for the name
        raise OSError("no possible name")
    uri = f"file:{quote_from_bytes(os.fsencode(path.absolute()))}?{options}"
    connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _open_to_read(path: Path) -> sqlite3.Connection:
    connection = _open(path, "mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.OperationalError:
        connection.close()
        # on a read-only disk the side files cannot be made; without a log the file is all there is
        log = path.with_name(f"{path.name}-wal")
        if _exists(log) and log.stat().st_size:
            raise
        connection = _open(path, "immutable=1")
    return connection


def _open_to_write(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _open(path, "mode=rwc")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _check(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    """Whether it is a library that this version knows, or a new file."""
    tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
    owner = _number(connection, "PRAGMA application_id")
    version = _number(connection, "PRAGMA user_version")
    if read_only and not tables and not owner:
        raise LibraryError(f"library {str(path)!r} is empty", hint="fill it: tushuo index DIR")
    if (tables or read_only) and owner != APPLICATION_ID:
        raise LibraryError(f"{str(path)!r} is no library of tushuo; another program made it")
    if version > len(MIGRATIONS):
        raise LibraryError(
            f"library {str(path)!r} has version {version}, this tushuo knows {len(MIGRATIONS)}",
            hint="a newer tushuo can read it",
        )
    if read_only and version < len(MIGRATIONS):
        raise LibraryError(
            f"library {str(path)!r} has the old version {version}",
            hint="tushuo index brings it up to date",
        )


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise LibraryError(
            f"library {str(path)!r} is damaged ({' '.join(verdict.split()):.200})",
            hint="restore a copy of it, or name another file with --library",
        )
    with transaction(connection):  # another process may upgrade at the same time
        version = _number(connection, "PRAGMA user_version")
        for step in MIGRATIONS[version:]:
            for statement in step:
                connection.execute(statement)
        if version < len(MIGRATIONS):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    _use_log(connection)


def _use_log(connection: sqlite3.Connection) -> None:
    """Write ahead to a log. SQLite itself does not wait for others here, as it does elsewhere."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
