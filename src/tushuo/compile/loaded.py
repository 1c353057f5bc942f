"""Kernels in memory: each is made once, whatever programs call it.

Programs of one function for sentences of different lengths have most of their kernels in common,
and within each the steps of a recurrent network have all. A kernel stays as long as a program needs
it; parts, which kernels share, stay.
"""

from __future__ import annotations

from collections.abc import Hashable
from weakref import WeakValueDictionary

from tushuo.compile import workers
from tushuo.compile.codegen.library import Library
from tushuo.compile.codegen.module import KERNEL, identity, portable, write_kernel
from tushuo.compile.codegen.parts import Part, parts_in, write_part
from tushuo.compile.codegen.pool import SHARE
from tushuo.compile.codegen.target import host
from tushuo.compile.plan import Task
from tushuo.compile.sources import sources
from tushuo.compile.store import Store

_KERNELS: WeakValueDictionary[Hashable, Library] = WeakValueDictionary()
_PARTS: dict[Part, Library] = {}


class Kernels:
    """The kernels of one program, by names of its own.

    Args:
        store: Where object code is kept; without a store kernels are shared with no other program.

    Attributes:
        called: The names that were asked for, in order.
        callees: For each kernel the functions of other modules that it calls.
        cached: Whether all were there already, in memory or on disk.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._names: dict[Hashable, str] = {}
        self._libraries: dict[str, Library] = {}
        self.called: list[str] = []
        self.callees: dict[str, frozenset[str]] = {}
        self.cached = True

    def name(self, task: Task) -> str:
        """The name of the kernel that computes a task; equal tasks share one."""
        key = identity(task)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"kernel_{len(self._names)}"
            self._libraries[name] = library = self._found(key, task)
            self.callees[name] = library.calls
        self.called.append(name)
        return name

    def symbols(self, code: bytes) -> dict[str, int]:
        """Where the functions are that a module of segments calls."""
        found = {name: library.address(KERNEL) for name, library in self._libraries.items()}
        return {**found, **_symbols(code, self._store)}

    def _found(self, key: Hashable, task: Task) -> Library:
        if self._store is None:
            found = None
        else:
            key = key, self._store.folder
            found = _KERNELS.get(key)
        if found is None:
            found = _made(task, self._store)
            self.cached = self.cached and found.cached
            if self._store is not None:
                found = _KERNELS.setdefault(key, found)
        return found


def _made(task: Task, store: Store | None) -> Library:
    key = portable(task)

    def write() -> str:
        return write_kernel(task, host())

    text = write() if key is None else write
    return Library(text, host(), store, [KERNEL], lambda code: _symbols(code, store), key)


def _symbols(code: bytes, store: Store | None) -> dict[str, int]:
    """Where the functions are that code calls, beside kernels and those of BLAS and C."""
    found = workers.symbols() if SHARE.encode() in code else {}
    return {
        **found,
        **{part.name: _part(part, store).address(part.name) for part in parts_in(code)},
    }


def _part(part: Part, store: Store | None) -> Library:
    known = _PARTS.get(part)
    if known is None:
        version = sources()
        key = version and f"{version} {part.name}"

        def write() -> str:
            return write_part(part, host())

        made = Library(write, host(), store, [part.name], key=key)
        known = _PARTS.setdefault(part, made)
    return known
