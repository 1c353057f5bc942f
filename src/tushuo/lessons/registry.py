"""The lessons by name."""

from __future__ import annotations

from importlib import import_module

from tushuo.errors import UsageError
from tushuo.lessons.exercise import Lesson


def lessons() -> dict[str, Lesson]:
    """All lessons, in their order."""
    modules = (
        import_module("tushuo.lessons.lesson_01"),
        import_module("tushuo.lessons.lesson_02"),
        import_module("tushuo.lessons.lesson_03"),
        import_module("tushuo.lessons.lesson_04"),
        import_module("tushuo.lessons.lesson_05"),
        import_module("tushuo.lessons.lesson_06"),
        import_module("tushuo.lessons.lesson_07"),
        import_module("tushuo.lessons.lesson_08"),
        import_module("tushuo.lessons.lesson_09"),
        import_module("tushuo.lessons.lesson_10"),
        import_module("tushuo.lessons.lesson_11"),
        import_module("tushuo.lessons.lesson_12"),
        import_module("tushuo.lessons.lesson_13"),
        import_module("tushuo.lessons.lesson_14"),
    )
    return {module.LESSON.name: module.LESSON for module in modules}


def find(name: str) -> Lesson:
    """The lesson of a name, "lesson-06"; "06" and "6" do as well.

    Raises:
        UsageError: There is none.
    """
    known = lessons()
    number = name.removeprefix("lesson-")
    full = f"lesson-{number.zfill(2)}"
    if full not in known:
        raise UsageError(f"there is no lesson {name!r}", hint=f"there are {', '.join(known)}")
    return known[full]
