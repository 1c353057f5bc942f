"""Layouts: layers respect edges, nothing overlaps, and the browser's layout is the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from itertools import chain, combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tushuo as ts
from circuits_of_draw import CIRCUITS, captioner, mlp
from tushuo.draw import draw
from tushuo.draw.html import layout_data
from tushuo.draw.layers import crossings, layered
from tushuo.draw.scene import Studio
from tushuo.draw.spread import spread


@st.composite
def dags(draw_from):
    count = draw_from(st.integers(1, 14))
    pairs = list(combinations(range(count), 2))
    return count, draw_from(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []


@given(dags())
def test_layers_respect_edges(dag):
    count, pairs = dag
    result = layered(count, [(a, b, 0.5) for a, b in pairs])
    rank = {p: r for r, layer in enumerate(result.layers) for p in layer}
    assert set(range(count)) <= set(rank)
    assert sum(map(len, result.layers)) == len(rank)
    for a, b in pairs:
        way = [a, *result.chains[a, b], b]
        assert all(rank[q] == rank[p] + 1 for p, q in pairwise(way))


@given(dags())
def test_sweeps_never_add_crossings(dag):
    count, pairs = dag
    result = layered(count, [(a, b, 0.5) for a, b in pairs])
    before = [sorted(layer) for layer in result.layers]
    assert crossings(result.layers, result.segments) <= crossings(before, result.segments)


def test_a_crossing_that_need_not_be_is_undone():
    result = layered(4, [(0, 3, 0.5), (1, 2, 0.5)])
    assert crossings([[0, 1], [2, 3]], result.segments) == 1
    assert crossings(result.layers, result.segments) == 0


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 9), st.floats(0, 30)), min_size=1))
def test_points_are_spread_without_overlaps(points):
    wanted, weights, gaps = zip(*points, strict=True)
    found = spread(wanted, weights, gaps)
    assert all(b - a >= gap - 1e-6 for (a, b), gap in zip(pairwise(found), gaps[1:], strict=True))
    mean = sum(w * (x - y) for w, x, y in zip(weights, found, wanted, strict=True))
    assert mean == pytest.approx(0, abs=1e-6)  # a common shift would not help


@st.composite
def programs(draw_from):
    """A graph of random gates, some of them made in functions that can be folded."""
    gates = st.tuples(st.integers(0, 30), st.integers(0, 30), st.booleans())
    return draw_from(st.lists(gates, min_size=1, max_size=14))


def run(program):
    def part(a, b):
        return ts.tanh(a * b) + a

    def f(x, y):
        values = [x, y]
        for i, j, deep in program:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append(part(a, b) if deep else a - b)
        return values[-1], values[len(values) // 2]

    return draw(f, opened="all")(0.5, -0.25)


def overlap(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def inside(a, b):
    return (
        b[0] <= a[0] and b[1] <= a[1] and a[0] + a[2] <= b[0] + b[2] and a[1] + a[3] <= b[1] + b[3]
    )


def assert_sound(drawing):
    graph, at = drawing.graph, Studio(drawing.graph).placement(drawing.opened)
    assert set(at.boxes) == {
        graph.visible(item, drawing.opened) for item in (*graph.vertices, *at.boxes)
    }
    assert len(at.boxes) == drawing.visible
    for (_, a), (_, b) in combinations(at.boxes.items(), 2):
        assert not overlap(a, b)
    for scope, frame in at.frames.items():
        for item, box in {**at.boxes, **at.frames}.items():
            if item != scope and scope in graph.around(item):
                assert inside(box, frame)
            elif item != scope and item not in graph.around(scope):
                assert not overlap(box, frame)
    for wire in at.wires.values():
        flat = [x for a, b, _ in wire.stretches for x in (a, b)]
        assert flat == sorted(flat)  # edges run to the right throughout


@settings(max_examples=40, deadline=None)
@given(programs())
def test_nothing_overlaps(program):
    drawing = run(program)
    assert_sound(drawing)
    assert_sound(drawing.fold())


def test_nothing_overlaps_in_large_graphs():
    drawing = captioner(4)
    for each in (drawing, drawing.fold(), drawing.unfold()):
        assert_sound(each)
    assert_sound(mlp())


def test_labels_do_not_overlap():
    drawing = mlp()
    studio = Studio(drawing.graph)
    at = studio.placement(drawing.opened)
    places = [(label.x, label.y) for label in at.labels]
    for (x, y), (u, v) in combinations(places, 2):
        assert x != u or abs(y - v) >= 36


@pytest.mark.parametrize("name", [*CIRCUITS, "captioner"])
def test_the_browser_lays_out_alike(name):
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node to run the page's script")
    drawing = captioner(3).unfold("advance") if name == "captioner" else CIRCUITS[name]()
    studio = Studio(drawing.graph)
    script = files("tushuo.draw").joinpath("layout.js").read_text("utf-8") + (
        "const given = JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(placed(given.data, new Set(given.opened))));"
    )
    content = json.dumps({"data": layout_data(studio), "opened": sorted(drawing.opened)})
    done = subprocess.run(
        [node, "-e", script], input=content, capture_output=True, text=True, check=True
    )
    theirs, ours = json.loads(done.stdout), studio.placement(drawing.opened)
    assert theirs["boxes"].keys() == ours.boxes.keys()
    for item, box in ours.boxes.items():
        assert theirs["boxes"][item] == pytest.approx(box)
    for wire, expected in zip(theirs["wires"], ours.wires.values(), strict=True):
        assert list(chain(*wire["stretches"])) == pytest.approx(list(chain(*expected.stretches)))
