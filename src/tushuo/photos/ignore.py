"""`.tushuoignore`: which files and folders an index leaves out, in the manner of `.gitignore`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path

__all__ = ["IGNORE_FILE", "Rules", "read_rules"]

IGNORE_FILE = ".tushuoignore"

_MAX_BYTES = 1 << 20
_ANY_DEPTH = None


@dataclass(frozen=True)
class _Rule:
    parts: tuple[re.Pattern[str] | None, ...]  # one a name on the path; None: any number of names
    ignore: bool
    folders_only: bool


@dataclass(frozen=True)
class Rules:
    """The rules of one folder; the last that matches a path decides.

    Args:
        rules: In the order of the file.
    """

    rules: tuple[_Rule, ...] = ()

    def verdict(self, names: Sequence[str], is_folder: bool) -> bool | None:
        """Whether to ignore a path, given by its names from the folder of the rules on.

        Returns:
            True, False (a rule with "!" takes it back in), or None where no rule applies.
        """
        for rule in reversed(self.rules):
            if (is_folder or not rule.folders_only) and _matches(rule.parts, names):
                return rule.ignore
        return None


def read_rules(folder: str) -> Rules:
    """The rules in a folder's `.tushuoignore`; none if there is no such file.

    Raises:
        OSError: It cannot be read.
    """
    try:
        with (Path(folder) / IGNORE_FILE).open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8-sig", "surrogateescape")
    except (FileNotFoundError, IsADirectoryError):
        return Rules()
    return Rules(tuple(rule for line in text.splitlines() if (rule := _rule(line))))


def _rule(line: str) -> _Rule | None:
    line = line.rstrip()
    if not line or line.startswith("#"):
        return None
    ignore = not line.startswith("!")
    line = line.removeprefix("!")
    folders_only = line.endswith("/")
    names = line.strip("/").split("/")
    if len(names) == 1 and not line.startswith("/"):
        names.insert(0, "**")
    parts = tuple(_ANY_DEPTH if name == "**" else _name_pattern(name) for name in names)
    return _Rule(parts, ignore, folders_only)


def _name_pattern(name: str) -> re.Pattern[str]:
    literal = re.sub(r"\\(.)", _escaped, name)
    return re.compile(translate(literal))


def _escaped(match: re.Match[str]) -> str:
    """A character that a backslash takes the meaning from."""
    return f"[{match[1]}]" if match[1] in "*?[" else match[1]


def _matches(parts: Sequence[re.Pattern[str] | None], names: Sequence[str]) -> bool:
    """Whether the parts, in order, account for all names.

    reached[j]: the parts so far can account for the first j names.
    """
    reached = [True] + [False] * len(names)
    for part in parts:
        if part is _ANY_DEPTH:
            first = reached.index(True)
            reached = [j >= first for j in range(len(reached))]
        else:
            steps = zip(reached, names, strict=False)
            reached = [False, *(before and bool(part.match(name)) for before, name in steps)]
        if True not in reached:
            return False
    return reached[-1]
