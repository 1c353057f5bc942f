"""The lessons: each runs, is short, and is the same program in both languages."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from xml.etree import ElementTree

import jupytext
import pytest
from PIL import Image

from tushuo.lessons.registry import lessons

ROOT = Path(__file__).resolve().parents[1]
BOOKS = ROOT / "notebooks"
NAMES = sorted(path.name for path in (BOOKS / "en").glob("*.py"))
LESSONS = [path.relative_to(BOOKS).as_posix() for path in sorted(BOOKS.glob("??/*.py"))]
MOST_LINES, HUNG = 150, 300
CHINESE = re.compile(r"[一-鿿]")


def cells(lesson, kind):
    book = jupytext.reads((BOOKS / lesson).read_text("utf-8"), fmt="py:percent")
    return [cell.source for cell in book.cells if cell.cell_type == kind]


def code_lines(source):
    lines = (line.strip() for line in source.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def program(cell):
    """What a cell does: its tokens without comments, the name of the language put aside."""
    neutral = re.sub(r'language\("(en|zh)"\)', 'language("")', cell)
    layout = {tokenize.COMMENT, tokenize.NL}
    tokens = tokenize.generate_tokens(io.StringIO(neutral).readline)
    return [(token.type, token.string) for token in tokens if token.type not in layout]


def test_every_lesson_is_there_in_both_languages_and_has_exercises():
    assert sorted(path.name for path in (BOOKS / "zh").glob("*.py")) == NAMES
    assert [f"lesson-{name[:2]}" for name in NAMES] == list(lessons())


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_are_one_program(name):
    english, chinese = (cells(f"{language}/{name}", "code") for language in ("en", "zh"))
    assert len(english) == len(chinese)
    for ours, theirs in zip(english, chinese, strict=True):
        assert program(ours) == program(theirs)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_is_short_and_complete(lesson):
    prose, code = (cells(lesson, kind) for kind in ("markdown", "code"))
    assert 10 < sum(len(code_lines(cell)) for cell in code) < MOST_LINES
    assert prose[0].startswith("# ")
    assert sum(len(CHINESE.findall(cell)) for cell in prose) > 300 or lesson.startswith("en/")
    language, name = lesson.split("/")
    assert f'language("{language}")' in code[0]
    assert f'check("lesson-{name[:2]}"' in code[-1]
    assert "article" in "".join(prose) or "原文" in "".join(prose)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_asks_all_of_its_exercises(lesson):
    text = (BOOKS / lesson).read_text("utf-8")
    exercises = lessons()[f"lesson-{lesson[3:5]}"].exercises
    assert 2 <= len(exercises) <= 5
    for exercise in exercises:
        assert f"{exercise.name}={exercise.name}" in text
        assert exercise.stub in text


@pytest.mark.parametrize(("language", "readme"), [("en", "README.md"), ("zh", "README.zh.md")])
def test_the_readme_lists_every_lesson(language, readme):
    links = re.findall(rf"\(({language}/.+?\.py)\)", (BOOKS / readme).read_text("utf-8"))
    assert links == [f"{language}/{name}" for name in NAMES]


@pytest.mark.lessons
@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_runs(name, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    limits = {"TUSHUO_PICTURES": str(pictures), "OPENBLAS_NUM_THREADS": "1"}
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **limits, "PYTHONPATH": path, "PYTHONUTF8": "1"}
    command = [sys.executable, "-W", "error::DeprecationWarning", str(BOOKS / "en" / name)]
    run = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=HUNG
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    assert "✗" not in run.stdout
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pictures"]
    assert_pictures(list(pictures.iterdir()))


def assert_pictures(paths):
    assert paths, "a lesson has pictures"
    for path in paths:
        if path.suffix == ".svg":
            assert len(ElementTree.parse(path).getroot()) > 2
        else:
            with Image.open(path) as image:
                assert image.convert("L").getextrema()[0] < image.convert("L").getextrema()[1]
