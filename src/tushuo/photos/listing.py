"""The whole library, file by file, and its sums; and both as CSV or JSON lines."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

__all__ = ["Entry", "Info", "entries", "info", "write_csv", "write_jsonl"]


@dataclass(frozen=True)
class Entry:
    """A file with one of its captions; or without, if it has none.

    Attributes:
        path: The file.
        status: "ok", "failed", "missing" or "ignored".
        language: Of the caption.
        caption: The one that is shown.
        by: The model that wrote it; "person" for a person's own.
        version: Of the model.
        score: As of `tushuo.caption.Caption`.
        confidence: As of `tushuo.caption.Caption`.
        taken: "2024-05-31 18:02:11", by the camera's clock.
        camera: Maker and model.
        latitude: In degrees, north positive.
        longitude: In degrees, east positive.
        width: In pixels.
        height: In pixels.
        size: In bytes.
        sha256: Of the content, in hexadecimal.
        error: Why it failed.
    """

    path: Path
    status: str
    language: str | None
    caption: str | None
    by: str | None
    version: str | None
    score: float | None
    confidence: float | None
    taken: str | None
    camera: str | None
    latitude: float | None
    longitude: float | None
    width: int | None
    height: int | None
    size: int | None
    sha256: str | None
    error: str | None


@dataclass(frozen=True)
class Info:
    """Sums over a library.

    Attributes:
        path: Its file.
        bytes: Size of that, with its log.
        photographs: Different ones, by content.
        files: How many files have each status.
        captions: How many captions of each language are shown.
        edited: How many captions a person wrote.
        models: How many of the shown captions each model, by name and version, wrote.
        spaces: How many photographs can be found by meaning with each model, by name and version.
    """

    path: Path
    bytes: int
    photographs: int
    files: dict[str, int]
    captions: dict[str, int]
    edited: int
    models: dict[str, int]
    spaces: dict[str, int]


_ENTRIES = """
SELECT f.path, f.status, c.language, c.text,
    CASE WHEN c.id IS NOT NULL THEN coalesce(c.model, 'person') END,
    c.version, c.score, c.confidence, p.taken, p.camera, p.latitude, p.longitude,
    p.width, p.height, f.size, lower(hex(p.hash)), f.error
FROM file f LEFT JOIN photo p ON p.id = f.photo
LEFT JOIN caption c ON c.photo = p.id AND c.shown
ORDER BY f.path, c.language
"""


def entries(connection: sqlite3.Connection) -> Iterator[Entry]:
    """All files, by path, with each caption that is shown."""
    for path, *rest in connection.execute(_ENTRIES):
        yield Entry(Path(os.fsdecode(path)), *rest)


def info(connection: sqlite3.Connection, path: Path) -> Info:
    """Sums over a library."""
    sizes = (_size(path.with_name(path.name + end)) for end in ("", "-wal"))
    (photographs,) = connection.execute("SELECT count(*) FROM photo").fetchone()
    (edited,) = connection.execute("SELECT count(*) FROM caption WHERE model IS NULL").fetchone()

    def counts(what: str, of: str) -> dict[str, int]:
        return dict(connection.execute(f"SELECT {what}, count(*) FROM {of} GROUP BY 1 ORDER BY 1"))

    return Info(
        path,
        sum(sizes),
        photographs,
        counts("status", "file"),
        counts("language", "caption WHERE shown"),
        edited,
        counts("model || ' ' || version", "caption WHERE shown AND model IS NOT NULL"),
        counts("name || ' ' || version", "embedding JOIN space ON space.id = embedding.space"),
    )


def write_csv(rows: Iterable[Entry], file: IO[str]) -> None:
    """Write a table with a heading; a cell that a spreadsheet would compute gets an apostrophe."""
    table = csv.writer(file)
    table.writerow(field.name for field in fields(Entry))
    for row in rows:
        table.writerow([_cell(value) for value in _plain(row).values()])


def write_jsonl(rows: Iterable[Entry], file: IO[str]) -> None:
    """Write one JSON object a line; a path that is no Unicode has Python's surrogate escapes."""
    for row in rows:
        text = json.dumps(_plain(row), ensure_ascii=False)
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            text = json.dumps(_plain(row))
        file.write(text + "\n")


def _plain(row: Entry) -> Mapping[str, Any]:
    return {**asdict(row), "path": str(row.path)}


def _cell(value: object) -> object:
    """What comes from files and people could be a formula, such as =HYPERLINK(...)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(tuple("=+-@\t\r")) else value


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
