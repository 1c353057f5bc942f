"""One photograph off the disk: its content known by hash, decoded only if it is new."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from tushuo.data import MAX_BYTES, Preprocessing, load_image
from tushuo.errors import ImageError, TushuoError
from tushuo.photos.exif import Facts, read_facts

__all__ = ["Reader", "Reading", "read_content", "same_file"]

_TRIES = 3
_SETTLED = 2.0  # seconds: coarsest clock of a file system (FAT)


@dataclass(frozen=True, eq=False)
class Reading:
    """What reading a file gave.

    Attributes:
        path: The file.
        size: In bytes; None if that could not be learnt.
        mtime_ns: When it was changed; None if so lately that a change after the reading could bear
            the same time.
        hash: SHA-256 of the content; None if that could not be read.
        facts: Of a photograph that was decoded.
        pixels: (3, S, S), of a photograph that was decoded.
        error: Why it failed.
    """

    path: Path
    size: int | None = None
    mtime_ns: int | None = None
    hash: bytes | None = None
    facts: Facts | None = None
    pixels: npt.NDArray[np.float32] | None = None
    error: TushuoError | None = None


class Reader:
    """Reads photographs; may be called in many threads.

    Args:
        preprocessing: Makes pixels of photographs.
        known: The hashes of photographs that need no decoding. Each photograph is added when it is
            read, so that copies are decoded once.
    """

    def __init__(self, preprocessing: Preprocessing, known: set[bytes]) -> None:
        self.preprocessing = preprocessing
        self._known = known
        self._lock = Lock()

    def __call__(self, path: Path) -> Reading:
        """Read a photograph; what goes wrong is told in the result."""
        size = mtime_ns = digest = None
        try:
            content, status = read_content(path)
            size, mtime_ns = status.st_size, _reliable(status)
            digest = sha256(content).digest()
            if self._is_known(digest):
                return Reading(path, size, mtime_ns, digest)
            image = load_image(_Named(content, path), at_least=self.preprocessing.at_least)
            pixels = self.preprocessing(image)
        except TushuoError as error:
            size, mtime_ns = (size, mtime_ns) if size is not None else _stamp(path)
            return Reading(path, size, mtime_ns, digest, error=error)
        except MemoryError:
            problem = ImageError(f"cannot read {str(path)!r}: it does not fit in memory")
            return Reading(path, size, mtime_ns, digest, error=problem)
        return Reading(path, size, mtime_ns, digest, read_facts(content), pixels)

    def _is_known(self, digest: bytes) -> bool:
        with self._lock:
            known = digest in self._known
            self._known.add(digest)
        return known


class _Named(BytesIO):
    """Content that errors call by the name of its file."""

    def __init__(self, content: bytes, path: Path) -> None:
        super().__init__(content)
        self.name = str(path)


def read_content(path: Path) -> tuple[bytes, os.stat_result]:
    """The content of a file that stayed the same meanwhile, and its status.

    Raises:
        ImageError: It cannot be read, is no regular file, larger than `MAX_BYTES`, or changes.
    """
    for _ in range(_TRIES):
        try:
            _check(path.stat(), path)
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                content = file.read(MAX_BYTES + 1)
            after = path.stat()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ImageError(f"cannot read {str(path)!r}: {reason}") from None
        if same_file(before, after) and len(content) == before.st_size:
            return content, before
    raise ImageError(f"cannot read {str(path)!r}: it changed while it was read")


def _check(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(f"cannot read {str(path)!r}: it is not a regular file")
    if status.st_size > MAX_BYTES:
        size = f"{status.st_size:,} bytes, at most {MAX_BYTES:,} are read"
        raise ImageError(f"cannot read {str(path)!r}: {size}")


def same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether two looks at a file met the same content, as far as a look can tell."""
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (
        other.st_ino,
        other.st_size,
        other.st_mtime_ns,
    )


def _reliable(status: os.stat_result) -> int | None:
    return status.st_mtime_ns if time.time() - status.st_mtime > _SETTLED else None


def _stamp(path: Path) -> tuple[int | None, int | None]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None, None
    return status.st_size, _reliable(status)
