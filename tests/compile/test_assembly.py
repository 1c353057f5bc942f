"""Arrays put together: slices that fill a result are written once, to the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from tushuo.compile import compile
from tushuo.compile.codegen.assembly import regions
from tushuo.compile.layout import whole
from tushuo.compile.program import Value
from tushuo.graph.op import apply
from tushuo.graph.ops.index import Place, Range

ALL = Range(None, None, None)


def how(keys, shape, inner):
    views = [whole(Value(inner, np.dtype("float32"))) for _ in keys]
    return regions(Place(tuple(keys), shape), views)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (-1, 0, -2)])
def test_slices_that_fill_an_axis_need_no_zeros(order):
    found = how([(ALL, i) for i in order], (2, 3), (2,))
    assert found.fill is None
    assert not found.adds


@pytest.mark.parametrize(
    "keys",
    [
        [(ALL, 0), (ALL, 1)],  # one is missing
        [(ALL, 0), (ALL, 1), (ALL, 1)],  # two meet
        [(ALL, 0), (ALL, 1), (Range(0, 1, 1), 2)],  # a part of one
        [(ALL, 0), (ALL, 1), (ALL, Range(2, 3, 1))],
        [(ALL,), (ALL,)],
    ],
)
def test_others_are_added_to_zeros(keys):
    found = how(keys, (2, 3), (2,))
    assert found.fill == 0
    assert found.adds


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_slices_give_the_same_bits(dtype):
    parts = [np.array([0.0, -0.0, 1.5 + i], dtype) for i in range(3)]
    place = Place(tuple((ALL, i) for i in (1, 2, 0)), (3, 3))
    wanted = place.forward(np, *parts)
    found = compile(lambda *xs: apply(place, *xs), cache=False)(*map(tushuo.asarray, parts)).numpy()
    assert found.tobytes() == wanted.tobytes()
