"""The article's circuits: its numbers, and four ways to each of them."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tushuo.errors import GradientError, UsageError
from tushuo.gradients import differentiate, parse
from tushuo.gradients.circuits import CIRCUITS, PRODUCT_OF_SUMS, STAGING_EXERCISE
from tushuo.gradients.sigmoids import compare_sigmoids, four_gates, fused
from tushuo.gradients.symbolic import evaluate

ARTICLE = {
    "product of sums": (6.0, {"a": 2.0, "b": 5.0}),
    "scaled sum": (-12.0, {"x": -4.0, "y": -4.0, "z": 3.0}),
    "sigmoid neuron": (0.73, {"w0": -0.20, "w1": -0.39, "w2": 0.20, "x0": 0.39, "x1": -0.59}),
    "staging exercise": (1.5456, {"x": 2.0596, "y": 1.5922}),
}
"""Values and gradients, as far as they are printed; the last were worked out independently."""


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda c: c.name)
def test_the_article_s_numbers(circuit):
    value, gradients = circuit.check()
    expected, slopes = ARTICLE[circuit.name]
    assert value == pytest.approx(expected, abs=5e-3)
    assert gradients == pytest.approx(slopes, abs=5e-3)


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda c: c.name)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_all_forms_agree_everywhere(circuit, data):
    at = {name: data.draw(st.floats(-2, 2), name) for name in circuit.inputs}
    value, gradients = circuit.check(tolerance=1e-9, **at)
    assert evaluate(parse(circuit.expression), at).item() == pytest.approx(value, rel=1e-9)
    for name, slope in gradients.items():
        symbolic = evaluate(differentiate(circuit.expression, name), at).item()
        assert symbolic == pytest.approx(slope, rel=1e-9, abs=1e-9)


def test_leaving_out_the_plus_is_found():
    """The program with = for += , the slip that the rule is about."""

    def slip(a, b):
        return (a + b) * (b + 1), {"a": b + 1, "b": a + b}

    wrong = dataclasses.replace(PRODUCT_OF_SUMS, staged=slip)
    with pytest.raises(GradientError, match=r"product of sums: d_b is 5.0 by gates, 3.0 by hand"):
        wrong.check()


def test_the_exercise_line_by_line():
    stages = STAGING_EXERCISE.gates(**STAGING_EXERCISE.inputs)
    stages.backward("f")
    lines = [line.split(" * ")[0].split() for line in str(stages).split("\n") if line[:2] == "d_"]
    assert [(name, sign) for name, sign, *_ in lines if name in ("d_x", "d_y")] == [
        *(("d_x", "="), ("d_y", "="), ("d_x", "+="), ("d_x", "+="), ("d_y", "+=")),
    ]


@given(st.floats(-30, 30))
def test_the_fused_sigmoid_is_the_same(x):
    apart, together = four_gates(x), fused(x)
    assert apart.values["s"] == pytest.approx(together.values["s"], rel=1e-12)
    slope = together.backward("s")["x"]
    assert apart.backward("s")["x"] == pytest.approx(slope, rel=1e-12)


def test_what_fusing_saves():
    rows = compare_sigmoids(size=2000, repeats=2)
    assert [(r.form, r.gates, r.multiplications) for r in rows] == [
        ("four gates", 4, 5),
        ("fused", 1, 2),
    ]
    assert all(r.seconds > 0 for r in rows)
    assert "four gates" in str(rows)
    assert "<table>" in rows._repr_html_()
    with pytest.raises(UsageError, match="size 0"):
        compare_sigmoids(size=0)
