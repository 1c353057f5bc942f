"""The machine code of the pool of threads: a job is cut into chunks, and who is free takes one.

``tushuo_share(count, chunk, context)`` calls ``chunk(context, i)`` for each i below ``count``, and
returns when all calls have. Each thread begins with a stretch of its own, the same in every job of
as many chunks, so that what it needs is in its cache; then it takes what others have not begun. The
caller is one of them; while its job runs, another caller's (or one inside of a chunk) is done by
that caller alone.

A worker that finds nothing to do looks again for some microseconds, then sleeps; so does a caller
whose last chunks are in the hands of workers. Who falls asleep says so first and then looks once
more, and who wakes it takes that note back, so no wake-up is lost or given twice. The locks are
those of CPython's threads, which need no GIL.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from llvmlite import ir

from tushuo.compile.codegen.lane import BYTE, INT64
from tushuo.compile.codegen.nest import counted
from tushuo.compile.codegen.target import Target

BYTES = BYTE.as_pointer()
CHUNK = ir.FunctionType(ir.VoidType(), [BYTES, INT64])
SHARE = "tushuo_share"
STATE = INT64.as_pointer()

LINE = 8
"""Words of a line of the cache; what different threads write lies on different lines."""

_BUSY, _DONE = 0, LINE
_CHUNK, _CONTEXT, _COUNT, THREADS, _STOP = range(2 * LINE, 2 * LINE + 5)
THREAD = 3 * LINE
"""The line of the first thread, which is the caller: chunks left, whether it sleeps, its lock."""

_SLEEPS, LOCK = 1, 2

_SPINS = 12_000  # decoding has tenths of a millisecond between its kernels
_INT = ir.IntType(32)


def locks() -> dict[str, int]:
    """CPython's functions on locks."""
    names = ("PyThread_acquire_lock", "PyThread_release_lock")
    return {n: ctypes.cast(getattr(ctypes.pythonapi, n), ctypes.c_void_p).value or 0 for n in names}


def write_pool(target: Target) -> str:
    """The text of LLVM's module.

    ``use(state)`` makes ``tushuo_share`` use a pool, ``work(state, i)`` is what its thread i runs,
    i from 1, until ``stop(state)`` is called. A state is memory full of zeros but for the number of
    :data:`THREADS` and the lock of each; all locks are taken.
    """
    module = ir.Module("pool")
    module.triple = target.triple
    current = ir.GlobalVariable(module, STATE, "current")
    current.initializer = ir.Constant(STATE, None)
    current.linkage = "internal"
    use = ir.Function(module, ir.FunctionType(ir.VoidType(), [STATE]), "use")
    b = ir.IRBuilder(use.append_basic_block())
    b.store_atomic(use.args[0], current, "seq_cst", 8)
    b.ret_void()
    chunks = _Chunks(module)
    _Share(module, current, chunks.function)
    _Work(module, chunks.function)
    _Stop(module)
    return str(module)


