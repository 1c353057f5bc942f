"""Bounded reading of text and JSON files from outside; every error names the file and the line."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from tushuo.errors import DatasetError

__all__ = ["MAX_JSON_BYTES", "MAX_LINE_BYTES", "malformed", "parse_json", "read_json", "read_lines"]

MAX_LINE_BYTES = 1 << 20
"""The longest line that is read from a text file."""

MAX_JSON_BYTES = 1 << 29
"""The largest JSON file that is read (Karpathy's COCO file has 0.14 GB)."""

_BOM = b"\xef\xbb\xbf"


def malformed(path: Path, place: int | str, got: object, expected: str) -> NoReturn:
    """Raise the error for a malformed place (a line number or an entry) of a file.

    Raises:
        DatasetError: Always.
    """
    where = f"line {place}" if isinstance(place, int) else place
    shown = repr(got[:80]) if isinstance(got, str) else reprlib.repr(got)  # bounded in any case
    raise DatasetError(f"{path}, {where}: got {shown}, expected {expected}")


def read_lines(
    path: Path, broken: Callable[[int, DatasetError], object] | None = None
) -> Iterator[tuple[int, str]]:
    """The numbered lines of a UTF-8 file, without their ends; a byte-order mark is skipped.

    Args:
        path: The file.
        broken: Told of lines that are no UTF-8, which come as blank ones.

    Raises:
        DatasetError: The file cannot be read, or a line is too long, or no UTF-8 and nobody is to
            be told.
    """
    with _open(path) as file:
        number = 0
        while raw := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                malformed(path, number, f"{raw[:20]!r}...", f"at most {MAX_LINE_BYTES:,} bytes")
            try:
                line = _decode(path, number, raw.removeprefix(_BOM) if number == 1 else raw)
            except DatasetError as error:
                if broken is None:
                    raise
                broken(number, error)
                line = ""
            yield number, line


def _decode(path: Path, number: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        bad = raw[error.start : error.end].hex(" ")
        malformed(path, number, f"byte {bad} at column {error.start + 1}", "text in UTF-8")


def read_json(path: Path) -> Any:
    """The decoded content of a JSON file.

    Raises:
        DatasetError: The file cannot be read, is too large, or is no JSON in UTF-8.
    """
    with _open(path) as file:
        raw = file.read(MAX_JSON_BYTES + 1)
    if len(raw) > MAX_JSON_BYTES:
        raise DatasetError(f"{path}: more than {MAX_JSON_BYTES:,} bytes, which is the limit")
    raw = raw.removeprefix(_BOM)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        malformed(path, line, f"byte {raw[error.start]:02x}", "text in UTF-8")
    return parse_json(path, 1, text)


def parse_json(path: Path, first_line: int, text: str) -> Any:
    """Decode JSON that starts at a given line of a file.

    Raises:
        DatasetError: The text is no JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        rest = text[error.pos : error.pos + 40] or "the end of the text"
        malformed(path, line, rest, f"JSON ({error.msg.lower()}, column {error.colno})")
    except (RecursionError, ValueError):  # ValueError: an integer of thousands of digits
        malformed(path, first_line, text[:40], "JSON of moderate depth and numbers")


def _open(path: Path) -> IO[bytes]:
    try:
        if not path.is_file():
            raise DatasetError(f"{path}: no such file")
        return path.open("rb")
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror or error})") from None
