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


def swap(
    path: Path,
    content: bytes,
    before: os.stat_result | None,
    like: Path,
    *,
    keep_time: bool = False,
) -> None:
    """Write a file anew.

    The content is written beside it, forced to the disk, and put in its place. Permissions, owner
    and extended attributes stay.

    Args:
        path: The file; if it is a link, what that leads to is exchanged.
        content: What it shall hold.
        before: How it was when it was read; None if it is a new file.
        like: What gives a new file its permissions.
        keep_time: Whether the time stays, too: a photograph without a date of its own is known by
            it. Of other files programs learn by the time that they have changed.

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
            _put(Path(name), real, before, like, keep_time)
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
            _copy(real, original)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageError(f"cannot keep the original {str(path)!r}: {reason}") from None


def _copy(real: Path, original: Path) -> None:
    """A copy that has its name only when it is whole: half of one would pass for the original."""
    part = original.with_name(f".{original.name}.tmp")
    try:
        shutil.copy2(real, part)
        part.replace(original)
    finally:
        part.unlink(missing_ok=True)


def _put(new: Path, real: Path, before: os.stat_result | None, like: Path, keep_time: bool) -> None:
    if before is None:
        new.chmod(stat.S_IMODE(like.stat().st_mode) & 0o666)
        _place(new, real)
        return
    now = real.stat()
    if not same_file(before, now):
        raise ImageError(f"cannot write {str(real)!r}: it has changed since it was read")
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(new, now.st_uid, now.st_gid)
    shutil.copystat(real, new)
    if not keep_time:
        os.utime(new)
    new.replace(real)


def _place(new: Path, real: Path) -> None:
    """Give a new file its name, unless somebody else has just made one of that name."""
    try:
        os.link(new, real)  # in one step
    except FileExistsError:
        raise ImageError(f"cannot write {str(real)!r}: somebody else has just made it") from None
    except OSError:  # a file system without hard links
        if real.exists():
            raise ImageError(f"cannot write {str(real)!r}: it is there already") from None
        new.replace(real)
    else:
        new.unlink()


def _settle(folder: Path) -> None:
    """Force the new name to the disk, where the system knows how."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