class _State:
    """A function whose first argument is the state, and the words of that."""

    def __init__(self, module: ir.Module, name: str, arguments: list[ir.Type]) -> None:
        kind = ir.FunctionType(ir.VoidType(), arguments)
        self.module, self.function = module, ir.Function(module, kind, name)
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.state = self.function.args[0]

    def word(self, number: int | ir.Value) -> ir.Value:
        return self.b.gep(self.state, [number if isinstance(number, ir.Value) else _n(number)])

    def read(self, number: int | ir.Value) -> ir.Value:
        return self.b.load_atomic(self.word(number), "seq_cst", 8)

    def write(self, number: int | ir.Value, value: ir.Value) -> None:
        self.b.store_atomic(value, self.word(number), "seq_cst", 8)

    def line(self, thread: ir.Value, word: int = 0) -> ir.Value:
        """The number of a word of a thread."""
        return self.b.add(self.b.mul(thread, _n(LINE)), _n(THREAD + word))

    def stretch(self, thread: ir.Value) -> tuple[ir.Value, ir.Value]:
        """The end of a thread's own chunks, and how many they are."""
        b, count, threads = self.b, self.b.load(self.word(_COUNT)), self.b.load(self.word(THREADS))
        start, end = (b.udiv(b.mul(count, n), threads) for n in (thread, b.add(thread, _n(1))))
        return end, b.sub(end, start)

    def taken_back(self, thread: ir.Value) -> ir.Value:
        """Whether a thread had noted that it sleeps; it is noted no more."""
        note = self.word(self.line(thread, _SLEEPS))
        old = self.b.atomic_rmw("xchg", note, _n(0), "seq_cst")
        return self.b.icmp_unsigned("!=", old, _n(0))

    def wake(self, thread: ir.Value) -> None:
        """Wake a thread if it sleeps."""
        b = self.b
        asleep = b.icmp_unsigned("!=", self.read(self.line(thread, _SLEEPS)), _n(0))
        with b.if_then(asleep), b.if_then(self.taken_back(thread)):
            self._call("PyThread_release_lock", ir.VoidType(), self._lock(thread))

    def sleep(self, thread: ir.Value, ready: _Test) -> None:
        """Let a thread wait until it is woken, unless there is something to do already."""
        b = self.b
        self.write(self.line(thread, _SLEEPS), _n(1))
        with b.if_else(ready()) as (now, later):
            with now, b.if_then(b.not_(self.taken_back(thread))):
                self._call("PyThread_acquire_lock", _INT, self._lock(thread), _1)
            with later:
                self._call("PyThread_acquire_lock", _INT, self._lock(thread), _1)

    def spin(self, ready: _Test) -> ir.Value:
        """Whether something became ready within a while."""
        b, before = self.b, self.b.block
        head, again, done = (b.append_basic_block(n) for n in ("spin", "pause", "spun"))
        b.branch(head)
        b.position_at_end(head)
        turn = b.phi(INT64)
        turn.add_incoming(_n(0), before)
        found = ready()
        b.cbranch(b.or_(found, b.icmp_unsigned(">=", turn, _n(_SPINS))), done, again)
        end = b.block
        b.position_at_end(again)
        self._pause()
        turn.add_incoming(b.add(turn, _n(1)), b.block)
        b.branch(head)
        b.position_at_end(done)
        result = b.phi(found.type)
        result.add_incoming(found, end)
        return result

    def _pause(self) -> None:
        """Tell the processor that this is a loop that waits."""
        arm = self.module.triple.startswith(("aarch64", "arm64"))
        name, args = ("llvm.aarch64.hint", [_1]) if arm else ("llvm.x86.sse2.pause", [])
        self._call(name, ir.VoidType(), *args)

    def _lock(self, thread: ir.Value) -> ir.Value:
        return self.b.inttoptr(self.b.load(self.word(self.line(thread, LOCK))), BYTES)

    def _call(self, name: str, result: ir.Type, *args: ir.Value) -> None:
        kind = ir.FunctionType(result, [x.type for x in args])
        known = self.module.globals.get(name)
        self.b.call(known or ir.Function(self.module, kind, name), args)


_Test = Callable[[], ir.Value]


class _Chunks(_State):
    """``chunks(state, i)``: take thread i's chunks, then others', until none is left.

    Who ends the last one wakes the caller.
    """

    def __init__(self, module: ir.Module) -> None:
        super().__init__(module, "chunks", [STATE, INT64])
        self.function.linkage = "internal"
        b, threads = self.b, self.b.load(self.word(THREADS))
        counted(
            b, threads, lambda n: self._all_of(b.urem(b.add(self.function.args[1], n), threads))
        )
        b.ret_void()

    def _all_of(self, thread: ir.Value) -> None:
        b, place = self.b, self.word(self.line(thread))
        head, one, end = (b.append_basic_block(n) for n in ("take", "one", "end"))
        b.branch(head)
        b.position_at_end(head)
        left = b.atomic_rmw("sub", place, _n(1), "seq_cst")
        b.cbranch(b.icmp_signed(">", left, _n(0)), one, end)
        b.position_at_end(one)
        chunk = b.inttoptr(b.load(self.word(_CHUNK)), CHUNK.as_pointer())
        context = b.inttoptr(b.load(self.word(_CONTEXT)), BYTES)
        b.call(chunk, [context, b.sub(self.stretch(thread)[0], left)])
        done = b.add(b.atomic_rmw("add", self.word(_DONE), _n(1), "seq_cst"), _n(1))
        with b.if_then(b.icmp_unsigned("==", done, self.read(_COUNT))):  # at worst a later job's
            self.wake(_n(0))
        b.branch(head)
        b.position_at_end(end)


