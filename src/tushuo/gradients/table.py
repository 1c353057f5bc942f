"""Tables for people: plain text for terminals, HTML for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from unicodedata import east_asian_width

_RIGHT = set("0123456789.+-e%, usmx")


def plain(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned with spaces under a line; columns of numbers to the right."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(_width, column)) for column in columns]
    right = [_numeric(column[1:]) for column in columns]
    lines = [_line(row, widths, right) for row in (head, *rows)]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths if w), *lines[1:]])


def html(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as HTML, all text escaped."""
    body = [_row("th", head), *(_row("td", row) for row in rows)]
    return f"<table>\n{chr(10).join(body)}\n</table>"


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, width, to_right in zip(cells, widths, right, strict=True):
        space = " " * (width - _width(cell))
        padded.append(space + cell if to_right else cell + space)
    return "  ".join(padded).rstrip()


def _numeric(cells: Sequence[str]) -> bool:
    return all(set(cell) <= _RIGHT for cell in cells)


def _width(text: str) -> int:
    """Columns of a terminal that the text takes; Chinese characters take two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
