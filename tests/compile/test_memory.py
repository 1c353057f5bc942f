"""The plan of memory: no two living values overlap, and dead ones give their place back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tushuo.compile.memory import ALIGNMENT, Interval, plan
from tushuo.compile.program import Value


def interval(length, first, last):
    return Interval(Value((length,), np.dtype("uint8")), first, last)


INTERVALS = st.lists(
    st.builds(
        lambda length, first, more: interval(length, first, first + more),
        st.integers(0, 1000),
        st.integers(0, 20),
        st.integers(0, 8),
    ),
    max_size=30,
)


@given(INTERVALS)
def test_living_values_do_not_overlap(intervals):
    arena = plan(intervals)
    for i, a in enumerate(intervals):
        start, end = arena.offsets[a.value], arena.offsets[a.value] + a.value.nbytes
        assert start % ALIGNMENT == 0
        assert end <= arena.size
        for b in intervals[:i]:
            if a.first <= b.last and b.first <= a.last:
                other = arena.offsets[b.value]
                assert end <= other or other + b.value.nbytes <= start
    assert arena.size <= arena.total


def test_a_chain_needs_two_places():
    chain = [interval(640, i, i + 1) for i in range(50)]
    assert plan(chain).size == 2 * 640
    assert plan(chain).total == 50 * 640


def test_nothing():
    assert plan([]).size == 0
