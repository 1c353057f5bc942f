"""All ways to a derivative give the same one, on random expressions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

import tushuo
from gradients.cases import NAMES, points, smooth
from tushuo.gradients import (
    central,
    complex_step,
    forward_mode,
    parse,
    reverse_mode,
    richardson,
)
from tushuo.gradients.symbolic import differentiate, evaluate, function_of, symbols


def of_pair(e):
    function = function_of(e, NAMES)
    return lambda v: function(v[0], v[1])


def symbolic(e, at, simplified=True):
    values = dict(zip(NAMES, at, strict=True))
    return [
        evaluate(differentiate(e, n, simplified=simplified), values).item()
        if n in symbols(e)
        else 0.0
        for n in NAMES
    ]


def second(e, by, then, values):
    first = differentiate(e, by)
    if then not in symbols(first):
        return 0.0
    return evaluate(differentiate(first, then), values).item()


@settings(max_examples=50, deadline=None)
@given(smooth, points)
def test_first_derivatives(e, at):
    assume(symbols(e))
    f, expected = of_pair(e), np.array(symbolic(e, at))
    scale = 1 + np.abs(expected).max()
    for found in (symbolic(e, at, simplified=False), forward_mode(f, at), reverse_mode(f, at)):
        np.testing.assert_allclose(found, expected, atol=1e-11 * scale)
    np.testing.assert_allclose(complex_step(f, at), expected, atol=1e-10 * scale)
    np.testing.assert_allclose(central(f, at), expected, atol=1e-6 * scale)
    np.testing.assert_allclose(richardson(f, at, 0.01), expected, atol=1e-6 * scale)


@settings(max_examples=25, deadline=None)
@given(smooth, points)
def test_second_derivatives(e, at):
    assume(symbols(e))
    values = dict(zip(NAMES, at, strict=True))
    expected = np.array(
        [[second(e, a, b, values) if a in symbols(e) else 0.0 for b in NAMES] for a in NAMES]
    )
    f, scale = of_pair(e), 1 + np.abs(expected).max()
    automatic = tushuo.hessian(f)(tushuo.asarray(np.array(at))).numpy()
    np.testing.assert_allclose(automatic, expected, atol=1e-10 * scale)
    for i in range(2):
        numeric = central(lambda v, i=i: tushuo.grad(f)(v)[i], at)
        np.testing.assert_allclose(numeric, expected[i], atol=1e-5 * scale)


@pytest.mark.parametrize("name", ["tan", "sinh", "cosh", "asin", "acos", "softplus", "log", "exp"])
def test_every_function_has_the_derivative_of_its_operation(name):
    f = function_of(differentiate(f"{name}(x)", "x"))
    for x in (0.2, 0.7):
        assert f(x).item() == pytest.approx(reverse_mode(getattr(tushuo, name), x)[()], rel=1e-13)


@pytest.mark.parametrize(
    ("base", "exponent"), [("x", "2.5"), ("2", "x"), ("x", "x"), ("x", "-1.5")]
)
def test_powers(base, exponent):
    e = f"({base})**({exponent})"
    f = function_of(parse(e))
    found = function_of(differentiate(e, "x"))(1.3).item()
    assert found == pytest.approx(reverse_mode(f, 1.3)[()], rel=1e-13)
    assert found == pytest.approx(complex_step(f, 1.3)[()], rel=1e-13)
