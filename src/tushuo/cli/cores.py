"""All cores for many photographs: a batch a core, instead of one matrix product over all cores."""

from __future__ import annotations

import os
import sys

__all__ = ["divide_cores"]

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
_MOST = 8


def divide_cores() -> int:
    """Keep NumPy's matrix products to one thread each, if that can still be done.

    Small products lose more by waiting for each other than they gain, above all on a busy machine,
    and whole batches side by side use the cores for the rest of the work, too.

    Returns:
        How many batches to work on at once: 1 if the user chose a number of threads or NumPy is
        loaded already, else the number of cores.
    """
    if "numpy" in sys.modules or any(name in os.environ for name in _THREADS):
        return 1
    os.environ[_THREADS[0]] = "1"
    return min(_MOST, os.cpu_count() or 1)
