"""The times of kernels, each run as a segment of its own, beside what the machine could do."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from tushuo.compile.codegen.library import Library
from tushuo.compile.codegen.target import host
from tushuo.compile.executable import Executable
from tushuo.compile.explain.explanation import Explanation
from tushuo.compile.explain.kernel import Kernel
from tushuo.compile.explain.kernels import explanation
from tushuo.compile.explain.roofline import roofline
from tushuo.compile.lowered import DenseBFloat16, DenseInt8, DenseInt16, Grouped
from tushuo.compile.plan import planned
from tushuo.compile.store import Store

LONG = 0.5
"""Seconds of repeating, after the first runs."""

_LEAST, _MOST = 2, 200  # how many runs; the first one of a program waits for its memory
_NOTHING = 1e-8  # seconds: shorter than can be measured


class _Stepwise(Executable):
    """Runs segment by segment, and notes their times, even if there is one only."""

    def __init__(self, executable: Executable, store: Store | None) -> None:
        plan = executable.plan
        if plan.groups:
            plan = planned(plan.program, by_image=False)
        alone = [[task] for segment in plan.segments for task in segment]
        super().__init__(replace(plan, segments=alone), store)
        self._entry = None


def measured(
    title: str, executable: Executable, inputs: Sequence[np.ndarray], store: Store | None
) -> Explanation:
    """The kernels of a program with their times.

    Args:
        title: The name of the function.
        executable: The program.
        inputs: Contiguous arrays for its inputs.
        store: Where machine code is kept.
    """
    apart = _Stepwise(executable, store)
    times: list[list[float]] = []

    def run() -> None:
        apart(inputs)
        times.append(list(apart.seconds))

    _repeated(run)
    whole = _repeated(lambda: executable(inputs))
    found = explanation(title, [apart])
    best = [min(column) for column in zip(*times, strict=True)]
    kernels = [_timed(k, t) for k, t in zip(found.kernels, best, strict=True)]
    roofs = tuple(roofline(n) for n in sorted({1, *(k.threads for k in kernels)}))
    plan = executable.plan
    return replace(
        found,
        kernels=kernels,
        arena=plan.arena.size,
        total=plan.arena.total,
        cached=executable.cached,
        seconds=whole,
        roofs=roofs,
    )


def _timed(kernel: Kernel, seconds: float) -> Kernel:
    """A kernel with its time, without that of calling it."""
    own = max(seconds - (0.0 if kernel.runs == "NumPy" else call_seconds()), _NOTHING)
    wide = any(text.startswith(("float64", "int64")) for text in kernel.writes)
    flops = kernel.flops // _at_once(kernel.ops)
    least = roofline(kernel.threads).least(flops, kernel.bytes, 8 if wide else 4)
    return replace(kernel, seconds=own, least=least)


def _at_once(ops: Sequence[str]) -> int:
    """How many products a kernel can make in the time of one of float32."""
    target = host()
    kinds: list[type[Grouped]] = [DenseBFloat16] if target.bfloat16 else []
    kinds += [DenseInt16, DenseInt8] if target.whole else []
    groups = {kind.__name__: kind.group for kind in kinds}
    return max((groups.get(name.replace("Rows", "Dense"), 1) for name in ops), default=1)


def _repeated(run: Callable[[], object]) -> float:
    """The shortest time of several runs, in seconds."""
    best, begin, count = float("inf"), time.perf_counter(), 0
    while count < _LEAST or (count < _MOST and time.perf_counter() - begin < LONG):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
        count += 1
    return best


@cache
def call_seconds() -> float:
    """What a segment that does nothing takes, called from Python."""
    text = f'target triple = "{host().triple}"\ndefine void @nothing(i64 %a, i64 %b) {{ ret void }}'
    nothing = Library(text, host(), None, ["nothing"]).function(
        "nothing", ctypes.c_void_p, ctypes.c_void_p
    )
    segments = {0: nothing}
    times = []
    for _ in range(500):
        start = time.perf_counter()
        segments[0](0, 0)
        times.append(time.perf_counter() - start)
    return min(times)
