"""The table of the article names files and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "article.md").read_text("utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
TABLE = [row for row in ROWS if len(row) == 5 and "Article" not in row[0]]
CHECKS = [row for row in ROWS if len(row) == 3 and "Notebook" not in row[0]]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_all_rows_are_read():
    assert len(TABLE) > 60
    assert len(CHECKS) == 6


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[1].strip()[:40])
def test_a_row_names_code_a_test_and_a_lesson(row):
    code, checks, lessons = quoted(row[2]), quoted(row[3]), row[4].split(",")
    assert code
    assert checks
    for path in code:
        assert (ROOT / "src" / "tushuo" / path).exists(), path
    assert all(1 <= int(lesson) <= 14 for lesson in lessons)


@pytest.mark.parametrize(
    "check", sorted({c for row in TABLE + CHECKS for c in quoted(row[-2 if len(row) == 5 else -1])})
)
def test_a_check_is_there(check):
    path, _, name = check.partition("::")
    file = ROOT / "tests" / path
    assert file.exists(), path
    if name:
        assert re.search(rf"^def {name}\(", file.read_text("utf-8"), re.MULTILINE), check


def test_every_lesson_is_named():
    named = {int(lesson) for row in TABLE for lesson in row[4].split(",")}
    assert named == set(range(1, 15))


def test_every_mark_is_answered():
    marks = {int(n) for row in TABLE for n in re.findall(r" \((\d+)\)", row[1])}
    answers = [int(n) for n in re.findall(r"^(\d+)\. ", PAGE, re.MULTILINE)]
    assert answers == list(range(1, len(answers) + 1))
    assert marks == set(answers)
