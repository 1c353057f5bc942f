"""Numbers float32 rounded to 16 and 8 bits, each as machine code."""

from __future__ import annotations

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.dots import BFLOAT
from tushuo.compile.codegen.lane import Lane, UnsupportedError, filled, intrinsic, register_type
from tushuo.compile.codegen.target import target_of

_INT16, _INT32 = ir.IntType(16), ir.IntType(32)


def to_bfloat16(x: Lane) -> Lane:
    """The bits of the nearest bfloat16, halves to the even one; NaN stays NaN."""
    b, kind = _float32(x).builder, x.wide(_INT16)
    target = target_of(b)
    if target is not None and target.bfloat16:
        return x.of(b.bitcast(b.fptrunc(x.value, x.wide(BFLOAT)), kind), np.uint16)
    words = x.wide(_INT32)
    bits = b.bitcast(x.value, words)
    above = b.lshr(bits, filled(words, 16))
    odd = b.and_(above, filled(words, 1))
    rounded = b.lshr(b.add(bits, b.add(odd, filled(words, 0x7FFF))), filled(words, 16))
    quiet = b.or_(above, filled(words, 0x0040))
    found = b.select(b.fcmp_unordered("uno", x.value, x.value), quiet, rounded)
    return x.of(b.trunc(found, kind), np.uint16)


def to_whole(x: Lane, dtype: np.dtype, low: int, high: int) -> Lane:
    """The nearest whole number of an interval, halves to the even one; NaN counts as 0."""
    b = _float32(x).builder
    if low < 0:
        x = x.of(b.select(b.fcmp_ordered("ord", x.value, x.value), x.value, x.number(0.0).value))
    least, most = x.number(low).value, x.number(high).value
    limited = b.select(b.fcmp_ordered(">", x.value, least), x.value, least)
    limited = b.select(b.fcmp_ordered("<", limited, most), limited, most)
    words = x.wide(_INT32)
    whole = intrinsic(b, "llvm.lrint", words, [limited], [words, limited.type])
    return x.of(b.trunc(whole, x.wide(register_type(dtype))), dtype)


def _float32(x: Lane) -> Lane:
    if x.dtype != np.float32:
        raise UnsupportedError(f"rounding of {x.dtype}")
    return x
