"""Answers held against the checks of a lesson."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tushuo.lessons.exercise import Exercise, Lesson, UnansweredError, WrongAnswer, unanswered
from tushuo.lessons.text import Text

State = Literal["right", "wrong", "open"]

ANSWERS = "<answers>"
"""The name under which a file of answers is compiled."""
_LONGEST = 200
_MARKS = {"right": "✓", "wrong": "✗", "open": "·"}
_OPEN = Text("not answered yet", "还没有回答")
_RIGHT = Text("right", "正确")


@dataclass(frozen=True)
class Outcome:
    """How one exercise stands.

    Attributes:
        name: The exercise.
        state: "right", "wrong" (also where the answer crashed) or "open" (not answered yet).
        text: What is wrong.
    """

    name: str
    state: State
    text: Text = _OPEN


def outcome_of(exercise: Exercise, answers: Mapping[str, Any]) -> Outcome:
    """Check one answer; whatever it raises becomes part of the outcome."""
    answer = answers.get(exercise.name, ...)
    if unanswered(answer):
        return Outcome(exercise.name, "open")
    try:
        exercise.check(answer)
    except WrongAnswer as verdict:
        return Outcome(exercise.name, "wrong", verdict.text)
    except UnansweredError:
        return Outcome(exercise.name, "open")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: the answer is someone's first draft
        return Outcome(exercise.name, "wrong", crash(error))
    return Outcome(exercise.name, "right", _RIGHT)


def crash(error: BaseException) -> Text:
    """What an error in the learner's code says, and on which line it arose."""
    line = next(learners_lines(traceback.walk_tb(error.__traceback__)), None)
    line = error.lineno if isinstance(error, SyntaxError) else line
    said = error.msg if isinstance(error, SyntaxError) else error  # without file and line
    what = f"{type(error).__name__.lstrip('_')}: {said}".rstrip(": ")[:_LONGEST]
    if line is None:
        return Text(f"it stops with {what}", f"运行出错：{what}")
    return Text(f"line {line} stops with {what}", f"第 {line} 行出错：{what}")


def learners_lines(frames: Iterable[tuple[Any, int]]) -> Iterator[int]:
    """Line numbers of the learner's code, innermost first, among frames, outermost first."""
    own = [n for frame, n in frames if _is_learners(frame.f_code.co_filename)]
    return reversed(own)


def _is_learners(file: str) -> bool:
    """Whether code comes from a file of answers or a cell of a notebook."""
    return file == ANSWERS or "ipykernel_" in file or file.startswith("<ipython-input")


def report(lesson: Lesson, outcomes: list[Outcome], tries: Mapping[str, int]) -> Iterator[str]:
    """Lines that tell how the exercises stand.

    Args:
        lesson: The lesson.
        outcomes: One for each exercise that was checked.
        tries: How often each was wrong, this time included: so many hints have been earned.
    """
    exercises = {e.name: e for e in lesson.exercises}
    for name, state, text in ((o.name, o.state, o.text) for o in outcomes):
        yield f"{_MARKS[state]} {name}: {text}"
        hints = exercises[name].hints
        if state == "wrong" and hints:
            n = min(max(tries.get(name, 1), 1), len(hints))
            yield f"    {Text('hint', '提示')} {n}/{len(hints)}: {hints[n - 1]}"
    if len(outcomes) == 1:  # a cell of a notebook
        return
    right = sum(o.state == "right" for o in outcomes)
    yield str(Text(f"{right} of {len(outcomes)} right", f"{len(outcomes)} 题中答对 {right} 题"))
