"""Numeric derivatives: their orders of error, their numbers of evaluations, their refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tushuo
from tushuo.errors import DTypeError, GradientError, ShapeError, UsageError
from tushuo.gradients import central, complex_step, one_sided, richardson, step_size_errors
from tushuo.gradients.calling import Counted
from tushuo.gradients.numeric import METHODS

X = np.array([[0.3, -1.2, 2.0], [0.0, 5.0, -0.7]])


def f(x):
    return tushuo.sum(tushuo.exp(tushuo.sin(x)) * x)


EXACT = np.exp(np.sin(X)) * (1 + X * np.cos(X))


@pytest.mark.parametrize(
    ("way", "error", "evaluations"),
    [
        ("one-sided", 1e-6, 7),
        ("central", 1e-8, 12),
        ("Richardson", 1e-10, 60),
        ("complex step", 1e-14, 8),
    ],
)
def test_accuracy_and_cost(way, error, evaluations):
    counted = Counted(f)
    found = METHODS[way](counted, X)
    assert found.shape == X.shape
    assert found.dtype == np.float64
    assert np.abs(found - EXACT).max() < error
    assert counted.calls == evaluations


def test_orders_of_error():
    """Halving the step halves the error of one side, quarters that of both."""
    for way, ratio in ((one_sided, 2), (central, 4)):
        errors = [abs(way(tushuo.exp, 0.5, h)[()] - math.exp(0.5)) for h in (1e-2, 5e-3)]
        assert errors[0] / errors[1] == pytest.approx(ratio, rel=0.01)
    three = [abs(richardson(tushuo.exp, 0.5, h, 3)[()] - math.exp(0.5)) for h in (0.8, 0.4)]
    assert three[0] / three[1] == pytest.approx(2**6, rel=0.1)


def test_functions_of_numpy_and_of_numbers():
    assert central(lambda x: np.sum(np.sin(x)), X) == pytest.approx(np.cos(X))
    assert complex_step(lambda x: np.sin(x).sum(), X) == pytest.approx(np.cos(X), abs=1e-15)
    assert one_sided(math.sin, 1.0) == pytest.approx(math.cos(1), abs=1e-7)
    assert central(lambda x: x * x, 3) == pytest.approx(6)


@pytest.mark.parametrize(
    "lossy",
    [
        lambda x: tushuo.sum(tushuo.abs(x) * x),
        lambda x: tushuo.sum(abs(x)),
        lambda x: np.sum(np.conj(x) * x),
        lambda x: np.sum(np.real(x)),
        lambda x: tushuo.sum(tushuo.floor(x)),
        lambda x: tushuo.softplus(x).sum(),
    ],
)
def test_the_complex_step_refuses_what_loses_the_imaginary_part(lossy):
    with pytest.raises(GradientError, match="complex_step"):
        complex_step(lossy, X)


@pytest.mark.parametrize("way", METHODS.values(), ids=list(METHODS))
def test_wrong_arguments(way):
    with pytest.raises(DTypeError, match=r"(one_sided|central|complex_step): .*got str 'abc'"):
        way(f, "abc")
    with pytest.raises(ShapeError, match="no array can be made"):
        way(f, [[1.0], [1.0, 2.0]])
    with pytest.raises(ShapeError, match=r"at least one number, got shape \(0,\)"):
        way(f, [])
    with pytest.raises(DTypeError, match="needs real numbers, got complex128"):
        way(f, 1j)
    with pytest.raises(GradientError, match=r"returns one number, got (float|complex)\d+\(2, 3\)"):
        way(lambda x: x * 1.0, X)
    for step in (0.0, -1e-3, math.nan, math.inf):
        with pytest.raises(UsageError, match="step of a numeric derivative is"):
            way(f, X, step)


def test_errors_of_the_function_are_its_own():
    with pytest.raises(KeyError):
        central(lambda x: {}["missing"], 1.0)
    with pytest.raises(TypeError, match="must be real number"):
        central(lambda x: math.sqrt("2") * x, 1.0)


def test_a_step_that_vanishes():
    with pytest.raises(UsageError, match=r"a step of 1e-09 is lost beside 1e\+30"):
        central(f, 1e30, 1e-9)
    with pytest.raises(UsageError, match="0 levels"):
        richardson(f, 1.0, levels=0)


def test_step_sizes():
    curve = step_size_errors(tushuo.exp, 1.0, math.e)
    step, error = curve.best("one-sided")
    assert 1e-9 < step < 1e-7
    assert 1e-10 < error < 1e-7
    step, error = curve.best("central")
    assert 1e-7 <= step < 1e-4
    assert error < 1e-9
    tiny = curve.errors["complex step"][curve.steps < 1e-8]
    assert tiny.max() < 1e-15
    assert curve.errors["central"][-1] > 0.1  # 1e-16 vanishes beside 1
    assert "complex step" in curve.chart().svg()


def test_wrong_step_sizes():
    with pytest.raises(UsageError, match="unknown way 'best'; use one-sided, central"):
        step_size_errors(f, X, EXACT, ways=["best"])
    with pytest.raises(ShapeError, match=r"the exact gradient has shape \(\), .* shape \(2, 3\)"):
        step_size_errors(f, X, 1.0)
    with pytest.raises(UsageError, match="is -1"):
        step_size_errors(f, X, EXACT, steps=[-1.0])