class _Share(_State):
    """``tushuo_share``."""

    def __init__(self, module: ir.Module, current: ir.Value, chunks: ir.Function) -> None:
        super().__init__(module, SHARE, [INT64, CHUNK.as_pointer(), BYTES])
        b = self.b
        self.state = b.load_atomic(current, "seq_cst", 8)
        some, mine, alone = (b.append_basic_block(n) for n in ("some", "mine", "alone"))
        empty = b.icmp_unsigned("==", self.state, ir.Constant(self.state.type, None))
        b.cbranch(empty, alone, some)
        b.position_at_end(some)
        taken = b.cmpxchg(self.word(_BUSY), _n(0), _n(1), "seq_cst", "seq_cst")
        b.cbranch(b.extract_value(taken, 1), mine, alone)
        b.position_at_end(mine)
        self._together(chunks)
        b.position_at_end(alone)
        self._alone()

    def _together(self, chunks: ir.Function) -> None:
        b, (count, chunk, context) = self.b, self.function.args
        self.write(_CHUNK, b.ptrtoint(chunk, INT64))
        self.write(_CONTEXT, b.ptrtoint(context, INT64))
        self.write(_COUNT, count)
        self.write(_DONE, _n(0))
        counted(b, b.load(self.word(THREADS)), self._give)
        b.call(chunks, [self.state, _n(0)])

        def ready() -> ir.Value:
            return b.icmp_unsigned("==", self.read(_DONE), count)

        wait, sleep, end = (b.append_basic_block(n) for n in ("wait", "sleep", "end"))
        b.branch(wait)
        b.position_at_end(wait)
        b.cbranch(self.spin(ready), end, sleep)
        b.position_at_end(sleep)
        self.sleep(_n(0), ready)
        b.branch(wait)
        b.position_at_end(end)
        self.write(_BUSY, _n(0))
        b.ret_void()

    def _give(self, thread: ir.Value) -> None:
        """Let a thread begin with its own chunks, if there are any for it."""
        b, (_, size) = self.b, self.stretch(thread)
        with b.if_then(b.icmp_unsigned("!=", size, _n(0))):
            self.write(self.line(thread), size)
            self.wake(thread)

    def _alone(self) -> None:

        count, chunk, context = self.function.args
        counted(self.b, count, lambda i: self.b.call(chunk, [context, i]))
        self.b.ret_void()


class _Work(_State):
    """``work(state, i)``."""

    def __init__(self, module: ir.Module, chunks: ir.Function) -> None:
        super().__init__(module, "work", [STATE, INT64])
        b, me = self.b, self.function.args[1]
        names = ("look", "sleep", "awake", "work", "end")
        look, sleep, awake, work, end = map(b.append_basic_block, names)

        def ready() -> ir.Value:
            some = b.icmp_signed(">", self.read(self.line(me)), _n(0))
            return b.or_(some, b.icmp_unsigned("!=", self.read(_STOP), _n(0)))

        b.branch(look)
        b.position_at_end(look)
        b.cbranch(self.spin(ready), awake, sleep)
        b.position_at_end(sleep)
        self.sleep(me, ready)
        b.branch(awake)
        b.position_at_end(awake)
        b.cbranch(b.icmp_unsigned("!=", self.read(_STOP), _n(0)), end, work)
        b.position_at_end(work)
        b.call(chunks, [self.state, me])
        b.branch(look)
        b.position_at_end(end)
        b.ret_void()


class _Stop(_State):
    """``stop(state)``: workers return as soon as they have ended their chunks."""

    def __init__(self, module: ir.Module) -> None:
        super().__init__(module, "stop", [STATE])
        self.write(_STOP, _n(1))
        counted(self.b, self.b.load(self.word(THREADS)), self.wake)
        self.b.ret_void()


def _n(number: int) -> ir.Constant:
    return ir.Constant(INT64, number)


_1 = ir.Constant(_INT, 1)
