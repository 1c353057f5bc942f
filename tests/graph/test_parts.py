"""Contributions kept apart until all are known: the same gradient, from far fewer operations."""

from __future__ import annotations

from collections import Counter

import array_api_strict
import numpy as np
import pytest

from tushuo.graph import Tensor, check_grads, grad, gradient, ops, variable
from tushuo.graph.backend import to_numpy
from tushuo.graph.order import topological
from tushuo.graph.parts import Placed, Product, Sum

RNG = np.random.default_rng(0)
T, N, D, H = 6, 2, 3, 4
W, U, X = (
    RNG.standard_normal((H, D)),
    RNG.standard_normal((H, H)) / 2,
    RNG.standard_normal((N, T, D)),
)


def recurrent(product):
    """The loss of a small recurrent network, with a given product of rows by weights."""

    def loss(w, u, x):
        h = ops.zeros((N, H))
        for t in range(T):
            h = ops.tanh(product(x[:, t], w) + product(h, u))
        return ops.sum(h * h)

    return loss


def made(outputs):
    """How many operations of each kind a graph holds."""
    return Counter(n.op.name for n in topological([y.node for y in outputs]))


@pytest.mark.parametrize("product", [ops.inner, lambda x, w: x @ w.mT])
def test_gradients_equal_those_of_unmerged_products(product):
    def plain(x, w):
        return ops.sum(ops.expand_dims(x, 1) * w, -1)

    got = grad(recurrent(product), (0, 1, 2))(W, U, X)
    expected = grad(recurrent(plain), (0, 1, 2))(W, U, X)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10)


def test_second_derivatives():
    check_grads(recurrent(ops.inner), (W, U, X), rtol=1e-4)


def test_one_product_a_weight_and_one_array_for_all_slices():
    variables = [variable(a) for a in (W, U, X)]
    y = recurrent(ops.inner)(*variables)
    backward = made(gradient(y, variables)) - made([y])
    inputs, states, weights = T, T - 1, 2  # the first state is a constant
    assert backward["MatMul"] == inputs + states + weights
    assert backward["Place"] == 1


def test_slices_are_placed_together():
    x = variable(np.arange(12.0).reshape(4, 3))
    y = sum((ops.sum(x[i] ** 2 * float(i)) for i in range(4)), ops.sum(x[1:3]))
    g = gradient(y, x)
    expected = 2 * np.arange(4)[:, None] * x.numpy() + [[0], [1], [1], [0]]
    assert g.numpy().tolist() == expected.tolist()
    assert made([g])["Place"] == 1


@pytest.mark.parametrize("library", [np, array_api_strict])
def test_sum_of_all_kinds(library):
    def tensor(x):
        return Tensor(library.asarray(np.asarray(x, float)))

    whole, row = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    left, right = RNG.standard_normal((4, 2)), RNG.standard_normal((4, 3))
    for record in (False, True):
        total = Sum(record)
        for _ in range(3):
            total.add(tensor(whole))
            total.add(Placed(tensor(row), (1,), (2, 3)))
            total.add(Product(tensor(left), tensor(right)))
        expected = 3 * (whole + [[0, 0, 0], row] + left.T @ right)
        np.testing.assert_allclose(to_numpy(total.total().data), expected)


def test_contributions_are_not_written_to():
    first = Tensor([1.0, 2.0])
    total = Sum(record=False)
    for x in (first, Tensor([3.0, 4.0]), Tensor([5.0, 6.0])):
        total.add(x)
    result = total.total()
    assert first.numpy().tolist() == [1, 2]
    assert result.numpy().tolist() == [9, 12]
    assert not result.data.flags.writeable


def test_many_uses_of_one_variable_without_axes():
    assert grad(lambda x: x + x + x + x * x)(3.0).item() == 9
