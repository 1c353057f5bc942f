"""Operations of users: a few lines are enough, and mistakes are named."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pytest

from tushuo.errors import GradientError, GraphError, InPlaceError, ShapeError
from tushuo.graph import (
    Bilinear,
    Elementwise,
    Linear,
    Op,
    Spec,
    Tensor,
    check_grads,
    grad,
    jvp,
    ops,
)


class Cube(Op):
    """The article's operation: a value, and the gradient of it."""

    def forward(self, xp, x):
        return x**3

    def vjp(self, g, out, x):
        return (g * 3 * x**2,)


@dataclass(frozen=True)
class Scale(Linear):
    factor: float

    def forward(self, xp, x):
        return x * self.factor

    def transpose(self, g, x):
        return (g * self.factor,)


class Sinc(Elementwise):
    def forward(self, xp, x, y):
        return xp.sin(x) / y

    def slopes(self, out, x, y):
        return lambda t: t * ops.cos(x) / y, lambda t: -(t * out / y)


class Outer(Bilinear):
    def forward(self, xp, x, y):
        return x[:, None] * y[None, :]

    def transpose(self, g, x, y):
        return g @ y, lambda: x @ g


def test_forward_and_vjp_are_enough_for_grad():
    cube = Cube()
    assert cube(2.0).item() == 8
    assert grad(cube)(2.0).item() == 12
    assert grad(grad(cube))(2.0).item() == 12
    assert cube.name == "Cube"


def test_bases_give_both_modes():
    x, y = np.array([0.5, 1.0]), np.array([2.0, -1.0])
    check_grads(Scale(2.0), (x,))
    check_grads(Sinc(), (x, y))
    check_grads(Sinc(), (x[:, None], y))  # broadcast
    check_grads(Outer(), (x, y))


def test_parameters_are_fields():
    assert Scale(2.0) == Scale(2.0)
    assert len({Scale(2.0), Scale(2.0), Scale(3.0)}) == 2


def test_operands_become_constants():
    result = Cube()([1, 2])
    assert result.numpy().tolist() == [1, 8]
    assert result.node is None


def test_cotangents_may_be_arrays_numbers_or_none():
    for given, expected in ((np.array(5.0), 5), (5, 5), (None, 0), (lambda: Tensor(5.0), 5)):
        op = type("Given", (Cube,), {"vjp": lambda self, g, out, x, given=given: (given,)})()
        assert grad(op)(1.0).item() == expected


def broken(name, **methods):
    return type(name, (Cube,), {k: (lambda self, *a, f=f: f(*a)) for k, f in methods.items()})()


def wrong_shape(x):
    return ops.sum(broken("Bad", vjp=lambda g, out, x: (ops.sum(g),))(x))


@pytest.mark.parametrize(
    ("f", "error", "text"),
    [
        (
            lambda: grad(wrong_shape)(np.ones(2)),
            GradientError,
            "the vjp of Bad gave a cotangent of shape () for an operand of shape (2,); they must "
            "be equal; a broadcast operand needs sum_to(g, x.shape)",
        ),
        (
            lambda: grad(broken("Bad", vjp=lambda g, out, x: g * 2))(1.0),
            GradientError,
            "the vjp of Bad gave Tensor for 1 operands; return a tuple with one for each operand",
        ),
        (
            lambda: grad(broken("Bad", vjp=lambda g, out, x: (g, g)))(1.0),
            GradientError,
            "the vjp of Bad gave 2 cotangents for 1 operands",
        ),
        (
            lambda: grad(broken("Bad", vjp=lambda g, out, x: ("g",)))(1.0),
            GradientError,
            "the vjp of Bad gave str for an operand; give a Tensor, or None for no gradient",
        ),
        (
            lambda: jvp(broken("Bad", jvp=lambda t, out, x: 1.0), (1.0,), (1.0,)),
            GradientError,
            "the jvp of Bad gave a tangent of float for a result of shape ()",
        ),
        (
            lambda: jvp(broken("Bad", jvp=lambda t, out, x: x[:1]), (np.ones(2),), (np.ones(2),)),
            GradientError,
            "the jvp of Bad gave a tangent of shape (1,) for a result of shape (2,)",
        ),
        (
            lambda: jvp(Cube(), (1.0,), (1.0,)),
            GradientError,
            "Cube has no forward-mode gradient; define jvp(self, tangents, out, *inputs)",
        ),
        (
            lambda: grad(type("Plain", (Op,), {"forward": lambda self, xp, x: x * 1})())(1.0),
            GradientError,
            "Plain has no reverse-mode gradient; define vjp(self, g, out, *inputs)",
        ),
        (
            lambda: grad(type("Plain", (Elementwise,), {"forward": lambda self, xp, x: x * 1})())(
                1.0
            ),
            GradientError,
            "Plain has no gradient; define slopes(self, out, *inputs)",
        ),
        (
            lambda: grad(type("Plain", (Linear,), {"forward": lambda self, xp, x: x * 1})())(1.0),
            GradientError,
            "Plain has no gradient; define transpose(self, g, *inputs)",
        ),
        (
            lambda: type("Empty", (Op,), {})()(1.0),
            GraphError,
            "Empty has no value; define forward(self, xp, *inputs)",
        ),
        (
            lambda: Cube().infer(Spec((), np.dtype(float))),
            GraphError,
            "Cube has no shape rule; define infer(self, *inputs)",
        ),
        (
            lambda: broken("Bad", forward=lambda xp, x: 1 / 0)(np.ones((2, 3), "float32")),
            GraphError,
            "Bad failed on float32(2, 3): division by zero",
        ),
        (
            lambda: broken("Bad", forward=lambda xp, x: None)(1.0),
            GraphError,
            "Bad computed no array, but NoneType; return an array or a number from forward",
        ),
        (
            lambda: broken("Bad", forward=lambda xp, x: x.fill(0))(np.ones(2)),
            InPlaceError,
            "Bad wrote to an operand of float64(2,), which a graph may still need; write to a copy",
        ),
        (
            lambda: Tensor(np.ones((2, 3))) + np.ones((3, 2)),
            ShapeError,
            "Add cannot broadcast shapes (2, 3) and (3, 2): axis -2 has lengths 2 and 3; make",
        ),
    ],
)
def test_mistakes_are_named(f, error, text):
    with pytest.raises(error, match=re.escape(text)):
        f()
