"""A planned program, ready to run: machine code, the arena, and what NumPy still does."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.arenas import ARENAS, SHARED
from tushuo.compile.codegen.library import Library
from tushuo.compile.codegen.pool import SHARE
from tushuo.compile.codegen.segments import DATA, write_segments
from tushuo.compile.codegen.target import host
from tushuo.compile.interpret import execute
from tushuo.compile.layout import View
from tushuo.compile.loaded import Kernels
from tushuo.compile.memory import ALIGNMENT, set_writeable
from tushuo.compile.plan import Plan, Task
from tushuo.compile.program import Value, describe
from tushuo.compile.recycle import recycled
from tushuo.compile.store import Store
from tushuo.compile.workers import POOL
from tushuo.errors import CompileError, ShapeError, TushuoError
from tushuo.graph.backend import frozen, lock

LONG = 20_000
"""From how many characters on calls of kernels are translated one by one, without a second look."""


def _check_offset() -> None:
    """Require that the pointer to an array's elements is where machine code looks for it."""
    sample = np.zeros(1)
    if ctypes.c_void_p.from_address(id(sample) + DATA).value != sample.ctypes.data:
        raise CompileError("this Python keeps arrays in another way than CPython")


_check_offset()


class Space(NamedTuple):
    """What one call needs for itself.

    Attributes:
        raw: The memory that the arena is a part of.
        arena: Memory for what is computed in between.
        status: The part of it where kernels note errors.
        address: Where it is.
        boxes: For each outside value, where its array's object is.
        first_box: Where the boxes are.
    """

    raw: np.ndarray
    arena: np.ndarray
    status: np.ndarray
    address: int
    boxes: np.ndarray
    first_box: int


