"""A file exchanged for a new version in one step: whoever looks sees the old one or the new one."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from tushuo.errors import ImageError
from tushuo.photos.reading import same_file

__all__ = ["keep", "swap"]


def swap(path: Path, content: bytes, before: os.stat_result | None, like: Path) -> None:
    """Write a file anew.

    The content is written beside it, forced to the disk, and put in its place. Permissions, owner,
    extended attributes and times stay: a backup notices the change by the size, and photographs
    without a date of their own keep the file's.

    Args:
        path: The file; if it is a link, what that leads to is exchanged.
        content: What it shall hold.
        before: How it was when it was read; None if it is a new file.
        like: What gives a new file its permissions.

    Raises:
        ImageError: It cannot be written, or has changed since it was read.
    """
    real = path.resolve()
    try:
        number, name = tempfile.mkstemp(prefix=".tushuo-", suffix=".tmp", dir=real.parent)
        try:
            with open(number, "wb") as file:  # noqa: PTH123  (an open file)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _put(Path(name), real, before, like)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _settle(real.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageError(f"cannot write {str(path)!r}: {reason}") from None


def keep(path: Path) -> None:
    """Keep a file under the name that exiftool gives originals, unless there is one already.

    Raises:
        ImageError: It cannot be kept.
    """
    real = path.resolve()
    original = real.with_name(f"{real.name}_original")
    try:
        if original.exists():
            return
        try:
            os.link(real, original)  # in one step, and the content is not copied
        except OSError:
            shutil.copy2(real, original)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageError(f"cannot keep the original {str(path)!r}: {reason}") from None


def _put(new: Path, real: Path, before: os.stat_result | None, like: Path) -> None:
    if before is None:
        if real.exists():
            raise ImageError(f"cannot write {str(real)!r}: somebody else has just made it")
        new.chmod(stat.S_IMODE(like.stat().st_mode) & 0o666)
        new.replace(real)
        return
    now = real.stat()
    if not same_file(before, now):
        raise ImageError(f"cannot write {str(real)!r}: it has changed since it was read")
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(new, now.st_uid, now.st_gid)
    shutil.copystat(real, new)
    new.replace(real)


def _settle(folder: Path) -> None:
    """Force the new name to the disk, where the system knows how."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
