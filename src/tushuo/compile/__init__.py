"""The compiler: a function of Tensors is traced, simplified, fused, and turned into machine code.

The package itself can be called: ``tushuo.compile(f)`` is :func:`compiled.compile`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from tushuo.errors import MissingDependencyError

if find_spec("llvmlite") is None:
    raise MissingDependencyError(
        "the compiler needs llvmlite, which is not installed",
        hint="pip install 'tushuo[compile]'",
    )

from tushuo.compile.compiled import Compiled, compile
from tushuo.compile.program import Program

__all__ = ["Compiled", "Program", "compile"]


class _Callable(ModuleType):
    """This package and the function of its name in one, whichever of them was imported first."""

    def __call__(self, *args: Any, **kwargs: Any) -> Compiled:
        return compile(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