class Executable:
    """Runs a plan on arrays.

    Attributes:
        plan: The plan.
        kernels: The names of the kernels that the native tasks call, in order.
        callees: For each kernel the functions of other modules that it calls.
        single: Whether the whole plan is one function of machine code.
        address: Where that function is.
        constants: The constants that it reads, whose pointers stand at ``constant_places``.
        returns: For each output, where it comes from: "input", "constant" or "output", and which.
        cached: Whether the machine code came from the cache.
        shares: Whether the threads of the pool have a part in it.
        seconds: What each segment took in the last call, if there are several.
    """

    def __init__(self, plan: Plan, store: Store | None) -> None:
        self.plan = plan
        target = host()
        numbers = [i for i, tasks in enumerate(plan.segments) if tasks[0].native]
        self._kernels = kernels = Kernels(store)
        text = write_segments(plan, target, kernels.name)
        names = [f"segment_{i}" for i in numbers]
        plain = len(text) > LONG
        library = Library(text, target, store, names, kernels.symbols, plain=plain)
        self.kernels, self.callees = kernels.called, kernels.callees
        self.cached = library.cached and kernels.cached
        self.shares = SHARE in library.calls or any(SHARE in x for x in self.callees.values())
        self._segments = {
            i: library.function(f"segment_{i}", ctypes.c_void_p, ctypes.c_void_p) for i in numbers
        }
        known = plan.program.constants
        self.constant_places = [i for i, x in enumerate(plan.outside) if x in known]
        self.constants = [np.asarray(known[plan.outside[i]]) for i in self.constant_places]
        self._outputs = recycled([(y.shape, y.dtype) for y in plan.outputs])
        self._spaces: list[Space] = []
        self._keep = self._give_back if plan.arena_bytes >= SHARED else self._spaces.append
        self.returns = [self._source(y) for y in plan.program.outputs]
        self._plain = self.returns == [("output", i, y.shape) for i, y in enumerate(plan.outputs)]
        self._pack: Callable[..., None] = Struct(
            f"{len(plan.program.inputs) + len(plan.outputs)}Q"
        ).pack_into
        self.seconds = [0.0] * len(plan.segments)
        self.single = numbers == [0] and len(plan.segments) == 1
        self.address = library.address("segment_0") if self.single else 0
        self._entry = self._segments[0] if self.single else None
        self._checks = bool(plan.checks)

    def __call__(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The outputs, locked, from contiguous arrays for the inputs."""
        if self.shares:
            POOL.prepare()
        outputs = [memory.array() for memory in self._outputs]
        try:
            space = self._spaces.pop()
        except IndexError:
            space = self._new_space()
        self._pack(space.boxes, 0, *map(id, (*inputs, *outputs)))
        if self._entry is not None:
            self._entry(space.first_box, space.address)
        else:
            self._run(inputs, outputs, space)
        if self._checks:
            self._check(space.status)
        self._keep(space)  # not after an error, which may leave a note of another one in it
        if self._plain:
            return outputs
        return [self._returned(source, inputs, outputs) for source in self.returns]

    def _source(self, y: Value) -> tuple[str, Any, Any]:
        program = self.plan.program
        if y in program.inputs:
            return "input", program.inputs.index(y), None
        if y in program.constants:
            return "constant", np.array(program.constants[y]), None
        return "output", self.plan.outputs.index(self.plan.views[y].root), y.shape

    @staticmethod
    def _returned(source: tuple[str, Any, Any], inputs: Any, outputs: Any) -> np.ndarray:
        kind, what, shape = source
        array: np.ndarray = what
        if kind == "input":
            array = frozen(inputs[what])  # the caller may still write to his own
        elif kind == "output":
            array = outputs[what].reshape(shape)
        lock(array)
        return array

    @contextmanager
    def arena(self) -> Iterator[int]:
        """The address of memory for what is computed in between, for as long as it is needed."""
        if self.shares:
            POOL.prepare()
        space = self._spaces.pop() if self._spaces else self._new_space()
        yield space.address
        self._check(space.status)
        self._keep(space)

    def _check(self, status: np.ndarray) -> None:
        """Raise an error if a kernel noted one."""
        if status.any():
            raise _out_of_range(self.plan.checks[int(status.argmax())])

    def _new_space(self) -> Space:
        """Memory for one call at a time: the arena, aligned, and the pointers' places."""
        raw = ARENAS.take(self.plan.arena_bytes + ALIGNMENT)
        start = -raw.ctypes.data % ALIGNMENT
        arena = raw[start : start + self.plan.arena_bytes]
        arena[: self.plan.status_bytes] = 0
        boxes = np.zeros(len(self.plan.outside), np.uint64)
        for place, array in zip(self.constant_places, self.constants, strict=True):
            boxes[place] = id(array)
        status = arena[: 8 * len(self.plan.checks)].view(np.int64)
        return Space(raw, arena, status, raw.ctypes.data + start, boxes, boxes.ctypes.data)

    @staticmethod
    def _give_back(space: Space) -> None:
        """Let another program use a large arena."""
        ARENAS.give(space.raw)

    def _run(self, inputs: Sequence[np.ndarray], outputs: list[np.ndarray], space: Space) -> None:
        """All segments in turn; outputs are locked when they are complete."""
        for array in outputs:
            set_writeable(array, True)
        outside = [*inputs, *outputs, *self.constants]
        buffers: dict[Value, np.ndarray] = dict(zip(self.plan.outside, outside, strict=True))
        try:
            for number, tasks in enumerate(self.plan.segments):
                start = time.perf_counter()
                native = self._segments.get(number)
                if native is not None:
                    native(space.first_box, space.address)
                else:
                    for task in tasks:
                        self._in_numpy(task, buffers, space.arena)
                self.seconds[number] = time.perf_counter() - start
        finally:  # others may get this memory next
            for array in outputs:
                set_writeable(array, False)

    def _in_numpy(self, task: Task, buffers: dict[Value, np.ndarray], arena: np.ndarray) -> None:
        known = {
            x: self._array(view, buffers, arena)
            for x, view in zip(task.step.operands, task.operands, strict=True)
        }
        for x in known.values():
            x.setflags(write=False)
        try:
            with np.errstate(all="ignore"):
                found = execute(task.step, known)
        except TushuoError:
            raise
        except IndexError:
            raise _out_of_range(task) from None
        except Exception as error:
            raise CompileError(
                f"{describe(task.step.op)} failed, asked for at {task.step.source}: {error}"
            ) from error
        for view, array in zip(task.results, found, strict=True):
            self._array(view, buffers, arena)[...] = array

    def _array(self, view: View, buffers: dict[Value, np.ndarray], arena: np.ndarray) -> np.ndarray:
        """A view as an array of NumPy."""
        root = view.root
        buffer = buffers.get(root)
        if buffer is None:
            start = self.plan.offset(root)
            buffer = arena[start : start + root.nbytes].view(root.dtype)
        strides = [s * root.dtype.itemsize for s in view.strides]
        if root in self.plan.program.constants and not view.contiguous:
            return np.lib.stride_tricks.as_strided(buffer.ravel("K"), view.shape, strides)
        flat = buffer.reshape(-1)[view.offset :]
        return np.lib.stride_tricks.as_strided(flat, view.shape, strides)


def _out_of_range(task: Task) -> ShapeError:
    return ShapeError(
        f"{describe(task.step.op)} of {task.step.operands[0]!r}: an index is out of range, "
        f"asked for at {task.step.source}"
    )
