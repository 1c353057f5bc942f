"""The learner's file of answers: begun, run in a process of its own, and counted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from unicodedata import east_asian_width

from tushuo.errors import UsageError
from tushuo.lessons.checking import Outcome, State
from tushuo.lessons.exercise import Lesson
from tushuo.lessons.text import Text

SECONDS = 20.0
"""How long a file of answers may run."""
_GRACE = 5.0
_TRIES = ".tries.json"
_COLUMNS = 92


def begin(lesson: Lesson, path: Path) -> None:
    """Write a file with the tasks as comments and ``...`` in place of the answers.

    Raises:
        UsageError: The file exists already, or cannot be written.
    """
    if path.exists():
        there = Text(f"{path} exists already", f"{path} 已经存在")
        hint = Text("write your answers there, then", "请把答案写在里面，然后运行")
        raise UsageError(str(there), hint=f"{hint}: tushuo check {path}")
    content = "\n".join(_template(lesson))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _template(lesson: Lesson) -> Iterator[str]:
    yield f'"""{lesson.name}: {lesson.title}"""\n'
    yield "import numpy as np\n\nimport tushuo\n"
    for exercise in lesson.exercises:
        yield f"\n{_comment(str(exercise.task))}\n{exercise.stub}\n"


def _comment(task: str) -> str:
    return "\n".join(f"# {part}" for line in task.splitlines() for part in _wrapped(line))


def _wrapped(line: str) -> Iterator[str]:
    """A line in parts of up to 92 columns; Chinese breaks after its marks, or at a space."""
    part, columns = "", 0
    for piece in re.findall(r"[^ ，。；：、]*[ ，。；：、]?", line):
        width = sum(1 + (east_asian_width(c) in "WF") for c in piece)  # such take two columns
        if columns + width > _COLUMNS and part:
            yield part.rstrip()
            part, columns = "", 0
        part, columns = part + piece, columns + width
    yield part.rstrip()


def judge(lesson: Lesson, path: Path, seconds: float = SECONDS) -> list[Outcome]:
    """Run a file of answers in a process of its own and check them.

    Args:
        lesson: Whose exercises.
        path: The file; it runs as a program, with all rights of the learner.
        seconds: How long it may take in all.

    Raises:
        UsageError: The file is missing, does not run at all or ends Python.
    """
    if not path.is_file():
        missing = Text(f"there is no file {path}", f"没有文件 {path}")
        hint = f"{Text('begin with', '先运行')}: tushuo check {lesson.name} --start"
        raise UsageError(str(missing), hint=hint)
    with tempfile.TemporaryDirectory() as folder:
        lines = _run(lesson, path, Path(folder) / "outcomes", seconds)
    outcomes = []
    for line in lines:
        if line["name"] is None:
            raise UsageError(f"{path}: {Text(*line['text'])}")
        outcomes.append(Outcome(line["name"], cast("State", line["state"]), Text(*line["text"])))
    return outcomes


def _run(lesson: Lesson, path: Path, out: Path, seconds: float) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tushuo.lessons.worker"]
    arguments = [lesson.name, str(path.resolve()), str(out), str(seconds)]
    with suppress(subprocess.TimeoutExpired):  # what it had found until then counts
        subprocess.run([*command, *arguments], timeout=seconds + _GRACE, check=False)
    found = out.read_text("utf-8").splitlines() if out.exists() else []
    lines = [json.loads(line) for line in found]
    if len(lines) < len(lesson.exercises) and not any(line["name"] is None for line in lines):
        text = f"it ended, or ran over {seconds:g} s, in the middle of exercise {len(lines) + 1}"
        lines.insert(0, {"name": None, "text": [text, f"在第 {len(lines) + 1} 题中途终止或超时"]})
    return lines


def count_tries(path: Path, outcomes: list[Outcome]) -> dict[str, int]:
    """How often each exercise of a file was wrong, this time included; kept beside the file."""
    book = path.parent / _TRIES
    try:
        counts = json.loads(book.read_text("utf-8"))
        mine = {str(k): int(v) for k, v in counts[path.name].items()}
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        counts, mine = {}, {}
    for outcome in outcomes:
        if outcome.state == "wrong":
            mine[outcome.name] = mine.get(outcome.name, 0) + 1
    with suppress(OSError):  # a folder that is read-only: then it is the first hint each time
        book.write_text(json.dumps({**counts, path.name: mine}), encoding="utf-8")
    return mine
