"""What the machine reaches at most: measured, once a process.

A kernel that does ``I`` operations a byte can reach the least of the peak of multiply-adds and
``I`` times the bandwidth: Williams, Waterman, Patterson, "Roofline: an insightful visual
performance model for multicore architectures" (2009), section 3. The bandwidth is that of the cache
which is large enough for what the kernel reads and writes.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from math import log
from threading import Barrier
from typing import Any

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.lane import INT64, intrinsic, register_type
from tushuo.compile.codegen.library import Library
from tushuo.compile.codegen.nest import counted
from tushuo.compile.codegen.target import host

SIZES = tuple(kib << 10 for kib in (24, 384, 3 << 10, 24 << 10, 96 << 10))
"""How much memory a thread goes through, in bytes: as fits the caches of most processors, and more
than most have."""

_SPAN = 2e-3  # seconds that a trial takes at least
_TRIALS = 4

Trial = Callable[[int], float]
"""Does something so many times; returns how much of it that was."""


@dataclass(frozen=True)
class Roofline:
    """What a number of threads reach together.

    Attributes:
        threads: How many.
        peak: Billions of multiplications and additions a second, by the size of a number in bytes.
        bandwidths: GB a second read and written by a thread's share of :data:`SIZES`.
    """

    threads: int
    peak: dict[int, float]
    bandwidths: tuple[float, ...]

    @property
    def memory(self) -> float:
        """GB a second from and to memory."""
        return self.bandwidths[-1]

    def bandwidth(self, size: int) -> float:
        """GB a second for a kernel that reads and writes so many bytes."""
        known = [log(each * self.threads) for each in SIZES]
        return float(np.interp(log(max(size, 1)), known, self.bandwidths))

    def least(self, flops: int, size: int, itemsize: int = 4) -> float:
        """The seconds that a kernel needs at least."""
        peak = self.peak[8 if itemsize == 8 else 4]
        return max(flops / peak, size / self.bandwidth(size)) / 1e9

    def to_dict(self) -> dict[str, Any]:
        """All figures."""
        return asdict(self) | {"sizes": list(SIZES)}


@cache
def roofline(threads: int) -> Roofline:
    """Measure what so many threads reach: about half a second, the first time."""
    peak = {
        np.dtype(name).itemsize: _rate(threads, partial(_multiply, np.dtype(name))) / 1e9
        for name in ("float32", "float64")
    }
    rates = (_rate(threads, partial(_triad, size)) / 1e9 for size in SIZES)
    return Roofline(threads, peak, tuple(rates))


def _rate(threads: int, make: Callable[[], Trial]) -> float:
    """What threads do a second, together: the best of some trials at the same time."""
    trials = [make() for _ in range(threads)]
    times = 1
    while _timed(trials[0], times)[1] < _SPAN:
        times *= 2
    barrier = Barrier(threads)

    def run(trial: Trial) -> list[float]:
        rates = []
        for _ in range(_TRIALS):
            barrier.wait()
            done, seconds = _timed(trial, times)
            rates.append(done / seconds)
        return rates

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(run, trials))
    return max(map(sum, zip(*found, strict=True)))


def _timed(trial: Trial, times: int) -> tuple[float, float]:
    start = time.perf_counter()
    done = trial(times)
    return done, time.perf_counter() - start


def _chains() -> int:
    """How many multiply-adds may be under way at the same time; more than really are."""
    return 24 if host().registers >= 32 else 12


def _multiply(dtype: np.dtype) -> Trial:
    """Multiply-adds in registers."""
    chains = _chains()
    lanes = host().vector_bytes // dtype.itemsize
    data = np.linspace(0.1, 0.9, (chains + 2) * lanes, dtype=dtype)
    function = _probes()[f"multiply_{dtype.name}"]

    def trial(times: int) -> float:
        function(times, data.ctypes.data, 0, 0, 0)
        return 2.0 * chains * lanes * times

    return trial


def _triad(size: int) -> Trial:
    """``a = b + c * s`` over arrays of so many bytes together (McCalpin's STREAM)."""
    lanes = host().vector_bytes // 4
    length = size // 12 // (4 * lanes) * (4 * lanes)
    a, b, c = (np.ones(length, np.float32) for _ in range(3))
    function = _probes()["triad"]

    def trial(times: int) -> float:
        function(times, a.ctypes.data, b.ctypes.data, c.ctypes.data, length)
        return 12.0 * length * times

    return trial


@cache
def _probes() -> dict[str, Callable[..., None]]:
    """The machine code of the trials, of a number of times, three pointers and a length."""
    module = ir.Module("probes")
    module.triple = host().triple
    for name in ("float32", "float64"):
        _write_multiply(module, np.dtype(name))
    _write_triad(module)
    names = ["multiply_float32", "multiply_float64", "triad"]
    library = Library(str(module), host(), None, names)
    kinds = [ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    return {name: library.function(name, *kinds) for name in names}


def _function(module: ir.Module, name: str, kind: ir.Type) -> tuple[Sequence[Any], ir.IRBuilder]:
    pointers = [kind.as_pointer()] * 3
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [INT64, *pointers, INT64]), name)
    return function.args, ir.IRBuilder(function.append_basic_block("entry"))


def _write_multiply(module: ir.Module, dtype: np.dtype) -> None:
    """Many chains ``x = x * a + b``, each of a vector; ``x`` goes towards ``b / (1 - a)``."""
    chains = _chains()
    vector = ir.VectorType(register_type(dtype), host().vector_bytes // dtype.itemsize)
    (times, data, *_), b = _function(module, f"multiply_{dtype.name}", vector)
    places = [b.gep(data, [ir.Constant(INT64, i)]) for i in range(chains + 2)]
    values = [b.load(place, align=dtype.itemsize) for place in places]
    entry, loop = b.block, b.append_basic_block("loop")
    b.branch(loop)
    b.position_at_end(loop)
    count = b.phi(INT64)
    now = [b.phi(vector) for _ in range(chains)]
    new = [_multiply_add(b, x, values[-1], values[-2]) for x in now]
    more = b.sub(count, ir.Constant(INT64, 1))
    for phi, first, then in zip([count, *now], [times, *values], [more, *new], strict=False):
        phi.add_incoming(first, entry)
        phi.add_incoming(then, loop)
    end = b.append_basic_block("end")
    b.cbranch(b.icmp_signed(">", more, ir.Constant(INT64, 0)), loop, end)
    b.position_at_end(end)
    for x, place in zip(new, places, strict=False):
        b.store(x, place, align=dtype.itemsize)
    b.ret_void()


def _multiply_add(b: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
    return intrinsic(b, "llvm.fma", x.type, [x, y, z], [x.type])


def _write_triad(module: ir.Module) -> None:
    lanes = host().vector_bytes // 4
    vector = ir.VectorType(register_type(np.dtype(np.float32)), lanes)
    (times, *pointers, length), b = _function(module, "triad", vector)
    scale = ir.Constant(vector, [0.5] * lanes)
    groups = b.udiv(length, ir.Constant(INT64, 4 * lanes))

    def group(i: ir.Value) -> None:
        for k in range(4):
            at = b.add(b.mul(i, ir.Constant(INT64, 4)), ir.Constant(INT64, k))
            out, x, y = (b.gep(pointer, [at]) for pointer in pointers)
            value = _multiply_add(b, b.load(y, align=4), scale, b.load(x, align=4))
            b.store(value, out, align=4)

    counted(b, times, lambda _: counted(b, groups, group))
    b.ret_void()
