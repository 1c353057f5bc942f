"""One tree of exceptions: each says what was got, what was expected and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "BundleError",
    "CheckpointError",
    "CompileError",
    "DTypeError",
    "DatasetError",
    "GradientError",
    "GraphError",
    "ImageError",
    "InPlaceError",
    "LibraryError",
    "MissingDependencyError",
    "ShapeError",
    "SignatureError",
    "TushuoError",
    "UsageError",
    "version_hint",
]


_NAMED = 5  # bad entries that the text of an error names


class TushuoError(Exception):
    """Base of every error that tushuo raises on purpose.

    Args:
        problem: What is wrong, with what was got and what was expected, as one phrase.
        hint: What to do about it; printed after the problem.
    """

    def __init__(self, problem: str, *, hint: str = "") -> None:
        self.problem = problem
        self.hint = hint
        super().__init__(f"{problem}; {hint}" if hint else problem)


def version_hint(got: object, expected: object, anew: str) -> str:
    """What to do about a file of a version that is not read here.

    Args:
        got: The version that the file says it has.
        expected: The one that is read.
        anew: What to do about an older file.
    """
    old = isinstance(got, int) and isinstance(expected, int) and got < expected
    return f"it is older than this tushuo: {anew}" if old else "a newer tushuo may read it"


class UsageError(TushuoError):
    """A wrong option, argument or combination of them."""


class GraphError(TushuoError):
    """Base of the errors that the computational graph raises."""


class ShapeError(GraphError, ValueError):
    """Shapes, axes or indices do not fit the operation."""


class DTypeError(GraphError, TypeError):
    """Data types do not fit the operation or each other."""


class GradientError(GraphError):
    """A derivative was asked for that does not exist or cannot be computed."""


class InPlaceError(GraphError, TypeError):
    """A value that a graph may still need was about to be overwritten."""


class CompileError(GraphError):
    """A function cannot be compiled as it is written."""


class SignatureError(CompileError):
    """A compiled function was called with ever new shapes or settings."""


class ImageError(TushuoError):
    """A file is not an image that can be read."""


class DatasetError(TushuoError):
    """A data set is missing, malformed or inconsistent.

    Args:
        summary: As the problem of `TushuoError`, but for bad entries.
        hint: As of `TushuoError`.
        problems: One line for each bad entry; the problem names the first few.
    """

    def __init__(self, summary: str, *, hint: str = "", problems: Sequence[str] = ()) -> None:
        few = "; ".join(problems[:_NAMED])
        more = len(problems) - _NAMED
        entries = f": {few}" * bool(few) + f"; and {more} more" * (more > 0)
        super().__init__(f"{summary}{entries}", hint=hint)
        self.summary, self.problems = summary, tuple(problems)


class CheckpointError(TushuoError):
    """A file of weights or of training state cannot be used."""


class BundleError(TushuoError):
    """A captioner bundle is missing, incomplete or of another version."""


class LibraryError(TushuoError):
    """A library of photographs is missing, damaged, of another version, or cannot be written."""


class MissingDependencyError(TushuoError, ImportError):
    """An optional dependency is needed; the hint names the extra that brings it."""
