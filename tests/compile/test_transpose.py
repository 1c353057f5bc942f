"""Copies that change the order of axes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tushuo
from tushuo.compile import compile

RNG = np.random.default_rng(0)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(1, 37), min_size=2, max_size=2),
    st.lists(st.integers(1, 3), max_size=2),
    st.randoms(use_true_random=False),
    st.sampled_from(["float32", "float64", "int32", "bool"]),
)
def test_any_order(long, short, random, dtype):
    shape, axes = [*long, *short], list(range(len(long) + len(short)))
    random.shuffle(shape)
    random.shuffle(axes)
    x = (RNG.standard_normal(shape) * 9).astype(dtype)
    f = compile(lambda x: tushuo.permute_dims(x, axes), cache=False)
    np.testing.assert_array_equal(f(x).numpy(), x.transpose(axes))


@pytest.mark.parametrize("shape", [(300, 700), (9, 20, 33, 40)])
def test_large_ones_are_shared_by_threads(shape):
    x = RNG.standard_normal(shape).astype("float32")
    f = compile(lambda x: tushuo.permute_dims(x, tuple(range(x.ndim))[::-1]), cache=False)
    np.testing.assert_array_equal(f(x).numpy(), x.T)
