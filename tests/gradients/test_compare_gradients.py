"""The ways side by side in one table."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from tushuo.errors import DTypeError, GradientError, ShapeError, UsageError
from tushuo.gradients import compare_gradients
from tushuo.gradients.circuits import CIRCUITS
from tushuo.gradients.table import html, plain

X = [1.0, 2.0, -0.5]
WAYS = [
    *("analytic", "one-sided", "central", "Richardson", "complex step"),
    *("symbolic", "forward mode", "reverse mode"),
]
ERRORS = [1e-15, 1e-6, 1e-9, 1e-11, 1e-14, 1e-14, 1e-14, 1e-14]
COUNTS = [1, 4, 6, 30, 5, 3, 3, 1]


def f(x):
    return tushuo.sum(tushuo.sin(x) * x)


def derivative(x):
    return np.sin(x) + x * np.cos(x)


def test_all_ways():
    found = compare_gradients(f, X, derivative, "a*sin(a) + b*sin(b) + c*sin(c)")
    assert [r.way for r in found.rows] == WAYS
    assert [r.evaluations for r in found.rows] == COUNTS
    for row, error in zip(found.rows, ERRORS, strict=True):
        assert row.error <= error
        assert row.seconds > 0
        np.testing.assert_allclose(row.value, derivative(np.array(X)), atol=error)
    assert found["analytic"].note == "reference"


def test_the_table():
    lines = str(compare_gradients(f, X, derivative)).split("\n")
    assert lines[0].split() == ["way", "gradient", "error", "evaluations", "time"]
    assert set(lines[1]) == {"-", " "}
    assert lines[-1].startswith("reverse mode")
    assert len(lines) == 2 + 7
    assert len({line.index(" us") for line in lines[2:]}) == 1


def test_notebooks_show_the_table_escaped():
    found = compare_gradients(lambda x: np.sin(x) * x, 1.0)
    assert "<td>does not apply: f takes no Tensors" in found._repr_html_()
    assert (
        html(["<a>"], [["&"]])
        == "<table>\n<tr><th>&lt;a&gt;</th></tr>\n<tr><td>&amp;</td></tr>\n</table>"
    )
    assert (
        plain(["a", "b"], [["图说", "1"], ["x", "10"]]) == "a      b\n----  --\n图说   1\nx     10"
    )


def test_what_does_not_apply_says_why():
    found = compare_gradients(lambda x: np.sum(np.sin(x)), X)
    assert found["Richardson"].note == "reference"
    assert "not made of tushuo's functions" in found["reverse mode"].note
    found = compare_gradients(lambda x: tushuo.sum(tushuo.abs(x)), X)
    assert found["complex step"].value is None
    assert "float64 of complex128" in found["complex step"].note
    found = compare_gradients(lambda x: tushuo.relu(x), 2.0, expression="relu(x)")
    assert "relu is not differentiable: it has a kink at 0" in found["symbolic"].note
    assert found["reverse mode"].note == "reference"


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda c: c.name)
def test_a_formula_alone(circuit):
    names = list(circuit.inputs)
    at = list(circuit.inputs.values())
    found = compare_gradients(None, at, expression=circuit.expression, symbols=names)
    np.testing.assert_allclose(found.reference, list(circuit.by_hand()[1].values()), rtol=1e-13)
    assert all(row.error < 1e-6 for row in found.rows)


def test_second_derivatives():
    found = compare_gradients(tushuo.grad(f), 0.7, lambda x: 2 * np.cos(x) - x * np.sin(x))
    assert found["reverse mode"].error < 1e-14
    assert found["forward mode"].error < 1e-14
    assert found["central"].error < 1e-9


@pytest.mark.filterwarnings("error")
def test_a_singular_point():
    found = compare_gradients(lambda x: tushuo.sum(tushuo.log(x)), [0.0, 1.0])
    np.testing.assert_equal(found["reverse mode"].value, [np.inf, 1.0])
    assert np.isnan(found["central"].error)
    assert "complex_step gives" in found["complex step"].note


def test_matrices_and_symbols_that_do_not_occur():
    found = compare_gradients(
        lambda x: x[0, 0] * x[1, 1], np.ones((2, 2)), expression="a*d", symbols="abcd"
    )
    np.testing.assert_allclose(found["symbolic"].value, [[1, 0], [0, 1]])


def test_a_wrong_hand_written_derivative_is_seen():
    found = compare_gradients(f, X, np.cos)
    assert found["reverse mode"].error > 1
    with pytest.raises(ShapeError, match=r"analytic gradient has shape \(\), .* shape \(3,\)"):
        compare_gradients(f, X, lambda x: 1.0)


def test_wrong_arguments():
    with pytest.raises(DTypeError, match="compare_gradients: expected numbers, got str 'abc'"):
        compare_gradients(f, "abc")
    with pytest.raises(GradientError, match=r"one number, got float64\(3,\); reduce it"):
        compare_gradients(lambda x: x * x, X)
    with pytest.raises(UsageError, match=r"has 1 symbols \(a\), the argument has 3 elements"):
        compare_gradients(f, X, expression="a")
    with pytest.raises(UsageError, match=r"the expression has the value 6.* where f has"):
        compare_gradients(f, X, expression="a*b*c + 7")
    with pytest.raises(UsageError, match="unknown symbol 'y'"):
        compare_gradients(f, 1.0, expression="x*y", symbols=["x"])
    with pytest.raises(UsageError, match="nothing to compare; give f"):
        compare_gradients(None, X)
    with pytest.raises(UsageError, match="unknown way 'best'"):
        compare_gradients(f, X)["best"]
