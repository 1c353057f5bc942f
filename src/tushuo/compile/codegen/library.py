"""Optimised, loaded machine code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import llvmlite.binding as llvm

from tushuo.compile.codegen import blas, libm
from tushuo.compile.codegen.target import Target, machine
from tushuo.compile.store import Store

FLAGS = "O2 2"
"""How code is optimised, and the version of this module's part in it; part of the cache's key."""


class Library:
    """Machine code in memory.

    Args:
        text: LLVM's module.
        target: The processor.
        store: Where object code is looked for and kept, None for nowhere.
        names: The functions that will be called.
        symbols: Where functions are that the code calls, beside those of BLAS and C.

    Attributes:
        cached: Whether it came from the cache on disk.
    """

    def __init__(
        self,
        text: str,
        target: Target,
        store: Store | None,
        names: Sequence[str],
        symbols: Mapping[str, int] | None = None,
    ) -> None:
        key = (text, *map(str, target), FLAGS, str(llvm.llvm_version_info))
        found = store.get(key) if store else None
        self.cached = found is not None
        code = compiled(text, target) if found is None else found
        if store and found is None:
            store.put(key, code)
        # JITLink keeps code and constants near each other, however full the memory is
        self._jit = llvm.create_lljit_compiler(machine(target), use_jit_link=True)
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for symbol, address in {**blas.addresses(), **libm.addresses(), **(symbols or {})}.items():
            if f"@{symbol}(" in text or f'@"{symbol}"(' in text:
                builder.import_symbol(symbol, address)
        for name in names:
            builder.export_symbol(name)
        self._tracker = builder.link(self._jit, "tushuo")

    def address(self, name: str) -> int:
        """Where a function is."""
        found: int = self._tracker[name]
        return found

    def function(self, name: str, *arguments: Any) -> Callable[..., None]:
        """A function that Python can call; it runs without the GIL, and keeps the code alive."""
        function: Any = ctypes.CFUNCTYPE(None, *arguments)(self.address(name))
        function.library = self
        return function  # type: ignore[no-any-return]


def compiled(text: str, target: Target) -> bytes:
    """The object code of a module."""
    module = llvm.parse_assembly(text)
    module.verify()
    generator = machine(target)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_unrolling = False
    passes = llvm.create_pass_builder(generator, options)
    passes.getModulePassManager().run(module, passes)
    code: bytes = generator.emit_object(module)
    return code
