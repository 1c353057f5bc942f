"""The process in which a learner's answers run: ``worker LESSON FILE OUT SECONDS``."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path

from tushuo.lessons.checking import ANSWERS, Outcome, crash, learners_lines, outcome_of
from tushuo.lessons.registry import find
from tushuo.lessons.text import Text


def main(name: str, file: str, out: str, seconds: float) -> None:
    """Write the outcomes to ``out``, one JSON object a line; one named None ends them early."""
    path = Path(file)
    report = _Report(Path(out))
    _watch(seconds, report)
    namespace: dict[str, object] = {"__name__": path.stem, "__file__": file}
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(path.read_bytes(), ANSWERS, "exec"), namespace)
    except BaseException as error:  # whatever it is, the learner should read it
        report.add(None, crash(error))
        return
    for exercise in find(name).exercises:
        report.begun = exercise.name
        outcome = outcome_of(exercise, namespace)
        report.add(outcome, outcome.text)


class _Report:
    """The outcomes as they come; ``begun`` is the exercise under way."""

    def __init__(self, path: Path) -> None:
        self.path, self.begun = path, ""

    def add(self, outcome: Outcome | None, text: Text) -> None:
        name, state = (outcome.name, outcome.state) if outcome else (None, None)
        line = json.dumps({"name": name, "state": state, "text": list(text)})
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


def _watch(seconds: float, report: _Report) -> None:
    """End this process after a time, and tell on which line it was."""
    main_thread = threading.get_ident()

    def end() -> None:
        frame = sys._current_frames()[main_thread]
        stack = reversed(list(traceback.walk_stack(frame)))
        line = next(learners_lines(stack), None)
        report.add(None, _too_long(report.begun, line, seconds))
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _too_long(exercise: str, line: int | None, seconds: float) -> Text:
    en, zh = (f"{exercise}: ", f"{exercise}：") if exercise else ("", "")
    at = Text(f" at line {line}", f"，停在第 {line} 行") if line else Text("", "")
    return Text(
        f"{en}still running after {seconds:g} s{at.en}; is there a loop that never ends?",
        f"{zh}运行了 {seconds:g} 秒仍未结束{at.zh}：是不是有死循环？",
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
