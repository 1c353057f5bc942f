"""Many steps in one call."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from compile.programs import Sorted
from tushuo.compile import compile
from tushuo.compile.scan import _updated_in_place
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
        return c + x, Sorted()(c * x)

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


def descent(carry, x):
    """A layer's weights (5, 20) after a step towards 0, from examples (3, 20)."""
    w, v = carry
    gradient = (x @ tushuo.matrix_transpose(w)).T @ x
    v = 0.5 * v + gradient
    return (w - 0.01 * v, v), tushuo.sum(gradient * w)


def swapped(carry, x):
    """Each update reads what the other one is to overwrite."""
    a, b = carry
    product = tushuo.matrix_transpose(x) @ x
    return (b + product, a - product), tushuo.sum(a)


@pytest.mark.parametrize(("f", "shape"), [(descent, (5, 20)), (swapped, (20, 20))])
def test_weights_are_overwritten_only_when_nobody_reads_them_any_more(f, shape):
    rng = np.random.default_rng(0)
    carry = tuple(tushuo.asarray(rng.standard_normal(shape)) for _ in range(2))
    first = [x.numpy().copy() for x in carry]
    rows = rng.standard_normal((4, 3, 20))
    compiled = compile(f, cache=False)
    found, more = compiled.scan(carry, rows)
    wanted, each = looped(f, carry, rows)
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-11)
    np.testing.assert_allclose(more.numpy(), [m.item() for m in each], rtol=1e-10)
    assert all((x.numpy() == y).all() for x, y in zip(carry, first, strict=True))


def test_an_update_at_the_end_of_a_product_is_in_place():
    def f(carry, x):
        return carry - 0.1 * (tushuo.matrix_transpose(x) @ x), None

    compiled = compile(f, cache=False)
    w, x = tushuo.asarray(np.ones((20, 20))), np.random.default_rng(0).random((3, 20))
    compiled(w, x)
    ((made,),) = compiled._made.values()
    assert _updated_in_place(made.executable.plan, 1) == {0}
