"""The machine code that finds the largest sums, against a whole sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite")

from tushuo.compile.best import Best

BEST = Best(6, 24)
ODD = (np.nan, np.inf, -np.inf, -2e9, -1e9, -9.9e8)


@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 6),
    words=st.integers(1, 900),
    count=st.integers(1, 24),
    distinct=st.sampled_from([5, 100_000]),
    scale=st.sampled_from([0.0, 1e-3, 30.0, 1e7]),
)
@settings(max_examples=60, deadline=None)
def test_the_largest_are_those_of_a_whole_sort(seed, rows, words, count, distinct, scale):
    rng = np.random.default_rng(seed)
    x = rng.choice(rng.normal(0, 10, distinct), (rows, words)).astype(np.float32)
    odd = rng.random(x.shape) < 0.03
    x[odd] = rng.choice(ODD, int(odd.sum()))
    before = scale * rng.normal(size=rows)
    refused = rng.random(words) < 0.1
    possible = (x > -1e9) & (x < np.inf) & ~refused
    sums = np.where(possible, x.astype(np.float64) + before[:, None], -np.inf).ravel()
    wanted = np.argsort(-sums, kind="stable")[:count]
    found = BEST(x, before.tolist(), refused, count)
    if possible.sum() < count:
        assert found is None
    else:
        assert found is not None
        assert (found.places, found.sums) == (wanted.tolist(), sums[wanted].tolist())


def test_a_piece_whose_only_large_number_is_its_last_is_not_passed_over():
    for words in (63, 64, 65, 128, 3000):
        x = np.zeros((2, words), np.float32)
        x[1, -1] = 1.0
        found = BEST(x, [0.0, 0.0], np.zeros(words, bool), 2)
        assert found is not None
        assert found.places == [2 * words - 1, 0]
