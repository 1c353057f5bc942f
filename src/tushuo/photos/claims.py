"""Which photographs an indexer is at work on, so that two of them share a folder's work."""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import sys
import time
from collections.abc import Iterable

__all__ = ["Claims"]

_LEASE = 600.0  # seconds, far above what a batch takes


class Claims:
    """The claims of one indexer.

    Args:
        connection: Of a library, to write to; callers open the transactions.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do = connection.execute
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def take(self, path: bytes) -> bool:
        """Claim a file, unless another indexer that is alive works on it."""
        row = self._do("SELECT owner, until FROM claim WHERE path = ?", (path,)).fetchone()
        if row is not None and row[0] != self._owner and row[1] > time.time() and _alive(row[0]):
            return False
        self._do(
            "INSERT OR REPLACE INTO claim (path, owner, until) VALUES (?, ?, ?)",
            (path, self._owner, time.time() + _LEASE),
        )
        return True

    def release(self, paths: Iterable[bytes]) -> None:
        """Give up the claims on some files."""
        for path in paths:
            self._do("DELETE FROM claim WHERE path = ? AND owner = ?", (path, self._owner))

    def release_all(self) -> None:
        """Give up all claims."""
        self._do("DELETE FROM claim WHERE owner = ?", (self._owner,))


def _alive(owner: str) -> bool:
    """Whether an indexer may still run; unknown ones may, until their lease is over."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdigit() or sys.platform == "win32":
        return True
    try:
        os.kill(int(rest), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
