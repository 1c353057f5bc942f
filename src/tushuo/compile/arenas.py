"""Large arenas, shared by all compiled programs of a process.

A function that is called with sentences of twenty lengths has twenty programs, of which one runs at
a time: one arena, the largest, does for all.
"""

from __future__ import annotations

import threading

import numpy as np

__all__ = ["ARENAS", "SHARED", "Arenas"]

SHARED = 1 << 20
"""Arenas of so many bytes and more are shared; a program keeps a smaller one for itself."""


class Arenas:
    """Memory that programs borrow for a call.

    Args:
        kept: How many arenas that nobody uses are kept at most.
    """

    def __init__(self, kept: int = 2) -> None:
        self._kept = kept
        self._free: list[np.ndarray] = []  # smallest first
        self._lock = threading.Lock()

    def take(self, size: int) -> np.ndarray:
        """At least ``size`` bytes with any content; a free arena that is too small makes room."""
        with self._lock:
            for i, arena in enumerate(self._free):
                if arena.nbytes >= size:
                    return self._free.pop(i)
            if self._free:
                self._free.pop()
        return np.empty(size, np.uint8)

    def give(self, arena: np.ndarray) -> None:
        """An arena is not used any more."""
        with self._lock:
            self._free.append(arena)
            self._free.sort(key=lambda free: free.nbytes)
            del self._free[: -self._kept]


ARENAS = Arenas()
