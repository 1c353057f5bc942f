"""The error function from the array API's functions alone, accurate in the operand's data type."""

from __future__ import annotations

from collections.abc import Sequence

from tushuo.graph.backend import Array, Namespace

# Coefficients, highest power first, of the rational approximations of W. J. Cody, "Rational
# Chebyshev approximations for the error function", Mathematics of Computation 23 (1969), 631-637.
_NEAR = 0.46875  # erf(x) = x P(x^2) / Q(x^2) up to here
_NEAR_P = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_NEAR_Q = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
_FAR = 6.0  # erf(x) = 1 - exp(-x^2) P(x) / Q(x) up to here, 1 beyond
_FAR_P = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
_FAR_Q = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)

# Float32: erf(x) = x P(x^2) / Q(x^2) up to 3.95, fitted by reweighted least squares at Chebyshev
# nodes to a relative error of 6e-8; beyond, erf rounds to 1.
_SHORT = 3.95
_SHORT_P = (
    1.9601209544362064e-08,
    -1.9505528143781703e-06,
    0.00014376836770679802,
    0.0038065314292907715,
    0.05091940239071846,
    0.20255529880523682,
    1.1283791065216064,
)
_SHORT_Q = (
    0.0009794968646019697,
    0.014573222026228905,
    0.11608290672302246,
    0.5128414630889893,
    1.0,
)


def erf(xp: Namespace, x: Array) -> Array:
    """The error function of each element.

    Args:
        xp: Namespace of the array.
        x: Float64 (relative error below 1e-15) or narrower (below 1e-6).
    """
    return _double(xp, x) if x.dtype == xp.float64 else _single(xp, x)


def _single(xp: Namespace, x: Array) -> Array:
    a = xp.clip(x, -_SHORT, _SHORT)
    z = a * a
    y = a * _polynomial(_SHORT_P, z)
    y /= _polynomial(_SHORT_Q, z)
    return xp.clip(y, -1.0, 1.0)


def _double(xp: Namespace, x: Array) -> Array:
    a = xp.clip(xp.abs(x), None, _FAR)
    z = a * a
    near = x * _polynomial(_NEAR_P, z) / _polynomial(_NEAR_Q, z)
    tail = xp.exp(-z) * _polynomial(_FAR_P, a) / _polynomial(_FAR_Q, a)
    return xp.where(a <= _NEAR, near, xp.sign(x) * (1 - tail))


def _polynomial(coefficients: Sequence[float], z: Array) -> Array:
    """Horner's rule, in place after the first product."""
    y = z * coefficients[0]
    for c in coefficients[1:-1]:
        y += c
        y *= z
    y += coefficients[-1]
    return y
