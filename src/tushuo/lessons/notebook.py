"""`check` as notebooks call it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tushuo.errors import UsageError
from tushuo.lessons.checking import outcome_of, report
from tushuo.lessons.registry import find

_tries: Counter[str] = Counter()


def check(lesson: str, /, **answers: Any) -> None:
    """Check answers to exercises of a lesson, and print how they stand.

    A wrong answer earns a hint, and the next one a plainer hint. What is still ``...`` counts as
    not answered yet.

    Args:
        lesson: Its name, "lesson-06".
        answers: The answers by the names of the exercises, as many as one likes.

    Raises:
        UsageError: There is no such lesson or exercise.
    """
    found = find(lesson)
    exercises = {e.name: e for e in found.exercises}
    if unknown := [name for name in answers if name not in exercises]:
        known = ", ".join(exercises)
        raise UsageError(f"{found.name} has no exercise {unknown[0]!r}", hint=f"it has {known}")
    outcomes = [outcome_of(exercises[name], answers) for name in answers]
    _tries.update(f"{found.name} {o.name}" for o in outcomes if o.state == "wrong")
    tries = {name: _tries[f"{found.name} {name}"] for name in answers}
    print(*report(found, outcomes, tries), sep="\n")
