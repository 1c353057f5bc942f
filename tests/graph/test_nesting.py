"""Derivatives of derivatives: all mixtures of modes, closures, and no confusion between levels."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from tushuo.graph import Tensor, grad, gradient, hessian, jacobian, jvp, ops, variable, vjp


def forward(f):
    return lambda x: jvp(f, (x,), (1.0,))[1]


def pulled(f):
    return lambda x: vjp(f, x)[1](1.0)[0]


MODES = {"forward": forward, "reverse": grad, "vjp": pulled}


def polynomial(n):
    return lambda x: math.perm(5, n) * x ** (5 - n)


def sine(n):
    return lambda x: 2**n * math.sin(2 * x + n * math.pi / 2)


def reciprocal(n):
    return lambda x: (-1) ** n * math.factorial(n) * x ** (-1 - n)


def growth(n):
    return lambda x: (x + n) * math.exp(x)


FUNCTIONS = {
    "x^5": (lambda x: x**5, polynomial),
    "sin 2x": (lambda x: ops.sin(2 * x), sine),
    "1 / x": (lambda x: 1 / x, reciprocal),
    "x exp x": (lambda x: x * ops.exp(x), growth),
}
"""Functions, and their derivatives of any order n."""


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("modes", [
    *product(["forward", "reverse"], repeat=4), ("vjp", "reverse", "vjp", "forward")
], ids="-".join)  # fmt: skip
def test_four_orders_in_any_mixture_of_modes(name, modes):
    f, derivative = FUNCTIONS[name]
    for order, mode in enumerate(modes, start=1):
        f = MODES[mode](f)
        got = f(0.7)
        assert got.item() == pytest.approx(derivative(order)(0.7), rel=1e-12)
        assert got.node is None


@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
def test_perturbations_are_not_confused(inner, outer):
    """The derivative by x of x d(x + y)/dy is 1 (Siskind and Pearlmutter, 2005)."""
    f = MODES[outer](lambda x: x * MODES[inner](lambda y: x + y)(1.0))
    assert f(1.0).item() == 1


@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
def test_inner_variable_shadows_the_outer_one(inner, outer):
    """The inner derivative is by its own variable, though that has the outer one's value."""
    f = MODES[outer](lambda x: MODES[inner](lambda y: x * y**2)(x))  # 2 x^2
    assert f(3.0).item() == 12


def test_closures_over_outer_variables():
    def f(w):
        def loss(x):
            return ops.sum(w * x**2)

        return ops.sum(grad(loss)(np.array([1.0, 2.0])) * w)  # sum 2 w^2 x

    assert grad(f)(np.array([3.0, 5.0])).numpy().tolist() == [12, 40]


def test_closures_over_variables_made_by_hand():
    w = variable(3.0)
    g = grad(lambda x: w * x**2)(2.0)
    assert g.item() == 12
    assert gradient(g, w).item() == 4


def test_a_variable_of_a_variable_stays_connected():
    x = variable(2.0)
    y = variable(x * x)
    z = y**3
    assert gradient(z, y).item() == 48
    assert gradient(z, x).item() == 192


def test_pullback_is_differentiable_in_the_cotangent():
    _, pullback = vjp(lambda x: x**3, 2.0)
    assert grad(lambda g: pullback(g)[0])(5.0).item() == 12


def test_gradient_step_inside_a_gradient():
    """Learning to learn: the derivative of the loss after a step by the step's length."""

    def loss(w):
        return (w - 3.0) ** 2

    def after(lr, w):
        return loss(w - lr * grad(loss)(w))  # (w - 3)^2 (1 - 2 lr)^2

    assert grad(after)(0.1, 1.0).item() == pytest.approx(4 * 2 * 0.8 * -2)


def test_hessian_vector_products_agree():
    def f(x):
        return ops.sum(ops.exp(x[:-1] * x[1:]))

    x, v = np.array([0.1, 0.5, -0.3]), np.array([1.0, -2.0, 0.5])
    full = hessian(f)(x).numpy() @ v
    along = jvp(grad(f), (x,), (v,))[1]
    against = grad(lambda x: ops.vecdot(grad(f)(x), v))(x)
    pushed = grad(lambda x: jvp(f, (x,), (v,))[1])(x)
    for got in (along, against, pushed):
        np.testing.assert_allclose(got.numpy(), full, rtol=1e-12)


def test_jacobian_inside_grad():
    def f(x):
        return ops.sum(jacobian(lambda y: y**2 * x[0])(x))  # sum 2 x_i x_0

    np.testing.assert_allclose(grad(f)(np.array([2.0, 3.0])).numpy(), [2 * 2 + 2 * 5, 4])


def test_a_kept_intermediate_is_a_constant_later():
    kept = []

    def f(x):
        kept.append(x * x)
        return kept[0]

    grad(f)(3.0)
    g = grad(lambda x: x * kept[0])(2.0)
    assert g.item() == 9
    assert g.node is None


def test_an_error_inside_ends_the_variables_life():
    class StopError(Exception):
        pass

    leaked = []

    def f(x):
        leaked.append(x * 2)
        raise StopError

    with pytest.raises(StopError):
        grad(f)(1.0)
    assert grad(lambda y: y * leaked[0])(3.0).node is None


def test_stopping_a_gradient():
    f = grad(lambda x: x * (x * x).detach())
    assert f(3.0).item() == 9
    assert grad(f)(3.0).item() == 0
    assert grad(lambda x: x * Tensor(x.numpy()))(3.0).item() == 3
