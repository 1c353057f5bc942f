"""What is shown is what was computed: values, gradients, names, places."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo as ts
from circuits_of_draw import captioner, gated, mlp, neuron, product, unrolled
from tushuo import nn
from tushuo.draw import Drawing, draw
from tushuo.draw.summary import number, summary
from tushuo.errors import GraphError, ShapeError, UsageError


def vertex(drawing, name, kind=None):
    found = [v for v in drawing.graph.vertices.values() if v.name == name]
    return next(v for v in found if kind in (None, v.kind))


def shares(drawing, name):
    """What flows back into a vertex along each of its edges."""
    item = vertex(drawing, name, "input").id
    return [e.share.text for e in drawing.graph.edges if e.source == item]


def test_the_article_s_circuit():
    drawing = draw(product)(2, 1)
    shown = {
        v.name: (v.value.text, v.gradient and v.gradient.text, v.local)
        for v in drawing.graph.vertices.values()
        if v.kind == "gate"
    }
    assert shown == {
        "c": ("3", "2", ("1", "1")),
        "d": ("2", "3", ("1", "")),
        "e": ("6", "1", ("2", "3")),
    }
    assert vertex(drawing, "a").gradient.text == "2"
    assert vertex(drawing, "b").gradient.text == "5"
    assert shares(drawing, "b") == ["2", "3"]  # the sum over both paths is 5


def test_a_value_that_is_used_twice_by_one_gate():
    drawing = draw(lambda x: x * x)(3)
    assert vertex(drawing, "x").gradient.text == "6"
    assert shares(drawing, "x") == ["3", "3"]


def test_gradients_are_those_of_grad():
    inputs = (2.0, -1.0, -3.0, -2.0, -3.0)
    drawing = draw(neuron)(*inputs)
    expected = ts.grad(neuron, argnums=tuple(range(5)))(*inputs)
    for name, value in zip(("w0", "x0", "w1", "x1", "w2"), expected, strict=True):
        assert vertex(drawing, name).gradient.text == number(value.item())


def test_gradients_of_parameters_are_those_of_grad():
    layer = nn.Linear(3, 4, rng=0)
    x = np.linspace(-1, 1, 6).reshape(2, 3).astype(np.float32)

    def loss(layer, x):
        return ts.sum(ts.tanh(layer(x)) ** 2)

    drawing = draw(loss)(layer, x)
    expected = ts.grad(loss)(layer, x)
    assert vertex(drawing, "layer.weight").gradient == summary(expected.weight.numpy())
    assert vertex(drawing, "layer.bias").gradient == summary(expected.bias.numpy())


def test_a_module_is_drawn_with_its_parameters():
    drawing = draw(nn.Linear(2, 3, rng=0))(np.ones((1, 2), np.float32))
    assert {v.name for v in drawing.graph.vertices.values() if v.kind == "parameter"} == {
        "weight",
        "bias",
    }


def test_given_names_win():
    drawing = draw(lambda x: x * 2)(ts.variable(3.0, name="speed"))
    assert vertex(drawing, "speed").value.text == "3"


def test_names_of_results_are_kept_in_loops_and_layers():
    names = {v.name for v in draw(unrolled)(0.5).graph.vertices.values()}
    assert "h" in names
    cell = nn.LSTMCell(2, 3, rng=0)
    zeros = np.zeros((1, 3), np.float32)
    drawing = draw(lambda x: cell(x, (zeros, zeros)))(np.ones((1, 2), np.float32))
    assert {"i", "f", "g", "o"} <= {v.name for v in drawing.graph.vertices.values()}


def test_the_hook_of_another_profiler_is_put_back():
    import sys

    def hook(*_):
        return None

    sys.setprofile(hook)
    try:
        draw(gated)(1, 2, 3)
        with pytest.raises(ShapeError):
            draw(lambda x, y: x + y)(np.ones(2), np.ones(3))
        assert sys.getprofile() is hook
    finally:
        sys.setprofile(None)


def test_results_that_are_no_number_are_summed_up():
    drawing = draw(lambda x: x * np.array([1.0, 2.0, 3.0]))(np.ones(3))
    assert vertex(drawing, "x").gradient.text == "[1, 2, 3]"


def test_without_gradients():
    drawing = draw(product, gradients=False)(2, 1)
    assert all(v.gradient is None for v in drawing.graph.vertices.values())
    assert drawing.graph.problem == ""


class Forward(ts.graph.Op):
    """An operation without gradient rules."""

    def forward(self, xp, x):
        return x * 2


def test_an_operation_without_gradient_is_drawn_and_said():
    drawing = draw(lambda x: Forward()(x) + 1)(2.0)
    assert "Forward has no reverse-mode gradient" in drawing.graph.problem
    assert vertex(drawing, "x").gradient is None
    assert "No gradients: Forward has" in drawing.html()


def test_integers_comparisons_and_constants_take_no_gradient():
    drawing = draw(lambda x, i: ts.where(x > 0, x, 0.0)[i])(np.array([1.0, -1.0]), np.array([0]))
    assert vertex(drawing, "x").gradient.text == "[1, 0]"
    greater = next(v for v in drawing.graph.vertices.values() if v.label == "Greater")
    assert greater.gradient is None


def test_nan_and_infinity_are_shown():
    with np.errstate(all="raise"):
        drawing = draw(lambda x: ts.log(x) / 0.0)(1.0)
    assert vertex(drawing, "x").gradient.text == "inf"
    big = summary(np.array([1.0, np.nan, np.inf, np.nan, 2.0]))
    assert big.text == "2 NaN, 1 Inf"
    assert big.high == 2


@pytest.mark.parametrize(
    ("array", "text", "kind"),
    [
        (np.float32(0.25), "0.25", "float32"),
        (np.array(-0.0), "0", "float64"),
        (np.array(1.5e-7), "1.5e-7", "float64"),
        (np.array([1, 2]), "[1, 2]", "int64 (2,)"),
        (np.array([[True, False]]), "[[True, False]]", "bool (1, 2)"),
        (np.ones((0, 3)), "[]", "float64 (0, 3)"),
        (np.arange(10.0), "mean 4.5", "float64 (10,)"),
    ],
)
def test_summaries(array, text, kind):
    found = summary(np.asarray(array))
    assert (found.text, found.kind) == (text, kind)


def test_a_histogram_counts():
    bars = summary(np.array([0.0] * 6 + [1.0] * 3)).bars
    assert (bars[0], bars[-1], sum(bars)) == (1, 0.5, 1.5)


@pytest.mark.parametrize("thing", [3, "a + b", None])
def test_only_functions_are_drawn(thing):
    with pytest.raises(UsageError, match=r"expected a function to draw, got (int|str|NoneType)"):
        draw(thing)


def test_inputs_must_fit():
    with pytest.raises(UsageError, match=r"do not fit product\(a, b\): missing .* 'b'"):
        draw(product)(1)
    with pytest.raises(ShapeError, match="Add cannot broadcast"):
        draw(product)(np.ones(2), np.ones(3))
    with pytest.raises(GraphError, match="returned NoneType, in which there is no Tensor"):
        draw(lambda x: None)(1)
    with pytest.raises(UsageError, match="opened is 'some'"):
        draw(product, opened="some")


def test_places_in_the_code_are_known():
    assert vertex(draw(gated)(1, 2, 3), "q").source.startswith("circuits_of_draw.py:")


def test_results_from_before_the_run_are_drawn():
    x = ts.variable(2.0, name="outer")
    y = x * 3
    drawing = draw(lambda a: a * y)(5.0)
    assert vertex(drawing, "outer").gradient.text == "15"


def test_it_is_told_in_short():
    assert repr(draw(product)(2, 1)) == "<Drawing of product: 7 vertices, 7 visible>"
    assert isinstance(mlp(), Drawing)
    assert captioner(2).graph.problem == ""
