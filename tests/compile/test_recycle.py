"""Memory of results: used again when nobody can see it, never before."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from tushuo.compile.memory import ALIGNMENT, set_writeable
from tushuo.compile.recycle import KEPT, Recycled

FLOAT = np.dtype("float32")


def start(array):
    return array.ctypes.data


def test_arrays_are_aligned_and_locked():
    array = Recycled((3, 5), FLOAT).array()
    assert (array.shape, array.dtype, start(array) % ALIGNMENT) == ((3, 5), FLOAT, 0)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    set_writeable(array, True)
    array[0] = 1


def test_an_array_is_used_again_when_it_is_let_go():
    memory = Recycled((8,), FLOAT)
    first = start(memory.array())
    assert start(memory.array()) == first


@pytest.mark.parametrize(
    "keep", [lambda x: x, lambda x: x[2:], lambda x: x.reshape(2, 4)[1], memoryview]
)
def test_not_while_anything_refers_to_it(keep):
    memory = Recycled((8,), FLOAT)
    array = memory.array()
    first, kept = start(array), keep(array)
    del array
    gc.collect()
    assert all(start(memory.array()) != first for _ in range(2 * KEPT))
    del kept
    assert first in [start(memory.array()) for _ in range(KEPT)]
