"""Layers, time steps and functions are parts that fold."""

from __future__ import annotations

import pytest

import tushuo as ts
from circuits_of_draw import captioner, mlp, unrolled
from tushuo.draw import draw
from tushuo.errors import UsageError


def titles(drawing):
    return {f"{s.title} {s.detail}".strip() for s in drawing.graph.scopes.values()}


def test_layers_are_parts():
    assert {"Sequential", "0 Linear", "2 Linear", "cross_entropy"} <= titles(mlp())


def test_time_steps_are_parts_of_a_loop():
    drawing = draw(unrolled, opened="none")(0.5)
    assert {"step 1", "step 2", "step 3", "step 4"} <= titles(drawing)
    assert drawing.visible == 6  # x, four steps, the result
    assert drawing.unfold("step 2").visible == 9
    assert drawing.unfold("step 2").fold("step 2").visible == 6


def test_a_training_step_of_the_captioner_stays_readable():
    drawing = captioner()
    assert len(drawing.graph.vertices) > 700
    assert drawing.visible <= 28
    assert "advance 17 times" in titles(drawing)
    steps = [s for s in drawing.graph.scopes.values() if s.title.startswith("advance ")]
    assert [s.title for s in steps] == [f"advance {i}" for i in range(1, 18)]
    assert drawing.unfold("advance").visible < 90
    assert drawing.fold().visible < 12
    assert drawing.unfold().visible == len(drawing.graph.vertices)


def test_a_budget():
    for budget in (5, 12, 60):
        assert captioner(4).fold().visible <= max(budget, 12)
    assert draw(unrolled, opened=100)(0.5).visible == draw(unrolled, opened="all")(0.5).visible


def test_parts_fold_without_cycles():
    drawing = captioner(3)
    graph = drawing.graph
    for opened in (drawing.opened, drawing.fold().opened, drawing.unfold("advance").opened):
        after: dict[str, set[str]] = {}
        for edge in graph.edges:
            a, b = graph.visible(edge.source, opened), graph.visible(edge.target, opened)
            if a != b:
                after.setdefault(a, set()).add(b)
        assert_acyclic(after)


def assert_acyclic(after):
    waiting = {b: 0 for targets in after.values() for b in targets} | dict.fromkeys(after, 0)
    for targets in after.values():
        for b in targets:
            waiting[b] += 1
    ready = [a for a, n in waiting.items() if not n]
    for a in ready:
        for b in after.get(a, ()):
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    assert len(ready) == len(waiting)


def test_long_chains_are_folded_into_parts():
    def chain(x):
        y = x
        for _ in range(2000):
            y = y * x
        return y

    drawing = draw(chain)(1.0)
    assert drawing.visible <= 60
    assert "part 1 1 to 50" in titles(drawing)
    assert len(drawing.svg()) < 200_000


def test_recursion_is_no_trouble():
    def deep(x, n):
        return x if n == 0 else ts.sin(deep(x, n - 1)) + 1

    drawing = draw(lambda x: deep(x, 200))(1.0)
    assert len(drawing.graph.vertices) == 602
    assert drawing.visible <= 60


def test_an_unknown_part():
    with pytest.raises(UsageError, match=r"no part called 'encoder'; it has 0, 2, Sequential"):
        mlp().unfold("encoder")
    with pytest.raises(UsageError, match="it has no parts to fold"):
        draw(lambda x: x * 2)(1.0).fold("f")
