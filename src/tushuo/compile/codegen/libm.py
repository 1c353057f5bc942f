"""Functions of the C library, for what has no vector code yet: one element at a time."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from functools import cache

from llvmlite import ir

from tushuo.compile.codegen.lane import Lane, UnsupportedError

NAMES = {
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "log2", "log10", "pow")},
    **{f"a{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
}
"""The array API's names that C shares."""

SYMBOLS = [name + suffix for name in NAMES for suffix in ("", "f")]


def call(name: str, *operands: Lane) -> Lane:
    """A function of the C library on float32 or float64 operands.

    Raises:
        UnsupportedError: The operands have another data type, or the library lacks the function.
    """
    x = operands[0]
    suffix = {"float32": "f", "float64": ""}.get(x.dtype.name)
    if isinstance(x.value.type, ir.VectorType):
        raise UnsupportedError(f"{name} of a vector")
    if suffix is None or any(y.dtype != x.dtype for y in operands):
        raise UnsupportedError(f"{name} of {', '.join(y.dtype.name for y in operands)}")
    symbol = name + suffix
    if symbol not in addresses():
        raise UnsupportedError(f"the C library has no {symbol}")
    module = x.builder.module
    function = module.globals.get(symbol)
    if function is None:
        kind = ir.FunctionType(x.value.type, [y.value.type for y in operands])
        function = ir.Function(module, kind, symbol)
    return x.of(x.builder.call(function, [y.value for y in operands]))


@cache
def addresses() -> dict[str, int]:
    """Where the functions are, by symbol."""
    name = "ucrtbase" if sys.platform == "win32" else ctypes.util.find_library("m")
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return {}
    found = {symbol: getattr(library, symbol, None) for symbol in SYMBOLS}
    return {
        symbol: ctypes.cast(function, ctypes.c_void_p).value or 0
        for symbol, function in found.items()
        if function is not None
    }
