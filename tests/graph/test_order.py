"""Graphs of any depth and width."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from tushuo.graph import gradient, ops, variable
from tushuo.graph.forward import push
from tushuo.graph.order import dependent, route, topological
from tushuo.graph.tensor import Tensor

DEPTH = 100_000


@pytest.fixture(scope="module")
def chain():
    """x, and x + 1 + 1 + ..., 100,000 times."""
    x = one = variable(1.0)
    y = x
    for _ in range(DEPTH):
        y = y + one
    return x, y


def test_reverse_through_a_deep_chain(chain):
    x, y = chain
    assert y.item() == DEPTH + 1
    assert gradient(y, x).item() == DEPTH + 1


def test_forward_through_a_deep_chain(chain):
    x, y = chain
    tangents = push(route([y.node], {x.node}), {x.node: Tensor(1.0)}, record=False)
    assert tangents[y.node].item() == DEPTH + 1


def test_a_deep_chain_can_be_freed():
    y = variable(1.0)
    for _ in range(DEPTH):
        y = -y
    del y
    gc.collect()


def test_wide_graphs():
    x = variable(np.ones(3))
    y = ops.sum(ops.stack([x * float(i) for i in range(2000)]))
    np.testing.assert_array_equal(gradient(y, x).numpy(), np.full(3, sum(range(2000))))


def test_shared_nodes_are_visited_once():
    y = variable(1.0)
    for _ in range(60):
        y = y + y  # 2^60 paths
    assert gradient(y, variable(1.0)).item() == 0
    assert len(topological([y.node])) == 61


def test_each_node_comes_after_its_inputs():
    x = variable(np.ones(3))
    y = ops.sum(ops.exp(x) * x / (x + 1)) + ops.mean(x)
    order = topological([y.node, x.node])
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    assert all(place[z.node] < i for i, n in enumerate(order) for z in n.inputs if z.node)


def test_only_the_way_to_the_goals_is_needed():
    x, y = variable(1.0), variable(2.0)
    a, b = ops.exp(x), ops.exp(y)
    z = a * b + ops.floor(a)
    _, order, needed = route([z.node], {x.node})
    assert b.node in order
    assert needed == {x.node, a.node, z.node, z.node.inputs[0].node}
    assert dependent(order, {y.node}) == {y.node, b.node, z.node, z.node.inputs[0].node}


def test_goals_are_where_the_search_ends():
    x = variable(1.0)
    y = ops.exp(x)
    z = y * y
    assert x.node not in route([z.node], {y.node}).order
    assert x.node in route([z.node], {y.node}, beyond=True).order
