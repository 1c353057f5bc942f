"""The bytes of a file, unpacked if need be, and never more than a bound."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from tushuo.errors import DatasetError

__all__ = ["MAX_BYTES", "read_bytes"]

MAX_BYTES = 1 << 28
"""The largest content that is read, in bytes: a fifth more than mnist.pkl holds."""

_GZIP = b"\x1f\x8b"


def read_bytes(path: Path) -> bytes:
    """The content of a file; that of a gzip file is unpacked.

    Raises:
        DatasetError: The file is missing, unreadable, damaged, or holds more than `MAX_BYTES`.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            file = gzip.GzipFile(fileobj=raw) if packed else raw
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(f"{path}: truncated or damaged ({error})", hint=_AGAIN) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"{path}: cannot be read ({reason})") from None
    if len(content) > MAX_BYTES:
        raise DatasetError(f"{path}: holds more than {MAX_BYTES:,} bytes")
    return content


_AGAIN = "download it again"
