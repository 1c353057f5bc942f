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

_SKIPPED = Text("not checked, for the one before did not end", "前一题没有结束，本题未检查")


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
    report.left = [exercise.name for exercise in find(name).exercises]
    for exercise in find(name).exercises:
        outcome = outcome_of(exercise, namespace)
        report.add(outcome, outcome.text)
        report.left.pop(0)


class _Report:
    """The outcomes as they come; ``left`` are the exercises from the one under way on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left: list[str] = []

    def add(self, outcome: Outcome | None, text: Text) -> None:
        name, state = (outcome.name, outcome.state) if outcome else (None, None)
        line = json.dumps({"name": name, "state": state, "text": list(text)})
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def stop(self, why: Text) -> None:
        """The exercise under way is wrong, those after it are not checked."""
        if not self.left:
            self.add(None, why)
        for i, name in enumerate(self.left):
            outcome = Outcome(name, "open", _SKIPPED) if i else Outcome(name, "wrong", why)
            self.add(outcome, outcome.text)


def _watch(seconds: float, report: _Report) -> None:
    """End this process after a time, and tell on which line it was."""
    main_thread = threading.get_ident()

    def end() -> None:
        frame = sys._current_frames()[main_thread]
        stack = reversed(list(traceback.walk_stack(frame)))
        report.stop(_too_long(next(learners_lines(stack), None), seconds))
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _too_long(line: int | None, seconds: float) -> Text:
    at = Text(f" at line {line}", f"，停在第 {line} 行") if line else Text("", "")
    return Text(
        f"still running after {seconds:g} s{at.en}; a loop that never ends, or a very long way?",
        f"运行了 {seconds:g} 秒仍未结束{at.zh}：是死循环，还是算法太慢？",
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
