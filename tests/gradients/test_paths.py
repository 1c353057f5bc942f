"""Sums over paths and sweeps give the same, at very different cost."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.errors import GradientError, UsageError
from tushuo.gradients.circuits import CIRCUITS, PRODUCT_OF_SUMS
from tushuo.gradients.paths import (
    count_paths,
    forward_sweep,
    layered,
    order,
    paths,
    reverse_sweep,
    sum_over_paths,
)
from tushuo.gradients.stages import Edge


def test_the_two_ways_from_b_to_e():
    edges = PRODUCT_OF_SUMS.gates(**PRODUCT_OF_SUMS.inputs).edges()
    names = [[e.target for e in path] for path in paths(edges, "b", "e")]
    assert names == [["c", "e"], ["d", "e"]]
    assert sum_over_paths(edges, ["a", "b"], "e").gradients == {"a": 2.0, "b": 5.0}


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda c: c.name)
def test_circuits(circuit):
    stages = circuit.gates(**circuit.inputs)
    edges, inputs, output = stages.edges(), stages.inputs, stages.stages[-1].name
    for way in (sum_over_paths, reverse_sweep, forward_sweep):
        assert way(edges, inputs, output).gradients == pytest.approx(circuit.by_hand()[1])


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 9))
def test_layered_graphs(widths, seed):
    edges, inputs, output = layered(widths, seed)
    walked = sum_over_paths(edges, inputs, output)
    back, forth = reverse_sweep(edges, inputs, output), forward_sweep(edges, inputs, output)
    assert back.gradients == pytest.approx(walked.gradients)
    assert forth.gradients == pytest.approx(walked.gradients)
    number = 1
    for width in widths:
        number *= width
    assert sum(count_paths(edges, x, output) for x in inputs) == number
    assert walked.multiplications == number * (len(widths) - 1)
    assert back.visits == len(edges)
    assert back.multiplications == len(edges) - widths[-1]


def test_the_saving_grows_exponentially():
    ratios = []
    for depth in range(2, 6):
        graph = layered([4] * depth)
        ratios.append(
            sum_over_paths(*graph).multiplications / reverse_sweep(*graph).multiplications
        )
    assert all(b / a > 3 for a, b in itertools.pairwise(ratios))


def test_too_many_paths_are_refused_at_once():
    graph = layered([10] * 30)
    with pytest.raises(UsageError, match="1" + "0" * 30 + " paths lead to 'out', 2000000 can be"):
        sum_over_paths(*graph)
    assert reverse_sweep(*graph).visits == 29 * 100 + 10


def test_wrong_graphs():
    circle = [Edge("a", "b", 1.0), Edge("b", "c", 1.0), Edge("c", "b", 1.0), Edge("c", "d", 1.0)]
    for way in (sum_over_paths, reverse_sweep, forward_sweep):
        with pytest.raises(GradientError, match=r"circle through or before 'b'; .* unroll"):
            way(circle, ["a"], "d")
        with pytest.raises(GradientError, match="the graph has no node 'z'"):
            way([Edge("a", "b", 1.0)], ["z"], "b")
    with pytest.raises(UsageError, match=r"the widths are \[3, 0\]"):
        layered([3, 0])
    assert order([Edge("b", "c", 1.0), Edge("a", "b", 1.0)]) == ["a", "b", "c"]


def test_an_input_that_does_not_reach_the_output():
    edges = [Edge("a", "b", 2.0), Edge("x", "y", 3.0)]
    for way in (sum_over_paths, reverse_sweep, forward_sweep):
        assert way(edges, ["a", "x"], "b").gradients == {"a": 2.0, "x": 0.0}
