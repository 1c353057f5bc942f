"""Exponentials and logarithms of compiled code, against NumPy's in twice the precision."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from tushuo.compile import compile

LIMITS = {
    "exp": 1.0,
    "expm1": 1.5,
    "log": 1.0,
    "log1p": 1.0,
    "tanh": 2.0,
    "sigmoid": 2.0,
    "softplus": 2.0,
}
"""Units in the last place, over all of float32."""

EXACT = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
}
EDGES = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 88.722, 88.73, -87.4, -103.9, -104.1, 1e-40]


def every_so_often(step=9973):
    """Float32 numbers of all sizes and signs: every so manieth pattern of 32 bits."""
    patterns = np.arange(0, 2**32, step, dtype=np.uint32)
    return np.concatenate([patterns.view(np.float32), np.array(EDGES, np.float32)])


def units(found, exact):
    """The distance in units of the last place of float32."""
    with np.errstate(all="ignore"):
        wanted = exact.astype(np.float32)
        same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
        size = np.maximum(np.spacing(np.abs(wanted)).astype(np.float64), 2.0**-149)
        distance = np.abs(found.astype(np.float64) - exact) / size
    return np.where(same, 0.5, np.where(np.isnan(distance), np.inf, distance))


@pytest.mark.parametrize("name", EXACT)
def test_float32_over_its_whole_range(name):
    x = every_so_often()
    with np.errstate(all="ignore"):
        exact = EXACT[name](x.astype(np.float64))
    if name == "sigmoid":  # 1 / (1 + inf) is 0 where a denormal number is nearer
        exact[x < -88.72] = 0
    found = compile(getattr(tushuo, name), cache=False)(x).numpy()
    distance = units(found, exact)
    worst = int(np.argmax(distance))
    assert distance[worst] <= LIMITS[name], (x[worst], found[worst], exact[worst])


@pytest.mark.parametrize("name", EXACT)
def test_float64(name):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, s, 3000) for s in (1e-9, 0.1, 1.0, 30.0)] + [EDGES])
    with np.errstate(all="ignore"):
        exact = EXACT[name](x)
    found = compile(getattr(tushuo, name), cache=False)(x).numpy()
    np.testing.assert_allclose(found, exact, rtol=1e-15, atol=0)
