"""A plain folder: `captions.csv` or `metadata.jsonl` beside the photographs, or one a split.

`metadata.jsonl` follows the imagefolder layout of Hugging Face `datasets`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tushuo.data.formats.listing import Layout, Listed, broken, group, split_name
from tushuo.data.formats.text import malformed, parse_json, read_lines
from tushuo.errors import DatasetError

__all__ = ["candidates", "read", "recognises"]

_FILES = ("captions.csv", "metadata.jsonl")
_SPLIT_FOLDERS = ("train", "dev", "val", "valid", "validation", "test")
_COLUMNS = ("file_name", "caption", "split")


def candidates(folder: Path) -> list[Path]:
    """The caption files of a folder, else those of its sub-folders `train`, `validation`, ..."""
    found = [folder / name for name in _FILES if (folder / name).is_file()]
    below = [folder / split / name for split in _SPLIT_FOLDERS for name in _FILES]
    return found or [path for path in below if path.is_file()]


def recognises(captions: Path) -> bool:
    """Whether a caption file is of this format, by its name."""
    return captions.suffix in {".csv", ".jsonl"}


def read(layout: Layout) -> Iterator[Listed]:
    """List the photographs; those of no named split belong to their sub-folder's, else to "train".

    Raises:
        DatasetError: The file is malformed.
    """
    path = layout.captions
    own = path.parent != layout.folder and path.parent.name in _SPLIT_FOLDERS
    split = split_name(path.parent.name) if own else "train"
    rows = _read_csv(path, split) if path.suffix == ".csv" else _read_jsonl(path, split)
    return group(rows)


def _read_csv(path: Path, split: str) -> Iterator[Listed]:
    """Rows of file_name, caption and perhaps split, in the order that the first row names."""
    problems: list[Listed] = []
    rows = _csv_rows(path, problems)
    number, header = next(rows, (1, []))
    if sorted(header) not in (sorted(_COLUMNS), sorted(_COLUMNS[:2])):
        malformed(path, number, ",".join(header), "the header 'file_name,caption[,split]'")
    for number, values in rows:
        try:
            yield _row(path, number, header, values, split)
        except DatasetError as error:
            yield broken(path, number, error)
    yield from problems


def _row(path: Path, number: int, header: list[str], values: list[str], split: str) -> Listed:
    if len(values) != len(header):
        malformed(path, number, ",".join(values), f"{len(header)} values as in the header")
    row = dict(zip(header, values, strict=True))
    own = split_name(row.get("split", "")) or split
    where = f"{path.name}:{number}"
    return Listed(path.parent, row["file_name"].strip(), (row["caption"],), own, where)


def _csv_rows(path: Path, problems: list[Listed]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line it starts at: quoted text may span lines."""
    lines = read_lines(path, lambda number, error: problems.append(broken(path, number, error)))
    reader = csv.reader((f"{line}\n" for _, line in lines), strict=True)
    start = 1
    try:
        for values in reader:
            if values:
                yield start, values
            start = reader.line_num + 1
    except csv.Error as error:
        malformed(path, start, str(error), 'comma-separated values, quoted with "')


def _read_jsonl(path: Path, split: str) -> Iterator[Listed]:
    problems: list[Listed] = []
    note = problems.append
    for number, line in read_lines(path, lambda n, error: note(broken(path, n, error))):
        if line.strip():
            try:
                yield _object(path, number, line, split)
            except DatasetError as error:
                yield broken(path, number, error)
    yield from problems


def _object(path: Path, number: int, line: str, split: str) -> Listed:
    row = parse_json(path, number, line)
    fields = row if isinstance(row, dict) else {}
    name, own = fields.get("file_name"), fields.get("split", split)
    captions = _texts(fields)
    if not isinstance(name, str) or not isinstance(own, str) or captions is None:
        malformed(path, number, row, _EXPECTED)
    return Listed(path.parent, name, captions, split_name(own), f"{path.name}:{number}")


_EXPECTED = "an object with 'file_name' and 'text' or 'caption' (a string or a list of strings)"


def _texts(fields: dict[str, Any]) -> tuple[str, ...] | None:
    """The captions of an object, or None if it has none of a right kind."""
    value = next((fields[key] for key in ("text", "caption", "captions") if key in fields), None)
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return tuple(texts)
    return None
