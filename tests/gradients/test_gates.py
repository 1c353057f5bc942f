"""Gates and staged programs: local gradients, the rule of +=, and wrong circuits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.errors import DTypeError, GradientError, ShapeError, UsageError
from tushuo.gradients.gates import ADD, EXP, GATES, MAX, MULTIPLY, RECIPROCAL, SIGMOID, Gate
from tushuo.gradients.numeric import central
from tushuo.gradients.stages import Edge, Stages

apart = st.floats(-3, 3).filter(lambda x: abs(x) > 0.1)


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
@given(x=apart, y=apart)
def test_local_gradients(gate, x, y):
    if abs(x - y) < 1e-3 and gate is MAX:
        return
    inputs = (x, y)[: gate.inputs]
    out = gate.forward(*inputs)
    numeric = central(lambda v: gate.forward(*map(float, v)), inputs)
    assert gate.local(out, *inputs) == pytest.approx(tuple(numeric), rel=1e-6, abs=1e-7)
    assert gate.backward(2.5, out, *inputs) == pytest.approx(
        tuple(2.5 * numeric), rel=1e-6, abs=1e-6
    )


def test_edges_of_gates():
    assert MAX.local(2.0, 2.0, 2.0) == (0.5, 0.5)
    assert math.isnan(MAX.forward(1.0, math.nan))
    assert EXP.forward(1000.0) == math.inf
    assert RECIPROCAL.forward(-0.0) == -math.inf
    assert SIGMOID.forward(-1000.0) == 0.0
    assert SIGMOID.forward(1000.0) == 1.0
    with pytest.raises(ShapeError, match="Multiply takes 2 inputs, got 3; join gates"):
        MULTIPLY.forward(1.0, 2.0, 3.0)
    with pytest.raises(ShapeError, match="Exp takes 1 input, got 0"):
        EXP.forward()


def squared_sum():
    s = Stages(x=3.0, y=-4.0)
    s.run("sum", ADD, "x", "y")
    s.run("out", MULTIPLY, "sum", "sum")
    return s


def test_a_value_used_twice_gets_both_gradients():
    s = squared_sum()
    assert s.backward("out") == {"x": -2.0, "y": -2.0}
    assert s.gradients == {"x": -2.0, "y": -2.0, "sum": -2.0, "out": 1.0}
    lines = str(s).split("\n")
    assert lines[:4] == [
        "x = 3",
        "y = -4",
        f"{'sum = x + y':<36}# -1",
        f"{'out = sum * sum':<36}# 1",
    ]
    assert lines[4] == "d_out = 1"
    assert lines[5].split("#")[0].strip() == "d_sum = -1 * d_out"
    assert lines[6].split("#")[0].strip() == "d_sum += -1 * d_out"
    assert s.edges()[0] == Edge("x", "sum", 1.0)


def test_backward_can_start_anywhere_and_again():
    s = squared_sum()
    s.run("unused", EXP, "y")
    assert s.backward("sum") == {"x": 1.0, "y": 1.0}
    assert s.gradients["out"] == 0.0
    assert s.backward("out") == {"x": -2.0, "y": -2.0}
    assert s.backward("x") == {"x": 1.0, "y": 0.0}


def test_wrong_circuits():
    s = squared_sum()
    with pytest.raises(UsageError, match="Add reads the unknown 'z'; known are x, y, sum, out"):
        s.run("more", ADD, "x", "z")
    with pytest.raises(UsageError, match="Add reads the unknown 'more'"):
        s.run("more", ADD, "x", "more")
    with pytest.raises(UsageError, match="'sum' has a value already"):
        s.run("sum", ADD, "x", "y")
    with pytest.raises(ShapeError, match="Add takes 2 inputs, got 1"):
        s.run("more", ADD, "x")
    with pytest.raises(GradientError, match="no stage is named 'end'"):
        s.backward("end")
    with pytest.raises(DTypeError, match="x needs numbers, got str 'a'"):
        Stages(x="a")


def test_a_gate_of_ones_own():
    class Square(Gate):
        symbol = "{0}^2"

        def value(self, *x):
            return x[0] ** 2

        def local(self, out, *x):
            return (2 * x[0],)

    s = Stages(x=3.0)
    s.run("s", Square(), "x")
    assert s.backward("s") == {"x": 6.0}
    assert "s = x^2" in str(s)
