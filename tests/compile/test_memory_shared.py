"""Programs of one function share their memory."""

from __future__ import annotations

import threading

import numpy as np

import tushuo as ts
from tushuo.compile.arenas import Arenas
from tushuo.compile.recycle import recycled


def test_an_arena_that_was_given_back_is_taken_again() -> None:
    arenas = Arenas()
    first = arenas.take(100)
    arenas.give(first)
    assert arenas.take(80) is first
    assert arenas.take(80) is not first


def test_a_free_arena_that_is_too_small_makes_room() -> None:
    arenas = Arenas(kept=1)
    arenas.give(np.empty(10, np.uint8))
    large = arenas.take(20)
    arenas.give(large)
    assert arenas.take(5) is large


def test_no_more_arenas_are_kept_than_asked_for() -> None:
    arenas = Arenas(kept=1)
    small, large = arenas.take(10), arenas.take(20)
    arenas.give(large)
    arenas.give(small)
    assert arenas.take(1) is large
    assert arenas.take(1) is not small


def test_programs_with_the_same_outputs_share_their_memory() -> None:
    one = recycled([((2, 3), np.dtype("f4")), ((2, 3), np.dtype("f4"))])
    other = recycled([((2, 3), np.dtype("f4")), ((4,), np.dtype("f4"))])
    assert one[0] is other[0]
    assert one[1] is not one[0]
    assert other[1] not in one


def test_results_of_one_length_outlive_calls_with_others() -> None:
    f = ts.compile(lambda x, w: (ts.tanh(x @ w) @ w.mT).sum(axis=0))
    w = np.random.default_rng(0).normal(size=(600, 300)).astype("f4")
    rows = [np.full((n, 600), 0.01 * n, "f4") for n in (600, 900, 700)]
    expected = [(np.tanh(x @ w) @ w.T).sum(axis=0) for x in rows]
    for _ in range(3):
        held = [f(ts.Tensor(x), ts.Tensor(w)) for x in rows]
        for got, right in zip(held, expected, strict=True):
            np.testing.assert_allclose(got.numpy(), right, rtol=2e-3, atol=1e-3)


def test_threads_do_not_get_each_others_memory() -> None:
    f = ts.compile(lambda x: ts.exp(x) * 2 + ts.exp(-x).sum())
    wrong: list[float] = []

    def work(value: float) -> None:
        x = ts.Tensor(np.full(400_000, value, "f4"))
        for _ in range(20):
            got = f(x).numpy()
            right = 2 * np.exp(value) + 400_000 * np.exp(-value)
            if not np.allclose(got, right, rtol=1e-3):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(v,)) for v in (0.0, 0.5, 1.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
