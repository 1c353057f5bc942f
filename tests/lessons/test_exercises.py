"""Every exercise takes a right answer, and says what is wrong with others."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tushuo.lessons.checking import outcome_of
from tushuo.lessons.registry import lessons

SOLUTIONS = Path(__file__).parent / "solutions"
EXERCISES = [(name, e) for name, lesson in lessons().items() for e in lesson.exercises]
IDS = [f"{name}-{exercise.name}" for name, exercise in EXERCISES]


def solutions(lesson):
    return runpy.run_path(str(SOLUTIONS / f"{lesson.replace('-', '_')}.py"))


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES, ids=IDS)
def test_the_right_answer_is_right(lesson, exercise):
    outcome = outcome_of(exercise, solutions(lesson)["RIGHT"])
    assert outcome.state == "right", outcome.text


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES, ids=IDS)
def test_wrong_answers_are_told_what_is_wrong(lesson, exercise):
    mistakes = solutions(lesson)["WRONG"][exercise.name]
    assert len(mistakes) >= 2
    for answer, message in mistakes:
        outcome = outcome_of(exercise, {exercise.name: answer})
        assert outcome.state == "wrong", answer
        assert message in outcome.text.en
        assert "stops with" in message or "stops with" not in outcome.text.en
        if "应为" in outcome.text.zh:
            words = re.sub(r"'.*?'", "", outcome.text.zh)
            assert not re.search(r"\b(the|of|with|is|to)\b", words)


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES, ids=IDS)
def test_a_stub_is_not_answered(lesson, exercise):
    namespace = {}
    exec(exercise.stub, namespace)
    assert outcome_of(exercise, namespace).state == "open"


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES, ids=IDS)
def test_tasks_and_hints_are_in_both_languages(lesson, exercise):
    assert exercise.hints
    for text in (exercise.task, *exercise.hints):
        assert text.en.isascii()
        assert text.zh
    assert not exercise.task.zh.isascii()


def test_names_are_unlike():
    for lesson in lessons().values():
        names = [e.name for e in lesson.exercises]
        assert len(set(names)) == len(names)
        assert set(names) == set(solutions(lesson.name)["RIGHT"])
