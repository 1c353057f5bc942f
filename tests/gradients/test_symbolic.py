"""Derivatives of expressions: as printed, their errors, their growth, their evaluation."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import tushuo
from tushuo.errors import GradientError, UsageError
from tushuo.gradients import differentiate, latex, parse
from tushuo.gradients.symbolic import (
    FUNCTIONS,
    Symbol,
    composition_growth,
    count_nodes,
    derivative_growth,
    evaluate,
    substitute,
    text,
)

GOLDEN = Path(__file__).parent / "golden" / "derivatives.txt"
SHOWN = [
    *("x**2 + 2*x*y + y**2", "exp(x)*sin(x)", "sigmoid(x)", "1/(1 + exp(-x))", "tanh(2*x)**3"),
    *("log(x)/x", "sqrt(1 - x**2)", "x**y", "2**x", "x**x", "abs(y)*x", "atan(x/2)", "x*(y - x)"),
    *("sigmoid(w0*x + w_1*alpha)", "x**(2/3)", "cos(rate*x)**-2", "softplus(x) - x"),
    "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)",
]


def shown(e):
    lines = [e, f"    {latex(parse(e))}"]
    for order in (1, 2):
        derivative = differentiate(e, "x", order)
        lines += [f"  {order}: {derivative}", f"    {latex(derivative)}"]
        if "x" not in str(derivative):
            break
    return "\n".join(lines)


def test_text_and_latex(update_golden):
    got = "\n\n".join(map(shown, SHOWN)) + "\n"
    if update_golden:
        GOLDEN.write_text(got, "utf-8")
    assert got == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("name", [n for n, f in FUNCTIONS.items() if f.derivative is None])
def test_functions_without_a_derivative_say_so(name):
    assert evaluate(parse(f"{name}(x)"), {"x": 1.5}).item() == getattr(tushuo, name)(1.5).item()
    with pytest.raises(GradientError, match=f"{name} is not differentiable: it .*tushuo.grad"):
        differentiate(f"x*{name}(2*x)", "x")
    assert str(differentiate(f"x*{name}(y)", "x")) == f"{name}(y)"


def test_wrong_calls():
    with pytest.raises(UsageError, match="unknown symbol 'z'; the expression has x, y"):
        differentiate("x*y", "z")
    with pytest.raises(UsageError, match="unknown symbol 'x'; the expression has no symbol"):
        differentiate("3", "x")
    with pytest.raises(UsageError, match="order of a derivative is 0"):
        differentiate("x", "x", order=0)
    with pytest.raises(UsageError, match="no value for symbol 'y'"):
        evaluate(parse("x*y"), {"x": 1})
    with pytest.raises(UsageError, match="expected an expression"):
        differentiate(None, "x")


def test_evaluation_keeps_data_types_and_broadcasts():
    x = tushuo.asarray(np.float32([1, 2, 3]))
    found = evaluate(parse("x/2 + sqrt(x)*x**3"), {"x": x})
    assert found.dtype == np.float32
    assert evaluate(parse("x*y + sin(2)"), {"x": x, "y": 0.5}).dtype == np.float32
    both = evaluate(parse("x*y"), {"x": np.ones((2, 1)), "y": np.ones(3)})
    assert both.shape == (2, 3)


def test_the_power_zero_has_no_slope_where_its_base_is_zero():
    raw = differentiate("sin(x)**0 + x", "x", simplified=False)
    assert evaluate(raw, {"x": 0.0}).item() == 1.0


def test_repeated_derivatives_grow():
    rows = derivative_growth("sigmoid(x)*sin(x**2)", "x", 4)
    assert [r.step for r in rows] == [1, 2, 3, 4]
    for before, after in itertools.pairwise(rows):
        assert after.raw > 3 * before.raw  # exponential
        assert after.shared < 3 * before.shared
    assert all(r.simplified < r.raw / 1.4 for r in rows)
    assert [r.simplified for r in derivative_growth("x**3", "x", 9)] == [5, 3, 1]


def test_compositions_grow_in_writing_but_not_as_graphs():
    rows = composition_growth("4*x*(1 - x)", "x", 8)
    shared = [r.shared for r in rows]
    assert len(set(np.diff(shared))) == 1  # linear
    assert rows[-1].raw / rows[-2].raw > 2  # exponential
    composed = substitute(parse("4*x*(1 - x)"), {"x": parse("4*x*(1 - x)")})
    assert rows[1].expression == count_nodes(composed)
    assert evaluate(composed, {"x": 0.3}).item() == pytest.approx(4 * 0.84 * 0.16)


def test_the_size_of_what_is_printed_is_limited():
    e = Symbol("x")
    for _ in range(80):
        e = e + e
    assert count_nodes(e) == 2**81 - 1
    assert count_nodes(e, shared=True) == 81
    assert evaluate(e, {"x": 1.0}).item() == 2.0**80
    assert str(differentiate(e, "x")) == str(2**80)
    for write in (text, latex):
        with pytest.raises(UsageError, match="20000 can be printed"):
            write(e)
    assert len(repr(e)) < 60


def test_notebooks_show_formulas():
    assert differentiate("x**2/y", "x")._repr_latex_() == r"$\frac{2 x}{y}$"
