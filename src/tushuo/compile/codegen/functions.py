"""Exponentials and logarithms without branches, so that LLVM can compute many lanes at once.

Errors, measured over the whole range of float32 (tests/compile/test_functions.py): exp, log and
log1p below 1 unit in the last place, expm1 below 1.5, tanh, sigmoid and softplus below 2.

The series are those of the definitions, long enough for the data type: exp(r) for |r| <= log(2)/2
by its powers; log(1 + f) by those of s = f / (2 + f), which is odd in s (W. J. Cody and W. Waite,
"Software manual for the elementary functions", 1980; the order of the last sums as in fdlibm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.lane import Lane, UnsupportedError, filled


class Format(NamedTuple):
    """What an algorithm has to know of a floating-point format.

    Attributes:
        bits: Its length.
        digits: Bits of the fraction.
        bias: Of the exponent.
        low: Below, exp is 0.
        high: Above, exp is infinite.
        exp_terms: Terms of exp's series after the linear one.
        log_terms: Terms of log's series after the linear one.
        log2_high: The leading bits of log(2), few enough that small multiples are exact.
        log2_low: The rest of log(2).
    """

    bits: int
    digits: int
    bias: int
    low: float
    high: float
    exp_terms: int
    log_terms: int
    log2_high: float
    log2_low: float


def _split(bits: int) -> tuple[float, float]:
    """log(2) as a number of few bits and the rest."""
    high = math.floor(math.log(2) * 2**bits) / 2**bits
    low = float(_LOG2_TAIL + (math.log(2) - high))
    return high, low


_LOG2_TAIL = 2.3190468138462996e-17
"""log(2) less its nearest float64."""

FORMATS = {
    "float32": Format(32, 23, 127, -104.0, 89.0, 6, 5, *_split(13)),
    "float64": Format(64, 52, 1023, -746.0, 710.0, 12, 10, *_split(32)),
}

_FLAT = 40.0
"""From half of it on the hyperbolic tangent is 1, in float64, too."""


def exp(x: Lane) -> Lane:
    """``e ** x``: 2^n e^r with the integer n nearest to x / log(2)."""
    f = _format(x)
    inside = _limited(x, f.low, f.high)
    _, whole, r = _reduced(inside, f)
    p = _horner(r, _exp_series(f.exp_terms))  # (e^r - 1 - r) / r^2
    return _scaled(_fma(r * r, p, r) + 1.0, whole, f)


def expm1(x: Lane) -> Lane:
    """``e ** x - 1``: 2^n (e^r - 1) + (2^n - 1), halved until the end against overflow."""
    f = _format(x)
    inside = _limited(x, -60.0, f.high)
    n, whole, r = _reduced(inside, f)
    q = _fma(r * r, _horner(r, _exp_series(f.exp_terms)), r)
    half = _power(whole.of(whole.builder.sub(whole.value, filled(whole.value.type, 1))), f, x)
    y = _fma(half, q, half - 0.5)
    near = _select(n == 0.0, q, y + y)
    return _select(x == 0.0, x, near)


def log(x: Lane) -> Lane:
    """The natural logarithm: of x = 2^k m, m from sqrt(1/2) to sqrt(2)."""
    f = _format(x)
    tiny = x < 2.0 ** (1 - f.bias)
    k, m = _decomposed(_select(tiny, x * 2.0 ** (f.digits + 2), x), f)
    k = _select(tiny, k - (f.digits + 2.0), k)
    y = _log_sum(k, m - 1.0, x.number(0.0), f)
    y = _select(x == math.inf, x, y)
    y = _select(x == 0.0, x.number(-math.inf), y)
    return _select(x >= 0.0, y, x.number(math.nan))


def log1p(x: Lane) -> Lane:
    """``log(1 + x)``, with the rounding error of ``1 + x`` put right."""
    f = _format(x)
    u = x + 1.0
    k, m = _decomposed(u, f)
    lost = _select(k > 1.0, 1.0 - (u - x), x - (u - 1.0)) / u
    y = _log_sum(k, m - 1.0, lost, f)
    y = _select(x == math.inf, x, y)
    y = _select(x == -1.0, x.number(-math.inf), y)
    y = _select(u == 1.0, x, y)
    return _select(x >= -1.0, y, x.number(math.nan))


def tanh(x: Lane) -> Lane:
    """The hyperbolic tangent, of ``t = expm1(2 |x|)``: t / (t + 2) near 0, else 1 - 2 / (t + 2)."""
    f, size = _format(x), x.call("llvm.fabs")
    twice = size + size
    _, whole, r = _reduced(_select(twice > _FLAT, x.number(_FLAT), twice), f)
    power = _power(whole, f, x)
    t = _fma(power, _fma(r * r, _horner(r, _exp_series(f.exp_terms)), r), power - 1.0)
    below = t + 2.0
    near = size < 0.55
    quotient = _select(near, t, x.number(2.0)) / below
    lost = (t - (below - 2.0)) * -0.5  # half the rounding error of the sum, relative to it
    y = _select(near, _fma(quotient, lost, quotient), 1.0 - quotient)
    return y.call("llvm.copysign", x)


def _format(x: Lane) -> Format:
    try:
        return FORMATS[x.dtype.name]
    except KeyError:
        raise UnsupportedError(f"exp and log of {x.dtype}") from None


def _exp_series(terms: int) -> list[float]:
    """1/2!, 1/3!, ...: the coefficients after 1 + r."""
    return [1 / math.factorial(k + 2) for k in range(terms)]


def _log_sum(k: Lane, f: Lane, lost: Lane, form: Format) -> Lane:
    """``k log(2) + log(1 + f) + lost``, added up from the smallest."""
    s = f / (f + 2.0)
    z = s * s
    series = z * _horner(z, [2 / (2 * i + 3) for i in range(form.log_terms)])
    half = f * f * 0.5
    low = _fma(k, k.number(form.log2_low), lost)
    return k * form.log2_high - ((half - _fma(s, half + series, low)) - f)


def _reduced(x: Lane, f: Format) -> tuple[Lane, Lane, Lane]:
    """The n (as a float, and as an integer) and r of ``x = n log(2) + r``."""
    shift = 1.5 * 2.0**f.digits  # adding it leaves the nearest integer in the last bits
    moved = _fma(x, x.number(1 / math.log(2)), x.number(shift))
    n = moved - shift
    r = _fma(n, x.number(-f.log2_high), x)
    whole = _bits(moved, f)
    base = filled(whole.value.type, _pattern(shift, x.dtype))
    return n, whole.of(x.builder.sub(whole.value, base)), _fma(n, x.number(-f.log2_low), r)


def _scaled(p: Lane, n: Lane, f: Format) -> Lane:
    """``p 2^n`` in two steps, so that neither leaves the range before the result does."""
    b = p.builder
    half = n.of(b.ashr(n.value, filled(n.value.type, 1)))
    rest = n.of(b.sub(n.value, half.value))
    return p * _power(half, f, p) * _power(rest, f, p)


def _power(n: Lane, f: Format, like: Lane) -> Lane:
    """``2^n`` for an integer n, made of its bits."""
    b, kind = n.builder, n.value.type
    biased = b.add(n.value, filled(kind, f.bias))
    pattern = b.shl(biased, filled(kind, f.digits))
    return like.of(b.bitcast(pattern, like.value.type))


def _decomposed(x: Lane, f: Format) -> tuple[Lane, Lane]:
    """The k and m of ``x = 2^k m``, m from sqrt(1/2) to sqrt(2)."""
    b, bits = x.builder, _bits(x, f)
    kind = bits.value.type
    root = filled(kind, _pattern(math.sqrt(0.5), x.dtype))
    moved = b.sub(bits.value, root)
    k = b.ashr(moved, filled(kind, f.digits))
    fraction = b.and_(moved, filled(kind, 2**f.digits - 1))
    m = b.bitcast(b.add(fraction, root), x.value.type)
    return x.of(b.sitofp(k, x.value.type)), x.of(m)


def _bits(x: Lane, f: Format) -> Lane:
    whole = np.dtype(f"int{f.bits}")
    return x.of(x.builder.bitcast(x.value, x.wide(ir.IntType(f.bits))), whole)


def _pattern(number: float, dtype: np.dtype) -> int:
    return int(np.asarray(number, dtype).view(f"int{dtype.itemsize * 8}"))


def _horner(x: Lane, coefficients: Sequence[float]) -> Lane:
    """A polynomial, from the constant term's coefficient up."""
    *rest, y = map(x.number, coefficients)
    for c in reversed(rest):
        y = _fma(y, x, c)
    return y


def _fma(x: Lane, y: Lane, z: Lane) -> Lane:
    """``x y + z``, rounded once."""
    return x.call("llvm.fma", y, z)


def _limited(x: Lane, low: float, high: float) -> Lane:
    """The nearest number of an interval; NaN stays."""
    x = _select(x < low, x.number(low), x)
    return _select(x > high, x.number(high), x)


def _select(c: Lane, x: Lane, y: Lane) -> Lane:
    return y.of(y.builder.select(c.value, x.value, y.value))
