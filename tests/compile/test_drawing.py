"""Programs and kernels as drawings."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import tushuo
from tushuo.compile import compile

GOLDEN = Path(__file__).parent / "golden"
X, W = np.ones((4, 8), np.float32), np.ones((16, 8), np.float32)


def layer(model, x):
    y = tushuo.sigmoid(x @ model["w"].T + 1)
    return y, tushuo.sum(y, 1)


@pytest.fixture(scope="module")
def compiled():
    return compile(layer, cache=False)


@pytest.mark.parametrize("name", ["program", "optimised", "kernels"])
def test_golden(name, compiled, update_golden):
    args = {"w": W}, X
    compiled(*args)
    drawing = {
        "program": lambda: compiled.program(*args).draw("layer"),
        "optimised": lambda: compiled.program(*args, optimised=True).draw("layer"),
        "kernels": lambda: compiled.explain().draw(),
    }[name]()
    path = GOLDEN / f"{name}.dot"
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawing.dot(), "utf-8")
    assert drawing.dot() == path.read_text("utf-8")
    ElementTree.fromstring(drawing.svg())
    assert "No gradients" not in drawing.html()


def test_vertices_are_kernels_and_edges_values(compiled):
    found = compiled.explain({"w": W}, X)
    drawing = found.draw()
    gates = [s.title for s in drawing.graph.scopes.values()][1:]
    gates += [v.name for v in drawing.graph.vertices.values() if v.kind == "gate" and v.name]
    assert sorted(int(gate.split()[0]) for gate in gates) == [k.number for k in found.kernels]
    labels = {v.value.short for v in drawing.graph.vertices.values() if v.kind != "output"}
    assert {"4x8", "16x8", "4x16", "4"} <= labels
    assert not {v.label for v in drawing.graph.vertices.values()} & {"PermuteDims"}
    assert drawing.unfold().visible > drawing.visible


def test_inputs_have_their_names(compiled):
    program = compiled.program({"w": W}, X)
    assert list(program.names.values()) == ["model.w", "x"]
    names = [v.name for v in program.draw().graph.vertices.values() if v.kind == "input"]
    assert names == ["model.w", "x"]


def test_a_constant_stands_in_every_loop_that_uses_it():
    table = np.arange(12, dtype=np.float32).reshape(3, 4)

    def f(x):
        y = tushuo.sum(x * table, 1, keepdims=True)
        return y, tushuo.exp(x / y) * table

    drawing = compile(f, cache=False).program(np.ones((3, 4), np.float32), optimised=True).draw()
    places = [v.scope for v in drawing.graph.vertices.values() if v.kind == "constant"]
    assert len(places) == len(set(places)) == 2
    ElementTree.fromstring(drawing.svg())


def test_an_output_that_is_an_input_or_a_constant():
    f = compile(lambda x: (x, tushuo.asarray(X), x.T), cache=False)
    f(W)
    for drawing in (f.program(W).draw(), f.explain().draw()):
        assert [v.name for v in drawing.graph.vertices.values() if v.kind == "output"] == [
            "output 0",
            "output 1",
            "output 2",
        ]
        ElementTree.fromstring(drawing.svg())
