"""Listed photographs against the disk: what is missing, unsafe or listed twice is found here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from tushuo.data.example import Example
from tushuo.data.formats.listing import Listed

__all__ = ["MAX_CAPTION_CHARACTERS", "check"]

MAX_CAPTION_CHARACTERS = 2000
"""The longest caption that is accepted."""


def check(listed: Iterable[Listed]) -> tuple[list[Example], list[str]]:
    """Divide listed photographs into good examples and problems.

    Args:
        listed: The photographs as a format lists them.

    Returns:
        The examples, with white space in captions made single spaces, and one line a problem. Of a
        photograph that is listed twice the first entry is good.
    """
    examples: list[Example] = []
    problems: list[str] = []
    seen: dict[Path, str] = {}
    for entry in listed:
        if problem := _problem(entry, seen):
            problems.append(f"{entry.where}: {problem}")
            continue
        if problem := _caption_problem(entry):
            problems.append(problem)
            continue
        path = entry.root / entry.name
        seen[path] = entry.split
        captions = tuple(" ".join(caption.split()) for caption in entry.captions)
        examples.append(Example(path, captions, entry.split))
    return examples, problems


def _problem(entry: Listed, seen: dict[Path, str]) -> str:
    """What is wrong with an entry, or nothing."""
    name = entry.name
    if entry.problem:
        return entry.problem
    if not name:
        return "captions without a photograph"
    if _leads_out(name):
        return f"{name!r} leads out of the folder of photographs"
    if not entry.captions:
        return f"{name!r} has no captions"
    path = entry.root / name
    if path in seen:
        return f"{name!r} is listed twice (in {seen[path]!r} and in {entry.split!r})"
    if not _is_file(path):
        return f"photograph {name!r} is missing"
    return ""


def _leads_out(name: str) -> bool:
    """Whether a name is absolute or climbs, by the rules of any system."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    climbs = ".." in windows.parts  # which splits at both kinds of slash
    return climbs or posix.is_absolute() or bool(windows.drive or windows.root) or "\0" in name


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _caption_problem(entry: Listed) -> str:
    """The place of the first bad caption of an entry and what is wrong there, or nothing."""
    for index, caption in enumerate(entry.captions):
        if fault := _fault(caption):
            return f"{entry.place(index)}: {entry.name!r} has {fault}"
    return ""


def _fault(caption: str) -> str:
    if not caption.strip():
        return "an empty caption"
    if any("\ud800" <= letter <= "\udfff" for letter in caption):  # JSON can spell these
        return "a caption with half a character (a lone surrogate)"
    if len(caption) > MAX_CAPTION_CHARACTERS:
        return f"a caption of {len(caption):,} characters, above {MAX_CAPTION_CHARACTERS:,}"
    return ""
