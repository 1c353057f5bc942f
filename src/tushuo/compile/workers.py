"""The threads of the pool: Python's, each inside one call of machine code that waits for work.

They start when a compiled function first needs them, and end with the process. A process that was
forked begins without: it starts its own.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from tushuo import threads
from tushuo.compile.codegen.library import Library
from tushuo.compile.codegen.pool import LINE, LOCK, SHARE, THREAD, THREADS, locks, write_pool
from tushuo.compile.codegen.target import host
from tushuo.compile.memory import aligned
from tushuo.compile.store import default_store


class Pool:
    """The threads at work for this process.

    Attributes:
        size: How many threads there are, with the one that calls; 0 if that was not asked yet.
    """

    def __init__(self) -> None:
        self.size = 0
        self._ended = False
        self._lock = threading.Lock()
        self._state: int | None = None
        self._threads: list[threading.Thread] = []
        self._kept: list[np.ndarray] = []  # a caller may still be about to look at an old one

    def prepare(self) -> None:
        """Have as many threads as :func:`tushuo.get_num_threads` says."""
        wanted = threads.get_num_threads()
        if wanted != self.size:
            with self._lock:
                if wanted != self.size and not self._ended:
                    self._stop()
                    self._start(wanted)
                    self.size = wanted

    def end(self) -> None:
        """Let all threads end for good, and wait for them."""
        with self._lock:
            ending, self._ended = self._threads, True
            self._stop()
        for thread in ending:
            thread.join(1.0)

    def forget(self) -> None:
        """Begin without threads, for they stay behind when a process is forked."""
        if self._state is not None:
            native().use(None)
        self._state, self._threads = None, []
        self._lock, self.size = threading.Lock(), 0

    def _start(self, count: int) -> None:
        if count == 1:
            return
        words = aligned((THREAD + count * LINE,), np.dtype(np.int64))
        words[:] = 0
        words[THREAD + LOCK :: LINE] = [_taken() for _ in range(count)]
        self._kept.append(words)
        self._state = state = words.ctypes.data
        self._threads = list(_started(state, count - 1))
        words[THREADS] = 1 + len(self._threads)
        native().use(state)

    def _stop(self) -> None:
        if self._state is not None:
            native().use(None)
            native().stop(self._state)
        self._state, self._threads = None, []


def _started(state: int, count: int) -> Iterator[threading.Thread]:
    """New threads at work, fewer where the system has no more."""
    for i in range(1, count + 1):
        args, name = (state, i), f"tushuo-{i}"
        thread = threading.Thread(target=native().work, args=args, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return
        yield thread


class _Native:
    """The machine code of the pool."""

    def __init__(self) -> None:
        names = [SHARE, "use", "work", "stop"]
        self.library = Library(write_pool(host()), host(), default_store(), names, locks())
        self.use: Callable[..., None] = self.library.function("use", ctypes.c_void_p)
        self.work = self.library.function("work", ctypes.c_void_p, ctypes.c_int64)
        self.stop = self.library.function("stop", ctypes.c_void_p)


def native() -> _Native:
    """The machine code, once a process."""
    with _MAKING:  # a second copy would take the place of one that modules already call
        return _native()


@cache
def _native() -> _Native:
    return _Native()


def symbols() -> dict[str, int]:
    """What compiled modules call."""
    return {SHARE: native().library.address(SHARE)}


def _taken() -> int:
    """A new lock of CPython's, that is taken."""
    api = ctypes.pythonapi
    api.PyThread_allocate_lock.restype = ctypes.c_void_p
    lock: int = api.PyThread_allocate_lock()
    api.PyThread_acquire_lock(ctypes.c_void_p(lock), 1)
    return lock


_MAKING = threading.Lock()
POOL = Pool()
atexit.register(POOL.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.forget)
