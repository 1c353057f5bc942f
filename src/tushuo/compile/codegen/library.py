"""Optimised, loaded machine code."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, TypeAlias

import llvmlite.binding as llvm

from tushuo.compile.codegen import blas, libm
from tushuo.compile.codegen.target import Target, host, machine
from tushuo.compile.store import Store

FLAGS = "4"
"""How code is optimised, and the version of this module's part in it; part of the cache's key."""

Symbols: TypeAlias = Mapping[str, int] | Callable[[bytes], Mapping[str, int]] | None
"""Where functions are, or what finds them, given the object code that calls them."""


class Library:
    """Machine code in memory.

    Args:
        text: LLVM's module, or a function that writes it, called only where the code is new.
        target: The processor.
        store: Where object code is looked for and kept, None for nowhere.
        names: The functions that will be called.
        symbols: Where functions are that the code calls, beside those of BLAS and C; or what finds
            them, given the object code.
        key: What determines the text, if it is not to be written.
        plain: Whether the code is calls only, and LLVM need not think about it.

    Attributes:
        cached: Whether it came from the cache on disk.
        calls: The functions of other modules that it calls.
    """

    def __init__(
        self,
        text: str | Callable[[], str],
        target: Target,
        store: Store | None,
        names: Sequence[str],
        symbols: Symbols = None,
        key: str | None = None,
        plain: bool = False,
    ) -> None:
        known = text if isinstance(text, str) else key
        keys = known and (known, *map(str, target), FLAGS, str(plain), str(llvm.llvm_version_info))
        found = store.get(keys) if store and keys else None
        self.cached = found is not None and self._loads(found, names, symbols)
        if not self.cached:
            made = compiled(text if isinstance(text, str) else text(), target, plain)
            if store and keys:
                store.put(keys, made)
            self._load(made, names, symbols)

    def _loads(self, code: bytes, names: Sequence[str], symbols: Symbols) -> bool:
        """Load code of the cache; False where it is none, though its hash is right."""
        try:
            self._load(code, names, symbols)
        except RuntimeError:
            return False
        return True

    def _load(self, code: bytes, names: Sequence[str], symbols: Symbols) -> None:
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        others = symbols(code) if callable(symbols) else symbols
        given = {**blas.addresses(), **libm.addresses(), **(others or {})}
        self.calls = frozenset(name for name in given if name.encode() in code)
        for symbol in self.calls:
            builder.import_symbol(symbol, given[symbol])
        for name in names:
            builder.export_symbol(name)
        self._tracker = builder.link(_linker(), f"tushuo_{next(_NUMBERS)}")

    def address(self, name: str) -> int:
        """Where a function is."""
        found: int = self._tracker[name]
        return found

    def function(self, name: str, *arguments: Any) -> Callable[..., None]:
        """A function that Python can call; it runs without the GIL, and keeps the code alive."""
        function: Any = ctypes.CFUNCTYPE(None, *arguments)(self.address(name))
        function.library = self
        return function  # type: ignore[no-any-return]


_NUMBERS = count()


@cache
def _linker() -> llvm.lljit.LLJIT:
    """What puts object code into memory."""
    # JITLink keeps code and constants near each other, however full the memory is
    return llvm.create_lljit_compiler(machine(host()), use_jit_link=True)


def compiled(text: str, target: Target, plain: bool = False) -> bytes:
    """The object code of a module."""
    module = llvm.parse_assembly(text)
    module.verify()
    generator = machine(target, 0 if plain else 3)
    if not plain:
        # what is written in vectors has no loops in which LLVM could find more of them
        speed = 1 if _VECTORS.search(text) else 2
        options = llvm.create_pipeline_tuning_options(speed_level=speed)
        options.loop_vectorization = options.slp_vectorization = speed > 1
        options.loop_unrolling = False
        passes = llvm.create_pass_builder(generator, options)
        passes.getModulePassManager().run(module, passes)
    code: bytes = generator.emit_object(module)
    return code


_VECTORS = re.compile(r"<\d+ x |@\"?tushuo_part_")
