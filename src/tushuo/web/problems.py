"""What can go wrong with a request: a status, a code for programs and one clear message."""

from __future__ import annotations

from collections.abc import Mapping

from tushuo.errors import (
    ImageError,
    LibraryError,
    MissingDependencyError,
    TushuoError,
    UsageError,
)

__all__ = ["RequestError", "problem_of"]


class RequestError(TushuoError):
    """A request that is refused.

    Args:
        status: Of the answer.
        code: A word that programs, and the page's translations, know it by.
        problem: What is wrong.
        hint: What to do about it.
        headers: Of the answer, besides the usual ones.
    """

    def __init__(
        self,
        status: int,
        code: str,
        problem: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(problem, hint=hint)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


_KINDS: tuple[tuple[type[TushuoError], int, str], ...] = (
    (ImageError, 422, "unreadable"),
    (MissingDependencyError, 422, "unreadable"),
    (UsageError, 400, "usage"),
    (LibraryError, 503, "library"),
)


def problem_of(error: TushuoError) -> RequestError:
    """Any of the package's errors as an answer."""
    if isinstance(error, RequestError):
        return error
    for kind, status, code in _KINDS:
        if isinstance(error, kind):
            return RequestError(status, code, error.problem, hint=error.hint)
    return RequestError(500, "failed", error.problem, hint=error.hint)
