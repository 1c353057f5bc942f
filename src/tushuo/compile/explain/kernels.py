"""From plans to kernels with their sources, reasons and work."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tushuo.compile.codegen.assembly import ASSEMBLIES
from tushuo.compile.codegen.gather import GATHERS
from tushuo.compile.codegen.pool import SHARE
from tushuo.compile.codegen.support import PRODUCTS
from tushuo.compile.direct import Direct
from tushuo.compile.explain.explanation import Explanation
from tushuo.compile.explain.kernel import Kernel, Line
from tushuo.compile.explain.reasons import Reasons, fused
from tushuo.compile.explain.work import moved, work
from tushuo.compile.layout import View
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.passes.tails import Tailed
from tushuo.compile.plan import Task
from tushuo.compile.program import Instruction
from tushuo.graph.node import Source
from tushuo.threads import get_num_threads

if TYPE_CHECKING:
    from tushuo.compile.executable import Executable


def explanation(title: str, executables: Sequence[Executable]) -> Explanation:
    """The kernels of several programs, one after the other."""
    plans = tuple(each.plan for each in executables)
    kernels: list[Kernel] = []
    for each in executables:
        kernels += _kernels(each, len(kernels))
    return Explanation(
        title,
        kernels,
        sum(plan.arena.size for plan in plans),
        sum(plan.arena.total for plan in plans),
        all(each.cached for each in executables),
        plans=plans,
    )


def _kernels(executable: Executable, first: int) -> Iterator[Kernel]:
    reasons = Reasons(executable.plan, first)
    names = iter(executable.kernels)
    tasks = (task for segment in executable.plan.segments for task in segment)
    for number, task in enumerate(tasks, first):
        called = executable.callees[next(names)] if task.native else frozenset()
        shape, flops = work(task)
        yield Kernel(
            number,
            _kind(task, called),
            tuple(step.op.name for step in _steps(task.step)),
            tuple(map(_type, task.operands)),
            tuple(map(_type, task.results)),
            shape,
            flops,
            moved(task),
            _lines(task.step),
            fused(task),
            reasons.apart(task),
            get_num_threads() if SHARE in called or any("gemm" in x for x in called) else 1,
        )


def _kind(task: Task, called: frozenset[str]) -> str:
    op: Any = task.step.op
    first = op.program.body[0].op if isinstance(op, Tailed) else op
    if not task.native:
        return "NumPy"
    if isinstance(op, Loop) and not isinstance(op, Tailed):
        return "loop + sum" if op.axes else "loop"
    tail = " + tail" if isinstance(op, Tailed) else ""
    if isinstance(first, PRODUCTS):
        return f"{'BLAS' if any('gemm' in x for x in called) else 'product'}{tail}"
    if isinstance(first, Direct):
        return f"{'product' if first.name.startswith('Rows') else 'convolution'}{tail}"
    kinds = {GATHERS: "gather", ASSEMBLIES: "assembly"}
    return next((kind for ops, kind in kinds.items() if isinstance(op, ops)), "kernel")


def _steps(step: Instruction) -> Sequence[Instruction]:
    return step.op.program.body if isinstance(step.op, Loop) else (step,)


def _lines(step: Instruction) -> tuple[Line, ...]:
    """The lines of the operations, each once, in order."""
    sources = [one.source or step.source for one in _steps(step)]
    return tuple(dict.fromkeys(_line(source) for source in sources if source is not None))


@lru_cache(4096)
def _line(source: Source) -> Line:
    number = source.line
    return Line(source.file, number, linecache.getline(source.file, number).strip())


def _type(view: View) -> str:
    return f"{view.root.dtype}{list(view.shape)}"
