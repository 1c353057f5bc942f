"""What grad and its like refuse, and what they say."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tushuo.errors import DTypeError, GradientError, ShapeError
from tushuo.graph import Tensor, grad, gradient, jacobian, jvp, ops, variable, vjp

X = np.array([0.5, -1.0, 2.0])


def cubes(x):
    return ops.sum(x**3)


ERRORS = [
    (
        lambda: grad(lambda x: x)(X),
        GradientError,
        "returns one real number, got float64(3,); reduce",
    ),
    (
        lambda: grad(lambda x: x.item())(1.0),
        GradientError,
        "got float; return a Tensor; float() and",
    ),
    (lambda: grad(ops.argmax)(X), GradientError, "returns one real number, got int64()"),
    (lambda: grad(cubes)(np.arange(3)), DTypeError, "differentiate by argument 0: it is int64"),
    (lambda: grad(cubes, 1)(X), GradientError, "argnums names argument 1, but 1 positional"),
    (lambda: grad(cubes, "x")(X), GradientError, "argnums is 'x', expected an integer or a tuple"),
    (lambda: grad(cubes, (0, -1))(X), GradientError, "argnums (0, -1) names an argument twice"),
    (
        lambda: grad(lambda p: p["x"])({"x": 1.0, "layers": [{"n": np.arange(2)}]}),
        DTypeError,
        "argument 0.layers.0.n: it is int64, not floating-point; cast it",
    ),
    (lambda: grad(cubes, has_aux=True)(X), GradientError, "must return a pair, got Tensor; return"),
    (lambda: vjp(cubes, X)[1](X), ShapeError, "cotangents: expected shape (), got (3,)"),
    (lambda: vjp(cubes, X)[1]([1.0]), ShapeError, "cotangents must be a tree like the values"),
    (
        lambda: jvp(cubes, (X,), (X[:2],)),
        ShapeError,
        "tangents at 0: expected shape (3,), got (2,)",
    ),
    (
        lambda: jvp(cubes, (X,), (X, X)),
        ShapeError,
        "tangents must be a tree like the values: 1 leav",
    ),
    (lambda: jvp(cubes, X, X), GradientError, "needs a sequence of arguments, got ndarray; put"),
    (
        lambda: jacobian(lambda x: [x])(X),
        GradientError,
        "Tensor as result, got list; use vjp or jvp",
    ),
    (lambda: jacobian(lambda p: p[0])([X]), GradientError, "Tensor as argument, got list"),
    (
        lambda: jacobian(cubes, mode="up")(X),
        GradientError,
        "mode is 'up'; use 'reverse' or 'forward'",
    ),
    (
        lambda: gradient(variable(X), variable(X)),
        GradientError,
        "the output has shape (3,); give a",
    ),
    (
        lambda: gradient(variable(1.0), 2.0),
        GradientError,
        "by a constant was asked for; make it with",
    ),
    (lambda: gradient(variable(1.0), Tensor(X)), GradientError, "derivative by a constant"),
    (
        lambda: gradient(variable(X), variable(X), X[:2]),
        ShapeError,
        "expected shape (3,), got (2,)",
    ),
    (
        lambda: gradient(variable(1.0), variable([1])),
        DTypeError,
        "by a Tensor of int64; cast it first",
    ),
]


@pytest.mark.parametrize(("f", "error", "text"), ERRORS)
def test_errors(f, error, text):
    with pytest.raises(error, match=re.escape(text)):
        f()
