"""What a program was compiled to, kernel by kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tushuo.compile.codegen.support import PRODUCTS
from tushuo.compile.direct import MAPS, Direct
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.passes.tails import Tailed
from tushuo.compile.plan import Plan, Task, planned

if TYPE_CHECKING:
    from tushuo.compile.executable import Executable


@dataclass(frozen=True)
class Kernel:
    """One step of a compiled program.

    Attributes:
        runs: "machine code" or "NumPy".
        what: The operations.
        shape: What it runs over: a loop's shape, or (m, n, k) of a product.
        flops: Floating-point operations; an exponential counts as one.
        bytes: Read and written, if nothing stays in a cache.
        source: The user's line.
        seconds: The shortest time of several runs, None if it was not measured.
    """

    runs: str
    what: str
    shape: tuple[int, ...]
    flops: int
    bytes: int
    source: str
    seconds: float | None = None


@dataclass(frozen=True)
class Explanation:
    """All kernels of a compiled function, and the memory that they need.

    Attributes:
        kernels: In the order in which they run.
        arena: Memory for what is computed in between, in bytes.
        total: What that would be without sharing.
        cached: Whether the machine code came from the cache on disk.
    """

    kernels: list[Kernel]
    arena: int
    total: int
    cached: bool

    def __str__(self) -> str:
        head: tuple[str, ...] = ("runs in", "operations", "shape", "flops", "bytes", "line")
        rows: list[tuple[str, ...]] = [
            (k.runs, k.what, "x".join(map(str, k.shape)), f"{k.flops:,}", f"{k.bytes:,}", k.source)
            for k in self.kernels
        ]
        if any(k.seconds is not None for k in self.kernels):
            head = (*head, "us", "GFLOP/s", "GB/s")
            rows = [(*row, *_speed(k)) for row, k in zip(rows, self.kernels, strict=True)]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        text = [
            "  ".join(x.ljust(w) for x, w in zip(row, widths, strict=True)).rstrip()
            for row in (head, *rows)
        ]
        origin = "from the cache" if self.cached else "new"
        text.append(f"arena: {self.arena:,} bytes for values of {self.total:,}; code: {origin}")
        return "\n".join(text)


def explanation(executables: Sequence[Executable]) -> Explanation:
    """The kernels of several programs, one after the other."""
    plans = [each.plan for each in executables]
    return Explanation(
        [kernel for plan in plans for kernel in _kernels(plan)],
        sum(plan.arena.size for plan in plans),
        sum(plan.arena.total for plan in plans),
        all(each.cached for each in executables),
    )


def measured(executable: Executable, inputs: Sequence[np.ndarray], runs: int = 20) -> Explanation:
    """The kernels of a program with their times: each runs as a segment of its own."""
    plan = planned(executable.plan.program, by_image=False)
    alone = [[task] for segment in plan.segments for task in segment]
    apart = type(executable)(replace(plan, segments=alone), None)
    times = []
    for _ in range(runs):
        apart(inputs)
        times.append(list(apart.seconds))
    best = [min(column) for column in zip(*times, strict=True)]
    found = explanation([executable])
    kernels = [replace(k, seconds=t) for k, t in zip(found.kernels, best, strict=True)]
    return replace(found, kernels=kernels)


def _speed(kernel: Kernel) -> tuple[str, ...]:
    seconds = kernel.seconds or 0.0
    rates = (x / seconds / 1e9 if seconds else 0.0 for x in (kernel.flops, kernel.bytes))
    return (f"{seconds * 1e6:.1f}", *(f"{rate:.1f}" for rate in rates))


def _kernels(plan: Plan) -> Iterator[Kernel]:
    for task in (task for segment in plan.segments for task in segment):
        shape, flops = _work(task)
        moved = {v.root: v.root.nbytes for v in (*task.operands, *task.results)}
        yield Kernel(
            "machine code" if task.native else "NumPy",
            _what(task),
            shape,
            flops,
            sum(moved.values()),
            _line(task),
        )


def _work(task: Task) -> tuple[tuple[int, ...], int]:
    op: Any = task.step.op
    first: Any = op.program.body[0].op if isinstance(op, Tailed) else op
    if isinstance(first, Direct):
        maps = task.results[0].shape if isinstance(first, MAPS) else task.operands[1].shape
        more = prod(maps) * (len(op.program.body) - 1) if isinstance(op, Tailed) else 0
        return task.results[0].shape, first.flops(task.operands[0].shape, maps[1]) + more
    if isinstance(op, Tailed):
        k = task.operands[0].shape[-1]
        return (*op.shape, k), prod(op.shape) * (2 * k + len(op.program.body) - 1)
    if isinstance(op, Loop):
        return op.shape, prod(op.shape) * len(op.program.body)
    if isinstance(op, PRODUCTS):
        result, k = task.results[0].shape, task.operands[0].shape[-1]
        return (*result, k), 2 * prod(result) * k
    return task.results[0].shape, 0


def _what(task: Task) -> str:
    op: Any = task.step.op
    if not isinstance(op, Loop):
        return str(op.name)
    names = [step.op.name for step in op.program.body]
    return " ".join(names) if len(names) <= 8 else f"{' '.join(names[:7])} ... ({len(names)})"


def _line(task: Task) -> str:
    source = task.step.source
    return "" if source is None else f"{source.file.rsplit('/', 1)[-1]}:{source.line}"
