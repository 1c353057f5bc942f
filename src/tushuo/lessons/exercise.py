"""An exercise: a task, the beginning of an answer, hints, and a check that computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NoReturn

import numpy as np

from tushuo.lessons.text import Text

Check = Callable[[Any], None]


class WrongAnswer(Exception):  # noqa: N818 - a verdict on an answer, not an error of the program
    """An answer is not right; ``text`` says what is wrong with it."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.en)


class UnansweredError(Exception):
    """A function still returns ``...``, as its stub does."""


@dataclass(frozen=True)
class Exercise:
    """One question of a lesson.

    Attributes:
        name: The name that the answer has in the learner's file.
        task: What is asked, in a sentence or two.
        stub: The lines from which the learner starts, with ``...`` in place of the answer.
        hints: From a nudge to nearly the answer; each failure shows one more.
        check: Takes the answer; raises :class:`WrongAnswer` if it is not right.
    """

    name: str
    task: Text
    stub: str
    hints: tuple[Text, ...]
    check: Check


@dataclass
class Lesson:
    """A lesson's exercises, in their order; :meth:`exercise` adds one."""

    name: str
    title: Text
    exercises: list[Exercise] = field(default_factory=list)

    def exercise(
        self, name: str, *, stub: str, task: Text, hints: Sequence[Text]
    ) -> Callable[[Check], Check]:
        """Decorate the check of an exercise; see :class:`Exercise`."""

        def add(check: Check) -> Check:
            self.exercises.append(Exercise(name, task, stub, tuple(hints), check))
            return check

        return add


def wrong(en: str, zh: str) -> NoReturn:
    """Say that an answer is not right.

    Raises:
        WrongAnswer: Always.
    """
    raise WrongAnswer(Text(en, zh))


def expect(condition: Any, en: str, zh: str) -> None:
    """Say that an answer is not right unless the condition holds.

    Raises:
        WrongAnswer: It does not hold.
    """
    if not condition:
        wrong(en, zh)


def near(got: Any, expected: Any, what: str | Text, rtol: float = 1e-6, atol: float = 1e-9) -> None:
    """Hold numbers against those expected: a kind, a shape and values.

    Args:
        got: A number, an array, a Tensor or a list of numbers.
        expected: The same, as it should be.
        what: What it is, as the learner would write it: ``slope(1.5)``; or in words, a Text.
        rtol: Relative tolerance.
        atol: Absolute tolerance.

    Raises:
        WrongAnswer: It is no number, has another shape or differs.
    """
    found, right = array(got, what), array(expected, what)
    en, zh = _both(what)
    expect(
        found.shape == right.shape,
        f"{en} has shape {found.shape}; shape {right.shape} is expected",
        f"{zh} 的形状是 {found.shape}，应为 {right.shape}",
    )
    if not np.allclose(found, right, rtol, atol):
        shown, wanted = _shown(found), _shown(right)
        wrong(f"{en} is {shown}; {wanted} is right", f"{zh} 得到 {shown}，应为 {wanted}")


def array(got: Any, what: str | Text) -> np.ndarray:
    """An answer as a float64 array.

    Raises:
        WrongAnswer: It does not hold real numbers.
    """
    numbers = got.numpy() if hasattr(got, "numpy") else got
    try:
        found = np.asarray(numbers)
    except ValueError:  # a ragged list
        found = np.asarray(None)
    kind, (en, zh) = type(got).__name__, _both(what)
    expect(
        found.dtype.kind in "fiub",
        f"{en} is a {kind}, {got!r:.40}; numbers are expected",
        f"{zh} 是 {kind} 类型：{got!r:.40}，应为数",
    )
    return found.astype(np.float64)


def number(got: Any, what: str) -> float:
    """An answer as a single number.

    Raises:
        WrongAnswer: It is none, or several.
    """
    found = array(got, what)
    expect(
        not found.ndim,
        f"{what} has shape {found.shape}; a single number is expected",
        f"{what} 的形状是 {found.shape}，应为单个数",
    )
    return float(found)


def function(answer: Any, name: str) -> Callable[..., Any]:
    """An answer as a function whose results are neither None nor ``...``.

    Raises:
        WrongAnswer: It is no function; or, when it is called, it returns None.
        UnansweredError: When it is called, it returns ``...``.
    """
    expect(callable(answer), f"{name} is not a function", f"{name} 不是函数")

    @wraps(answer)
    def asked(*args: Any, **kwargs: Any) -> Any:
        result = answer(*args, **kwargs)
        if unanswered(result):
            raise UnansweredError
        expect(
            result is not None,
            f"{name} returned None; does every way through it end with return?",
            f"{name} 返回了 None：每条路径都以 return 结尾吗？",
        )
        return result

    return asked


def unanswered(answer: Any) -> bool:
    """Whether an answer is still ``...``, or holds it."""
    if isinstance(answer, dict):
        return any(value is ... for value in answer.values())
    return answer is ... or (isinstance(answer, list | tuple) and any(a is ... for a in answer))


def _both(what: str | Text) -> Text:
    return Text(what, what) if isinstance(what, str) else what


def _shown(values: np.ndarray) -> str:
    if not values.ndim:
        return f"{values + 0:.6g}"
    text = np.array2string(values, precision=6, threshold=8, separator=", ")
    return " ".join(text.split())
