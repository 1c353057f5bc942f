"""One trainer a folder: a file in it says who trains there."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from tushuo.errors import CheckpointError, UsageError
from tushuo.train.run_folder import make_folder

__all__ = ["CLAIM", "claimed"]

CLAIM = "training.lock"
_MOST_BYTES = 1000

_tokens: set[str] = set()  # of this process, in any thread
_held: ContextVar[frozenset[Path]] = ContextVar("_held", default=frozenset())


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """A block in which no other trainer, in this process or another, works in a folder.

    The folder holds a file that names machine, process and a random token. A file whose process is
    gone, killed say, is taken over; that of a process on another machine is not, as nothing tells
    whether it still runs. Inside of the block the same folder may be claimed once more.

    Raises:
        CheckpointError: Another trainer works there; the message names the file.
        UsageError: The folder cannot be made or written.
    """
    make_folder(folder)
    place = folder.resolve()
    if place in _held.get():
        yield
        return
    token = secrets.token_hex(8)
    _take(place / CLAIM, f"{socket.gethostname()}:{os.getpid()}:{token}")
    _tokens.add(token)
    mark = _held.set(_held.get() | {place})
    try:
        yield
    finally:
        _held.reset(mark)
        _tokens.discard(token)
        with suppress(OSError):
            (place / CLAIM).unlink()


def _take(path: Path, owner: str) -> None:
    try:
        while not _created(path, owner):
            _remove_stale(path)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"cannot write {path}: {why}", hint="choose another folder") from None


def _created(path: Path, owner: str) -> bool:
    """Whether the file could be made, there being none.

    It appears whole or not at all: a process killed meanwhile leaves no file that names nobody.
    """
    part = _aside(path)
    part.write_text(owner, "utf-8")
    try:
        os.link(part, path)
    except (FileExistsError, FileNotFoundError):  # the latter: who came first has tidied up
        return False
    except OSError:  # a file system without hard links
        return _created_in_place(path, owner)
    finally:
        part.unlink(missing_ok=True)
    for left in path.parent.glob(f".{path.name}.*"):  # by processes that were killed
        left.unlink(missing_ok=True)
    return True


def _created_in_place(path: Path, owner: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(owner)
    except FileExistsError:
        return False
    return True


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _remove_stale(path: Path) -> None:
    """Remove the file of a trainer that is gone; raise if it may still run."""
    owner = _read(path)
    if owner is None:
        return
    host, _, rest = owner.partition(":")
    number, _, token = rest.partition(":")
    if _may_run(host, number, token):
        raise CheckpointError(
            f"{path.parent} is in use: process {number or '?'} on {host or '?'} trains there",
            hint=f"wait for it, choose another folder, or remove {path} if it is gone",
        )
    aside = _aside(path)
    with suppress(FileNotFoundError):  # somebody else was faster
        path.rename(aside)
        if _read(aside) == owner:
            aside.unlink()
        else:  # so fast that this is already theirs
            aside.rename(path)


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None


def _may_run(host: str, number: str, token: str) -> bool:
    if host != socket.gethostname() or not number.isdecimal():
        return True
    if int(number) == os.getpid():
        return token in _tokens  # else the number of a process of old, given anew
    if sys.platform == "win32":
        return True
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
