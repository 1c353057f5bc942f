"""A cache of object code on disk, safe when several processes use it at once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

DIGEST = 32  # bytes of SHA-256 that stand before the code
LIMIT = 256 * 2**20  # bytes
ABANDONED = 24 * 3600  # seconds; no process takes so long to write a file


class Store:
    """Files named by the hash of what they were made from, each with the hash of its content.

    A file is written beside its place and moved there, so nobody reads half of it. One that is
    damaged counts as missing. A folder that another user could write to is not used. When all
    together are longer than ``limit``, the oldest go, a quarter of all, so that this is rare. What
    a killed process left half written goes after a day.

    Args:
        folder: Where the files are.
        limit: In bytes.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._size: int | None = None  # of all files, as far as this process knows
        self._own: bool | None = None  # whether nobody else can write here

    def get(self, key: Iterable[str]) -> bytes | None:
        """The code of a key, None if there is none."""
        path = self._path(key)
        try:
            data = path.read_bytes() if self._is_own() else b""
        except OSError:
            return None
        with contextlib.suppress(OSError):  # of a folder that is only read
            os.utime(path)
        code = data[DIGEST:]
        return code if _digest(path, code) == data[:DIGEST] else None

    def put(self, key: Iterable[str], code: bytes) -> None:
        """Keep the code of a key; a disk that is full or read-only is no error."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self._is_own():
                return
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".new")
            try:
                path = self._path(key)
                with os.fdopen(handle, "wb") as file:
                    file.write(_digest(path, code) + code)
                Path(name).replace(path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
            self._note(DIGEST + len(code))

    def _is_own(self) -> bool:
        """Whether the files are this user's or the system's: their code will be run."""
        if self._own is None:
            found = self.folder.stat()
            self._own = sys.platform == "win32" or (
                found.st_uid in (0, os.geteuid()) and not found.st_mode & 0o002
            )
        return self._own

    def _path(self, key: Iterable[str]) -> Path:
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()
        return self.folder / f"{digest[:40]}.o"

    def _note(self, size: int) -> None:
        """Let the oldest files go if they are too long with a new one of some bytes."""
        if self._size is None or self._size + size > self.limit:
            self._size = self._trimmed()
        else:
            self._size += size

    def _trimmed(self) -> int:
        self._sweep()
        files = [(path, path.stat()) for path in self.folder.glob("*.o")]
        size = sum(s.st_size for _, s in files)
        if size <= self.limit:
            return size
        for path, stat in sorted(files, key=lambda f: f[1].st_mtime):
            if size <= self.limit * 3 // 4:
                break
            path.unlink(missing_ok=True)
            size -= stat.st_size
        return size

    def _sweep(self) -> None:
        """Remove files that nobody will finish."""
        for path in self.folder.glob("*.new"):
            with contextlib.suppress(OSError):  # somebody else removed or finished it
                if time.time() - path.stat().st_mtime > ABANDONED:
                    path.unlink()


def _digest(path: Path, code: bytes) -> bytes:
    """The hash of a file's code, and of its name, lest code of another key pass for it."""
    return hashlib.sha256(path.name.encode() + code).digest()


def default_store() -> Store | None:
    """The user's cache; ``TUSHUO_CACHE`` names another folder, or nothing for no cache."""
    given = os.environ.get("TUSHUO_CACHE")
    if given is not None:
        return Store(Path(given) / "code") if given else None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Store(base / "tushuo" / "code")
