"""How many threads compiled functions use."""

from __future__ import annotations

import os

from tushuo.errors import UsageError

_MOST = 256


def set_num_threads(number: int) -> None:
    """Let compiled functions use up to so many threads, the calling one included.

    Results do not depend on it. At the start it is ``TUSHUO_NUM_THREADS`` if that is in the
    environment, else ``OMP_NUM_THREADS``, else the number of processors that this process may use.

    Args:
        number: From 1 to 256.

    Raises:
        UsageError: It is not.
    """
    global _number
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _MOST:
        raise UsageError(
            f"set_num_threads needs a whole number from 1 to {_MOST}, got {number!r}",
            hint="set_num_threads(1) keeps compiled functions on the thread that calls them",
        )
    _number = number


def get_num_threads() -> int:
    """How many threads compiled functions use, the calling one included.

    Raises:
        UsageError: ``TUSHUO_NUM_THREADS`` is no number of threads.
    """
    if _number is None:
        set_num_threads(_from_environment())
    assert _number is not None
    return _number


def _from_environment() -> int:
    own = os.environ.get("TUSHUO_NUM_THREADS", "").strip()
    if own:
        if own.isdecimal() and 1 <= int(own) <= _MOST:
            return int(own)
        raise UsageError(
            f"TUSHUO_NUM_THREADS is {own!r}", hint=f"give a whole number from 1 to {_MOST}"
        )
    shared = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # "4,2": of nested loops
    if shared.isdecimal() and int(shared):
        return min(int(shared), _MOST)
    return min(_processors(), _MOST)


def _processors() -> int:
    """Those that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_number: int | None = None
