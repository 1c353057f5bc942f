"""Many steps in one call."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from tushuo.compile import compile
from tushuo.errors import CompileError, ShapeError


def step(carry, row):
    w, n = carry
    y = tushuo.tanh(w @ row["x"]) + row["b"]
    return (w + 0.1 * y[:, None], n + 1), {"y": y, "sum": tushuo.sum(y)}


def looped(f, carry, rows):
    found = []
    for i in range(len(tushuo.graph.leaves(rows)[0])):
        carry, more = f(carry, tushuo.tree_map(lambda x, i=i: tushuo.asarray(x[i]), rows))
        found.append(more)
    return carry, found


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_scan_is_the_loop(steps):
    rng = np.random.default_rng(steps)
    carry = (tushuo.asarray(rng.random((4, 3))), tushuo.asarray(np.array(0)))
    rows = {"x": rng.random((steps, 3)), "b": rng.random((steps, 4))}
    (w, n), more = compile(step, cache=False).scan(carry, rows)
    (wanted, count), each = looped(step, carry, rows)
    np.testing.assert_allclose(w.numpy(), wanted.numpy(), rtol=1e-13)
    assert n.item() == count.item() == steps
    np.testing.assert_allclose(more["y"].numpy(), [m["y"].numpy() for m in each], rtol=1e-13)
    assert more["sum"].shape == (steps,)
    np.testing.assert_allclose(more["sum"].numpy(), [m["sum"].item() for m in each], rtol=1e-13)


def test_the_arguments_stay_as_they_are():
    carry, rows = np.zeros(2), np.ones((5, 2))
    last, _ = compile(lambda c, x: (c + x, x), cache=False).scan(carry, rows)
    assert last.numpy().tolist() == [5, 5]
    assert carry.tolist() == [0, 0]


def test_steps_that_need_numpy():
    def f(c, x):
        return c + x, tushuo.cumulative_sum(c * x)

    rows = np.arange(8.0).reshape(4, 2)
    last, sums = compile(f, cache=False).scan(np.zeros(2), rows)
    wanted, each = looped(f, tushuo.asarray(np.zeros(2)), rows)
    np.testing.assert_array_equal(last.numpy(), wanted.numpy())
    np.testing.assert_array_equal(sums.numpy(), [x.numpy() for x in each])


def test_rows_of_different_lengths():
    with pytest.raises(ShapeError, match=r"one step a row, got shapes \[\(3, 2\), \(4, 2\)\]"):
        compile(lambda c, x: (c, x[0]), cache=False).scan(
            np.ones(2), [np.ones((3, 2)), np.ones((4, 2))]
        )


def test_a_carry_that_is_not_returned():
    x = tushuo.asarray(np.ones(2))
    for f, carry in [
        (lambda c, x: c * x, x),
        (lambda c, x: (c[0] * x, x), [x]),
        (lambda c, x: ([c[0] * x, c[1]], x), [x, x]),
        (lambda c, x: ([c[0] * x, c[1]], x), [x, 1]),
    ]:
        with pytest.raises(CompileError, match=r"needs a function from .carry, row. to .carry"):
            compile(f, cache=False).scan(carry, np.ones((3, 2)))


def test_a_carry_that_changes_its_type():
    f = compile(lambda c, x: (tushuo.sum(c * x), x), cache=False)
    with pytest.raises(CompileError, match=r"returns the carry it takes: .* cast and shape"):
        f.scan(np.ones(2), np.ones((3, 2)))
