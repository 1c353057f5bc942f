"""`tushuo check`: the answers to a lesson's exercises."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tushuo.cli.faces import write
from tushuo.errors import UsageError

__all__ = ["check"]


def check(
    lesson: Annotated[
        str, typer.Argument(metavar="LESSON", help="lesson-06, or a file of that name.")
    ],
    start: Annotated[
        bool, typer.Option("--start", help="Write a file to put the answers into.")
    ] = False,
    answers: Annotated[
        Path | None,
        typer.Option(help="The file of answers.", show_default="answers/LESSON.py"),
    ] = None,
    language: Annotated[
        Literal["en", "zh"] | None,
        typer.Option(help="In which language to answer.", show_default="that of the environment"),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long the answers may run.")] = 20.0,
) -> None:
    """Check the exercises of a lesson in notebooks/, with hints where an answer is wrong.

    Begin with `tushuo check lesson-06 --start`, write your answers into answers/lesson-06.py, then
    run `tushuo check lesson-06`. Each wrong answer earns a plainer hint. The file runs as a program
    of yours, in a process of its own. The exit status is 0 if all answers are right, else 1.
    """
    from tushuo.lessons import text
    from tushuo.lessons.answers import begin, count_tries, judge
    from tushuo.lessons.checking import report
    from tushuo.lessons.registry import find

    if language is not None:
        text.language(language)
    if lesson.endswith(".py"):
        if answers is not None:
            raise UsageError("the answers are named twice", hint="leave out --answers")
        answers, lesson = Path(lesson), Path(lesson).stem
    found = find(lesson)
    path = answers or Path("answers") / f"{found.name}.py"
    if start:
        begin(found, path)
        write(f"{path}")
        return
    outcomes = judge(found, path, seconds)
    for line in report(found, outcomes, count_tries(path, outcomes)):
        write(line)
    if any(outcome.state != "right" for outcome in outcomes):
        raise typer.Exit(1)
