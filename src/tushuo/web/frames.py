"""Messages between the server and a process that decodes: a JSON header and bytes, no objects."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

__all__ = ["MOST_HEADER", "read_frame", "write_frame"]

MOST_HEADER = 1 << 16
_LENGTHS = struct.Struct(">IQ")


def write_frame(file: IO[bytes], header: dict[str, Any], body: bytes = b"") -> None:
    """Write one message."""
    text = json.dumps(header).encode()
    file.write(_LENGTHS.pack(len(text), len(body)))
    file.write(text)
    file.write(body)
    file.flush()


def read_frame(file: IO[bytes], most: int) -> tuple[dict[str, Any], bytes]:
    """Read one message.

    Args:
        file: Where to read it.
        most: The largest body that is accepted, in bytes.

    Raises:
        EOFError: The other side has ended.
        ValueError: What came is no such message, or too large.
    """
    text_size, body_size = _LENGTHS.unpack(_exactly(file, _LENGTHS.size))
    if text_size > MOST_HEADER or body_size > most:
        raise ValueError(f"a message of {text_size} and {body_size} bytes")
    header = json.loads(_exactly(file, text_size))
    if not isinstance(header, dict):
        raise ValueError("a header that is no object")
    return header, _exactly(file, body_size)


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise EOFError
    return data
