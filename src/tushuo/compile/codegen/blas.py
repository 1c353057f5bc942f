"""BLAS, called from machine code: NumPy's own OpenBLAS, so that there is one pool of threads."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.lane import INT64, register_type

_ROW_MAJOR, _NO, _YES = 101, 111, 112


@cache
def library() -> ctypes.CDLL | None:
    """NumPy's OpenBLAS, None where it has another BLAS."""
    folders = [Path(np.__file__).parents[1] / "numpy.libs", Path(np.__file__).parent / ".dylibs"]
    files = [file for folder in folders for file in sorted(folder.glob("*openblas64_*"))]
    return ctypes.CDLL(str(files[0])) if files else None


@cache
def addresses() -> dict[str, int]:
    """Where the products of NumPy's BLAS are, by symbol; empty where it has another BLAS."""
    blas = library()
    names = ("scipy_cblas_sgemm64_", "scipy_cblas_dgemm64_")
    found = {name: getattr(blas, name, None) for name in names}
    return {
        name: ctypes.cast(function, ctypes.c_void_p).value or 0
        for name, function in found.items()
        if function is not None
    }


_WIDE = (b"SkylakeX", b"Cooperlake", b"SapphireRapids")
"""OpenBLAS's names of processors whose vectors of 64 bytes it uses."""


@cache
def vector_bytes() -> int:
    """How long the vectors are that BLAS uses, 0 without BLAS.

    OpenBLAS takes a processor that it does not know for an older one.
    """
    found = library()
    if not addresses() or found is None:
        return 0
    name = getattr(found, "scipy_openblas_get_corename64_", None)
    if name is None:
        return 64
    name.restype = ctypes.c_char_p
    return 64 if name() in _WIDE else 32


def symbol(dtype: np.dtype) -> str | None:
    """The product of matrices of a data type, None where there is none."""
    name = f"scipy_cblas_{'s' if dtype.itemsize == 4 else 'd'}gemm64_"
    return name if name in addresses() else None


def callable_by_blas(dtype: np.dtype, s: Any, x: tuple[int, int], y: tuple[int, int]) -> bool:
    """Whether BLAS has a product of a data type, and can read operands with such steps."""
    return bool(symbol(dtype) and _order(x, s.m, s.k) and _order(y, s.k, s.n))


def write_call(b: ir.IRBuilder, dtype: np.dtype, s: Any, x: Any, y: Any, c: Any) -> None:
    """Write ``c = x @ y``.

    Args:
        b: Where to write.
        dtype: float32 or float64.
        s: The sizes m, n, k.
        x: Matrix (m, k).
        y: Matrix (k, n).
        c: Matrix (m, n), its rows contiguous.
    """
    left, right = _order(x[1:], s.m, s.k), _order(y[1:], s.k, s.n)
    assert left is not None
    assert right is not None
    kind = register_type(dtype)
    word, real = ir.IntType(32), kind.as_pointer()
    signature = [word] * 3 + [INT64] * 3 + [kind, real, INT64, real, INT64, kind, real, INT64]
    name = symbol(dtype)
    function = b.module.globals.get(name)
    if function is None:
        function = ir.Function(b.module, ir.FunctionType(ir.VoidType(), signature), name)
    numbers = [_ROW_MAJOR, left[0], right[0], s.m, s.n, s.k, 1.0]
    head = [ir.Constant(t, n) for t, n in zip(signature, numbers, strict=False)]
    wide = [ir.Constant(INT64, n) for n in (left[1], right[1], max(c.row, s.n))]
    b.call(function, [*head, x.at, wide[0], y.at, wide[1], ir.Constant(kind, 0.0), c.at, wide[2]])


def _order(steps: tuple[int, int], rows: int, columns: int) -> tuple[int, int] | None:
    """Whether BLAS is to transpose a matrix, and the distance of its rows."""
    row, column = steps
    if column == 1 and (row >= columns or rows == 1):
        return _NO, max(row, columns)
    if row == 1 and (column >= rows or columns == 1):
        return _YES, max(column, rows)
    return None
