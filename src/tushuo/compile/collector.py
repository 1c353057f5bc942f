"""A pause for Python's collector of cycles."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
_inside = 0
_enabled = False


@contextmanager
def paused() -> Iterator[None]:
    """No search for garbage meanwhile: compiling makes many objects, and nearly all of them stay.

    Each search looks at all of them again. Threads may be inside at the same time; the last one
    that leaves turns the collector on again if it was on.
    """
    global _inside, _enabled
    with _LOCK:
        if _inside == 0:
            _enabled = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if _inside == 0 and _enabled:
                gc.enable()
