"""grad and its like: trees, arguments, and that no graph is left behind."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from typing import NamedTuple

import numpy as np
import pytest

from tushuo.graph import (
    Op,
    Tensor,
    check_grads,
    grad,
    gradient,
    hessian,
    jacobian,
    jvp,
    leaves,
    ops,
    tree_map,
    value_and_grad,
    variable,
    vjp,
)

X = np.array([0.5, -1.0, 2.0])


class Layer(NamedTuple):
    weight: object
    bias: object


def numbers(tree):
    return tree_map(lambda x: x.numpy().tolist(), tree)


def cubes(x):
    return ops.sum(x**3)


def test_gradients_are_trees_like_the_argument():
    def f(tree):
        layer, (scale,) = tree["layer"], tree["scale"]
        return ops.sum(layer.weight * X + layer.bias) * scale

    tree = {"layer": Layer(np.ones(3), 2.0), "scale": [3.0], "nothing": None, "name": "f"}
    g = grad(f)(tree)
    assert isinstance(g["layer"], Layer)
    assert numbers(g["layer"]) == Layer((3 * X).tolist(), 9.0)
    assert numbers(g["scale"]) == [7.5]
    assert (g["nothing"], g["name"]) == (None, "f")


def test_argnums():
    def f(x, y, scale=1.0):
        return x * y**2 * scale

    assert grad(f)(2.0, 3.0).item() == 9
    assert grad(f, argnums=1)(2.0, 3.0, scale=2).item() == 24
    assert grad(f, argnums=-1)(2.0, 3.0).item() == 12
    assert [g.item() for g in grad(f, argnums=(1, 0))(2.0, 3.0)] == [12, 9]
    value, (g,) = value_and_grad(f, argnums=(0,))(2, 3)
    assert (value.item(), g.item()) == (18, 9)


def test_has_aux():
    def f(x):
        return ops.sum(x * x), {"double": x * 2, "word": "aux"}

    (value, aux), g = value_and_grad(f, has_aux=True)(X)
    assert value.item() == 5.25
    assert aux["word"] == "aux"
    assert aux["double"].node is None
    assert numbers(g) == (2 * X).tolist()
    g, aux = grad(f, has_aux=True)(X)
    assert numbers(aux["double"]) == (2 * X).tolist()


def test_one_tensor_as_two_arguments_is_two_variables():
    x = Tensor(3.0)

    def f(x, y):
        return x * y * y

    assert [g.item() for g in grad(f, (0, 1))(x, x)] == [9, 18]
    assert [g.item() for g in vjp(f, x, x)[1](1.0)] == [9, 18]
    assert jvp(f, (x, x), (1.0, 0.0))[1].item() == 9
    assert jvp(f, (x, x), (0.0, 1.0))[1].item() == 18


def test_tied_leaves_get_the_whole_derivative_and_stay_tied():
    w = Tensor(3.0)

    def f(p):
        return p["encoder"] * p["decoder"] ** 2

    params = {"encoder": w, "decoder": w}
    g = grad(f)(params)
    assert numbers(g) == {"encoder": 27, "decoder": 27}
    params = tree_map(lambda p, g: p - 0.1 * g, params, g)
    assert params["encoder"] is params["decoder"]
    assert numbers(grad(f)(params)) == pytest.approx({"encoder": 0.27, "decoder": 0.27})


def test_tied_leaves_have_tangents_of_their_own():
    w = Tensor(3.0)
    primal, tangent = {"a": w, "b": w}, {"a": 1.0, "b": 0.0}
    assert jvp(lambda p: p["a"] * p["b"] ** 2, (primal,), (tangent,))[1].item() == 9


def test_check_grads_takes_each_place_of_a_tied_leaf_on_its_own():
    w = Tensor(3.0)
    check_grads(lambda p: p["a"] * p["b"] ** 2, ({"a": w, "b": w},))


def test_unused_inputs_have_gradient_zero():
    gx, gy = grad(lambda x, y: x * 2, (0, 1))(1.0, np.float32([1, 2]))
    assert (gx.item(), gy.numpy().tolist(), gy.dtype) == (2, [0, 0], np.float32)
    assert jvp(lambda x: Tensor([1.0]), (X,), (X,))[1].numpy().tolist() == [0]
    assert numbers(gradient(variable(1.0) * 2, [variable(X)])) == [[0, 0, 0]]
    assert grad(lambda x: Tensor(1.0))(X).numpy().tolist() == [0, 0, 0]


def test_integer_results_carry_no_derivative():
    value, tangent = jvp(lambda x: {"best": ops.argmax(x), "x": x}, (X,), (X,))
    assert (value["best"].item(), tangent["best"].item()) == (2, 0)
    assert grad(lambda x: x[ops.argmax(x)])(X).numpy().tolist() == [0, 0, 1]


def test_vjp_can_be_pulled_several_times():
    value, pullback = vjp(lambda x, y: {"sum": x + y, "product": x * y}, X, 2.0)
    assert numbers(value["product"]) == (2 * X).tolist()
    gx, gy = pullback({"sum": np.zeros(3), "product": np.ones(3)})
    assert (numbers(gx), gy.item()) == ([2, 2, 2], X.sum())
    gx, gy = pullback({"sum": np.ones(3), "product": np.zeros(3)})
    assert (numbers(gx), gy.item()) == ([1, 1, 1], 3)


def test_jvp_of_trees():
    value, tangent = jvp(lambda p, y: [p["x"] * y], ({"x": X}, 2), ({"x": np.ones(3)}, 1))
    assert numbers(value) == [(2 * X).tolist()]
    assert numbers(tangent) == [(2 + X).tolist()]


def test_tangents_and_cotangents_take_the_data_type_of_their_values():
    x = np.float32(X)
    assert jvp(lambda x: x * x, (x,), (np.ones(3),))[1].dtype == np.float32
    assert jvp(lambda x: x * x + x, (2,), (1,))[1].item() == 5
    _, pullback = vjp(lambda x: x * x, x)
    assert pullback(np.ones(3))[0].dtype == np.float32
    assert pullback(np.array([1, 0, 0]))[0].dtype == np.float32


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_jacobian(mode):
    x = X[:2]
    got = jacobian(lambda x: ops.stack([x * x[0], ops.sin(x)]), mode=mode)(x)
    a, b = x
    expected = [[[2 * a, 0], [b, a]], [[np.cos(a), 0], [0, np.cos(b)]]]
    np.testing.assert_allclose(got.numpy(), expected)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_jacobian_of_nothing_and_of_numbers(mode):
    assert jacobian(lambda x: x[:0], mode=mode)(X).shape == (0, 3)
    assert jacobian(lambda x: ops.sum(x) * X, mode=mode)(np.ones(0)).shape == (3, 0)
    assert jacobian(lambda x: x * x, mode=mode)(3).item() == 6
    assert jacobian(lambda x, y: x * y, -1, mode)(X, X).numpy().tolist() == np.diag(X).tolist()
    assert hessian(cubes)(np.ones(0)).shape == (0, 0)


def test_jacobian_runs_the_function_once():
    runs = []
    for mode in ("forward", "reverse"):
        jacobian(lambda x: runs.append(1) or x * x, mode=mode)(X)
    assert len(runs) == 2


def test_hessian():
    a = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 1.0]])
    got = hessian(lambda x: 0.5 * ops.sum(x * (Tensor(a) @ x)) + ops.sum(x**3))(X)
    np.testing.assert_allclose(got.numpy(), a + np.diag(6 * X))
    x = X.reshape(3, 1)
    assert hessian(lambda x: ops.sum(x * x))(x).shape == (3, 1, 3, 1)


def test_gradient_of_graphs_built_by_hand():
    x = variable(2.0)
    y = x * x
    z = y * 3 + x
    assert [g.item() for g in gradient(z, [x, y])] == [13, 3]
    (first,) = gradient(z * z, [x])
    (second,) = gradient(first, [x])
    assert second.item() == pytest.approx(2 * 13**2 + 2 * 14 * 6)
    assert gradient(x, x).item() == 1


@pytest.mark.parametrize("f", [cubes, lambda x: ops.sum(x * jvp(lambda y: y**3, (x,), (x,))[1]),
                               lambda x: ops.sum(vjp(lambda y: y**3, x)[1](x)[0])])  # fmt: skip
def test_a_first_derivative_leaves_no_graph(f):
    value, g = value_and_grad(f)(X)
    assert value.node is None
    assert g.node is None
    assert all(x.node is None for x in jvp(f, (X,), (X,)))
    y, pullback = vjp(f, X)
    assert y.node is None
    assert pullback(1.0)[0].node is None
    assert jacobian(f)(X).node is None
    assert hessian(f)(X).node is None


def test_the_graph_is_freed_without_the_garbage_collector():
    seen = []

    def f(x):
        y = x * x
        seen.append(weakref.ref(y))
        return ops.sum(y)

    gc.collect()
    gc.disable()
    try:
        grad(f)(X)
        assert seen[0]() is None
    finally:
        gc.enable()


def test_descent_does_not_grow():
    """Parameters stay constants, so nothing of the past steps is kept."""
    params = {"w": Tensor(np.ones(1000)), "b": Tensor(0.0)}
    step = grad(lambda p: ops.mean((p["w"] * 2 + p["b"] - 1) ** 2))

    def held_after(n):
        nonlocal params
        for _ in range(n):
            params = tree_map(lambda p, g: p - 0.1 * g, params, step(params))
        gc.collect()  # empties Python's own stores of small objects, too
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        grown = -held_after(3) + held_after(30)
    finally:
        tracemalloc.stop()
    assert grown < 8 * 1000  # less than one copy of the weights
    assert all(x.node is None for x in leaves(params))


def test_a_goal_needs_no_derivative_of_its_own():
    class Source(Op):
        def forward(self, xp, x):
            return x * 2

    y = Source()(variable(3.0))
    assert gradient(y * y, y).item() == 12
