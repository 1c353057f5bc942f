"""Silence for Pillow's warnings that is safe with many threads."""

from __future__ import annotations

import sys
import threading
import warnings
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

__all__ = ["quiet_pillow"]


class _SharedSilence:
    """Hushes Pillow from the first thread's entry to the last one's exit.

    `warnings.catch_warnings` swaps a list that all threads share: were each thread to use its own,
    an early exit would restore the list under another thread's feet.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved: warnings.catch_warnings[Any] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._saved is not None:
                self._saved.__exit__(kind, error, trace)
                self._saved = None


_SHARED = _SharedSilence()


def quiet_pillow() -> AbstractContextManager[object]:
    """A context in which Pillow warns of nothing; other modules' warnings still show."""
    if getattr(sys.flags, "context_aware_warnings", False):  # Python 3.14: filters per thread
        return warnings.catch_warnings(action="ignore")
    return _SHARED
