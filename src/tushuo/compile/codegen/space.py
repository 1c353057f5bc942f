"""The functions of the array API for one element, each as machine code.

Names and semantics are those of the array API standard, NaN and infinity included.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tushuo.compile.codegen import functions, libm, lowering
from tushuo.compile.codegen.lane import Lane, UnsupportedError, intrinsic, register_type


class LaneSpace:
    """A namespace of the array API whose arrays are :class:`Lane`."""

    inf, nan, pi = math.inf, math.nan, math.pi
    int32, int64 = np.dtype(np.int32), np.dtype(np.int64)
    float32, float64 = np.dtype(np.float32), np.dtype(np.float64)

    exp, expm1, log, log1p, tanh = map(
        staticmethod,
        (functions.exp, functions.expm1, functions.log, functions.log1p, functions.tanh),
    )

    def __getattr__(self, name: str) -> Callable[..., Lane]:
        if name in libm.NAMES:
            return lambda *args: libm.call(name, *args)
        raise UnsupportedError(f"no machine code for {name}")

    def where(self, c: Lane, x: Any, y: Any) -> Lane:
        """A choice without a branch."""
        like = x if isinstance(x, Lane) else y
        x, y = like.number(x), like.number(y)
        if x.dtype != y.dtype:
            raise UnsupportedError(f"where of {x.dtype} and {y.dtype}")
        return like.of(c.builder.select(c.value, x.value, y.value))

    def maximum(self, x: Any, y: Any) -> Lane:
        """The larger; NaN if one is."""
        x, y = _both(x, y)
        return self.where(_wins(x, x > y), x, y)

    def minimum(self, x: Any, y: Any) -> Lane:
        """The smaller; NaN if one is."""
        x, y = _both(x, y)
        return self.where(_wins(x, x < y), x, y)

    def clip(self, x: Lane, min: Any = None, max: Any = None) -> Lane:
        """The nearest value of an interval."""
        if _is_number(min):  # a single comparison, and what is equal stays as it is, -0.0 too
            x = self.where(x < min, min, x)
        elif min is not None:
            x = self.maximum(x, min)
        if _is_number(max):
            return self.where(x > max, max, x)
        return x if max is None else self.minimum(x, max)

    def abs(self, x: Lane) -> Lane:
        """The absolute value."""
        if x.kind == "f":
            return x.call("llvm.fabs")
        return x if x.kind in "ub" else self.where(x < 0, -x, x)

    def sign(self, x: Lane) -> Lane:
        """-1, 0 or 1; NaN stays."""
        below = self.where(x < 0, x.number(-1), x - x) if x.kind != "u" else x.number(0)
        return self.where(x > 0, x.number(1), below)

    def sqrt(self, x: Lane) -> Lane:
        """The square root, correctly rounded."""
        return _real(x).call("llvm.sqrt")

    def floor(self, x: Lane) -> Lane:
        """The next integer below."""
        return _rounded(x, "llvm.floor")

    def ceil(self, x: Lane) -> Lane:
        """The next integer above."""
        return _rounded(x, "llvm.ceil")

    def trunc(self, x: Lane) -> Lane:
        """The next integer towards zero."""
        return _rounded(x, "llvm.trunc")

    def round(self, x: Lane) -> Lane:
        """The nearest integer, halves to the even one."""
        return _rounded(x, "llvm.rint")

    def logaddexp(self, x: Lane, y: Lane) -> Lane:
        """``log(e ** x + e ** y)``."""
        far = self.maximum(x, y) + self.log1p(self.exp(-self.abs(x - y)))
        return self.where(x == y, x + math.log(2), far)

    def isnan(self, x: Lane) -> Lane:
        """Whether it is not a number."""
        return x != x

    def isfinite(self, x: Lane) -> Lane:
        """Whether it is neither infinite nor NaN."""
        return self.abs(x) < math.inf

    def logical_and(self, x: Lane, y: Lane) -> Lane:
        """Whether both are true."""
        return x & y

    def logical_or(self, x: Lane, y: Lane) -> Lane:
        """Whether one is true."""
        return x | y

    def logical_xor(self, x: Lane, y: Lane) -> Lane:
        """Whether exactly one is true."""
        return x ^ y

    def logical_not(self, x: Lane) -> Lane:
        """Whether it is false."""
        return ~x

    def to_bfloat16(self, x: Lane) -> Lane:
        """The bits of the nearest bfloat16, a uint16."""
        return lowering.to_bfloat16(x)

    def to_whole(self, x: Lane, dtype: np.dtype, low: int, high: int) -> Lane:
        """The nearest whole number of an interval."""
        return lowering.to_whole(x, dtype, low, high)

    def zeros_like(self, x: Lane) -> Lane:
        """Zero."""
        return x.number(0)

    def ones_like(self, x: Lane) -> Lane:
        """One."""
        return x.number(1)

    def astype(self, x: Lane, dtype: Any, copy: bool = True) -> Lane:
        """The element in another data type."""
        return cast(x, np.dtype(dtype))


SPACE = LaneSpace()


def cast(x: Lane, dtype: np.dtype) -> Lane:
    """An element in another data type; floats beyond an integer's range become its ends."""
    kind, b = x.wide(register_type(dtype)), x.builder
    if dtype == x.dtype:
        return x
    if dtype.kind == "b":
        return x != 0
    if x.kind == "f":
        return x.of(_from_float(x, kind, dtype), dtype)
    signed = x.kind == "i"
    if dtype.kind == "f":
        return x.of((b.sitofp if signed else b.uitofp)(x.value, kind), dtype)
    widths = register_type(x.dtype).width, register_type(dtype).width
    if widths[0] > widths[1]:
        return x.of(b.trunc(x.value, kind), dtype)
    if widths[0] < widths[1]:
        return x.of((b.sext if signed else b.zext)(x.value, kind), dtype)
    return x.of(x.value, dtype)


def _from_float(x: Lane, kind: Any, dtype: np.dtype) -> Any:
    b = x.builder
    if dtype.kind == "f":
        return (b.fptrunc if dtype.itemsize < x.dtype.itemsize else b.fpext)(x.value, kind)
    name = "llvm.fptosi.sat" if dtype.kind == "i" else "llvm.fptoui.sat"
    return intrinsic(b, name, kind, [x.value], [kind, x.value.type])


def _both(x: Any, y: Any) -> tuple[Lane, Lane]:
    like = x if isinstance(x, Lane) else y
    return like.number(x), like.number(y)


def _is_number(x: Any) -> bool:
    """Whether an operand is known not to be NaN."""
    return isinstance(x, int | float) and x == x


def _wins(x: Lane, better: Lane) -> Lane:
    return better | (x != x) if x.kind == "f" else better


def _real(x: Lane) -> Lane:
    if x.kind != "f":
        raise UnsupportedError(f"a real function of {x.dtype}")
    return x


def _rounded(x: Lane, name: str) -> Lane:
    return x.call(name) if x.kind == "f" else x
