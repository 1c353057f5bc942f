"""What the machine can do at this moment: fused multiplications and additions, reads of memory."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import llvmlite.binding as llvm
import numpy as np

from tushuo.compile.codegen.library import Library
from tushuo.compile.codegen.target import host

_SUMS, _ROUNDS, _TRIES = 12, 1_000_000, 3
_BYTES = 1 << 27  # more than caches hold


class Peak(NamedTuple):
    """What all threads together reach.

    Attributes:
        gflops: 10**9 float32 operations a second; a fused multiplication and addition is two.
        gbytes: 10**9 bytes a second read from memory.
    """

    gflops: float
    gbytes: float


def peak(threads: int) -> Peak:
    """The best of a few tries, about 0.1 s."""
    lanes, fma, read = _functions()
    data = _array()
    part = len(data) // threads
    steps = part // (lanes * _SUMS)
    starts = [data[i * part :].ctypes.data for i in range(threads)]
    operations = 2.0 * lanes * _SUMS * _ROUNDS * threads
    size = 4.0 * lanes * _SUMS * steps * threads
    slow = min(_together([lambda: fma(0, _ROUNDS)] * threads) for _ in range(_TRIES))
    reads = [lambda start=start: read(start, steps) for start in starts]
    return Peak(operations / slow / 1e9, size / min(_together(reads) for _ in range(_TRIES)) / 1e9)


def _together(jobs: Sequence[Callable[..., object]]) -> float:
    """Seconds until all are done that begin at once; machine code runs without the GIL."""
    if len(jobs) == 1:
        start = time.perf_counter()
        jobs[0]()
        return time.perf_counter() - start
    gate = threading.Barrier(len(jobs) + 1)

    def wait(job: Callable[..., object]) -> None:
        gate.wait()
        job()

    threads = [threading.Thread(target=wait, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    gate.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


@cache
def _array() -> np.ndarray:
    return np.ones(_BYTES // 4, np.float32)


@cache
def _functions() -> tuple[int, Callable[..., object], Callable[..., object]]:
    """The floats of a vector, and both loops as machine code."""
    target = host()
    lanes = target.vector_bytes // 4
    text = f'target triple = "{llvm.get_process_triple()}"\n' + _loop(lanes, "fma", _FMA)
    text += _loop(lanes, "read", _READ)
    text += f"declare <{lanes} x float> @llvm.fma.v{lanes}f32({', '.join(['V'] * 3)})\n"
    library = Library(text.replace("V", f"<{lanes} x float>"), target, None, ["fma", "read"])
    arguments = ctypes.c_size_t, ctypes.c_size_t
    return lanes, library.function("fma", *arguments), library.function("read", *arguments)


# of one sum %i in a step of the loop, from the old sum %s{i}
_FMA = """  %n{i} = call V @llvm.fma.v{lanes}f32(V %s{i}, V %s{i}, V %s{i})
"""
_READ = """  %p{i} = getelementptr V, ptr %from, i64 {i}
  %x{i} = load V, ptr %p{i}, align 4
  %n{i} = fadd V %s{i}, %x{i}
"""


def _loop(lanes: int, name: str, body: str) -> str:
    """A function of an address and a number of steps, whose sums end where nobody looks."""
    sums = range(_SUMS)
    phis = "".join(f"  %s{i} = phi V [ %zero{i}, %start ], [ %n{i}, %loop ]\n" for i in sums)
    # volatile, lest the compiler sees that all sums are the same and computes one
    zeros = "".join(f"  %zero{i} = load volatile V, ptr %out, align 4\n" for i in sums)
    inner = "".join(body.format(i=i, lanes=lanes) for i in sums)
    kept = "".join(f"  store volatile V %n{i}, ptr %out, align 4\n" for i in sums)
    return f"""
define void @{name}(i64 %address, i64 %steps) {{
start:
  %out = alloca V
  store volatile V zeroinitializer, ptr %out, align 4
{zeros}  %array = inttoptr i64 %address to ptr
  br label %loop
loop:
  %k = phi i64 [ 0, %start ], [ %next, %loop ]
{phis}  %offset = mul i64 %k, {_SUMS}
  %from = getelementptr V, ptr %array, i64 %offset
{inner}  %next = add i64 %k, 1
  %more = icmp ult i64 %next, %steps
  br i1 %more, label %loop, label %end
end:
{kept}  ret void
}}
"""
