"""What an index run has to do: a walk held against what the library knows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from tushuo.errors import ImageError
from tushuo.photos.embedding import Space
from tushuo.photos.model import Model
from tushuo.photos.walk import Seen, Walk

__all__ = ["Plan", "Planner", "Todo"]

Why: TypeAlias = Literal["new", "changed", "retry", "caption", "recaption", "embedding"]


class Todo(NamedTuple):
    """A file to read, why, and for "recaption" the caption that would give way.

    Attributes:
        seen: The file.
        why: "new" and "changed" of the file; "retry" of one that failed; "caption" if there is
            none in the language; "recaption" if there is one by another model; "embedding" if only
            the photograph's place in the space of meanings is unknown.
        caption: What is shown now.
        model: Name and version of the model that wrote it.
    """

    seen: Seen
    why: Why
    caption: str | None = None
    model: str | None = None


@dataclass
class Plan:
    """What an index run would do.

    Attributes:
        todo: The files to read.
        unchanged: How many files are as they were, captioned, or left as they had failed.
        failed_before: How many of those had failed.
        marks: Files that are gone or ignored now, with their new status.
        problems: Folders that could not be read.
    """

    todo: list[Todo] = field(default_factory=list)
    unchanged: int = 0
    failed_before: int = 0
    marks: list[tuple[bytes, str]] = field(default_factory=list)
    problems: dict[str, ImageError] = field(default_factory=dict)


@dataclass(frozen=True)
class Planner:
    """Decides what is to be done.

    Attributes:
        connection: Of a library.
        models: That will write the captions, each in a language of its own.
        retry: Whether files that failed are tried again though they are unchanged.
        recaption: Whether captions by other models give way.
        space: Where each photograph shall have a place; None if places are not asked for.
    """

    connection: sqlite3.Connection
    models: tuple[Model, ...]
    retry: bool = False
    recaption: bool = False
    space: Space | None = None

    def plan(self, folders: Iterable[str | os.PathLike[str]]) -> Plan:
        """Walk through folders, or look at files; nothing is written."""
        plan, met = Plan(), set[str]()
        for folder in folders:
            walk = Walk(os.path.abspath(folder))  # noqa: PTH100  (links stay as they are named)
            for seen in walk:
                if seen.path not in met:
                    met.add(seen.path)
                    self._add(plan, seen)
            plan.problems |= walk.problems
            plan.marks += self._marks(walk, met)
        return plan

    def todo(self, seen: Seen) -> Todo | bool:
        """What is to be done about a file, or else whether it is in order."""
        verdicts = [self._todo(seen, model) for model in self.models]
        todo = [verdict for verdict in verdicts if isinstance(verdict, Todo)]
        if not todo:
            return all(verdicts)
        if any(item.why != "recaption" for item in todo):
            return next(item for item in todo if item.why != "recaption")
        texts, models = zip(*((item.caption, item.model) for item in todo), strict=True)
        return Todo(seen, "recaption", " / ".join(texts), " / ".join(models))

    def _todo(self, seen: Seen, model: Model) -> Todo | bool:
        names = (*(self.space or _NOWHERE), model.language, os.fsencode(seen.path))
        known = self.connection.execute(_KNOWN, names).fetchone()
        if known is None:
            return Todo(seen, "new")
        size, mtime_ns, status, caption, author, version, embedded = known
        if status in ("missing", "ignored") or (size, mtime_ns) != (seen.size, seen.mtime_ns):
            return Todo(seen, "changed")
        if status == "failed":
            return Todo(seen, "retry") if self.retry else False
        if caption is None:
            return Todo(seen, "caption")
        ours = author is None or (author, version) == model[:2]
        if self.recaption and not ours:
            return Todo(seen, "recaption", caption, f"{author} {version}")
        if self.space is not None and not embedded:
            return Todo(seen, "embedding")
        return True

    def embedded_hashes(self) -> set[bytes]:
        """The photographs that have a place in the space."""
        query = (
            "SELECT hash FROM photo JOIN embedding e ON e.photo = photo.id"
            f" JOIN space ON space.id = e.space WHERE {_SPACE}"
        )
        rows = self.connection.execute(query, self.space or _NOWHERE)
        return {row[0] for row in rows}

    def captioned_hashes(self, model: Model) -> set[bytes]:
        """The photographs whose captions in a model's language suffice."""
        enough = "model IS NULL OR (model = ? AND version = ?)" if self.recaption else "1"
        query = (
            "SELECT hash FROM photo WHERE EXISTS (SELECT 1 FROM caption WHERE photo = photo.id"
            f" AND language = ? AND shown AND ({enough}))"
        )
        names = model[:2] if self.recaption else ()
        return {row[0] for row in self.connection.execute(query, (model.language, *names))}

    def _add(self, plan: Plan, seen: Seen) -> None:
        todo = self.todo(seen)
        if isinstance(todo, Todo):
            plan.todo.append(todo)
        else:
            plan.unchanged += 1
            plan.failed_before += not todo

    def _marks(self, walk: Walk, met: set[str]) -> list[tuple[bytes, str]]:
        """Files below the root that the walk did not meet, though it could have."""
        if walk.root in walk.problems:  # perhaps a disk that is not plugged in
            return []
        below = os.fsencode(os.path.join(walk.root, ""))  # noqa: PTH118
        rows = self.connection.execute(
            "SELECT path FROM file WHERE path > ? AND path < ? AND status IN ('ok', 'failed')",
            (below, below[:-1] + bytes([below[-1] + 1])),
        ).fetchall()
        lost = (path for (path,) in rows if os.fsdecode(path) not in met)
        return [(path, status) for path in lost if (status := _status(path, walk))]


_NOWHERE = Space("", "", 0)
_SPACE = "(space.name, space.version, space.dimensions) = (?, ?, ?)"
_KNOWN = f"""
SELECT size, mtime_ns, status, text, model, version, EXISTS (
    SELECT 1 FROM embedding e JOIN space ON space.id = e.space WHERE e.photo = file.photo
    AND {_SPACE})
FROM file LEFT JOIN caption ON caption.photo = file.photo AND language = ? AND shown
WHERE path = ?
"""


def _status(path: bytes, walk: Walk) -> str | None:
    """Why a walk did not meet a file; None if it could not look."""
    name = Path(os.fsdecode(path))
    try:
        name.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return None
    hidden = any(str(folder) in walk.problems for folder in name.parents)
    return None if hidden else "ignored"
