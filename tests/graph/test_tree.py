"""Trees: taken apart, put together, mapped."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.errors import ShapeError
from tushuo.graph import Tensor, leaves, named_leaves, rebuild, tree_map

NUMBERS = st.integers(-9, 9) | st.floats(-9, 9)
TREES = st.recursive(
    NUMBERS | st.none() | st.text(max_size=2) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


class Pair(NamedTuple):
    first: Any
    second: Any


class Scale:
    """A user's class that is part of trees."""

    def __init__(self, factor, word):
        self.factor, self.word = factor, word

    def tree_children(self):
        return {"factor": self.factor}

    def tree_replace(self, children):
        return Scale(children["factor"], self.word)


@given(TREES)
def test_rebuilding_with_the_own_leaves_changes_nothing(tree):
    assert rebuild(tree, leaves(tree)) == tree
    assert tree_map(lambda x: x, tree) == tree
    assert [leaf.value for leaf in named_leaves(tree)] == leaves(tree)


@given(TREES)
def test_leaves_are_replaced_in_order(tree):
    count = len(leaves(tree))
    assert leaves(rebuild(tree, list(range(count)))) == list(range(count))
    with pytest.raises(ShapeError, match=f"the tree has {count} leaves, got {count + 1} values"):
        rebuild(tree, list(range(count + 1)))
    if count:
        with pytest.raises(ShapeError, match=f"the tree has {count} leaves, got {count - 1} val"):
            rebuild(tree, list(range(count - 1)))


def test_paths():
    tree = {"layers": [Scale(1.0, "a"), Pair(2.0, None)], "bias": np.ones(2), "on": True}
    assert [leaf.path for leaf in named_leaves(tree)] == [
        "layers.0.factor", "layers.1.0", "bias"]  # fmt: skip
    assert [leaf.path for leaf in named_leaves(3.0)] == [""]


def test_classes_and_tuples_keep_their_kind():
    tree = tree_map(lambda x: x * 2, [Scale(1.0, "a"), Pair(2, (3,))])
    assert (tree[0].factor, tree[0].word) == (2, "a")
    assert tree[1] == Pair(4, (6,))


def test_keys_of_different_types_stay_apart():
    assert leaves({1: 2.0, "1": 3.0}) == [2, 3]


def test_several_trees():
    assert tree_map(lambda x, y: x - y, {"a": 3, "b": [1]}, {"a": 1, "b": [1]}) == {
        "a": 2,
        "b": [0],
    }
    with pytest.raises(ShapeError, match=r"^the trees differ: a, b\.0 is not in both$"):
        tree_map(lambda x, y: x, {"a": 1}, {"b": [1]})


def test_one_tensor_in_two_places_stays_one():
    x, calls = Tensor(1.0), []
    tree = tree_map(lambda x: calls.append(x) or x * 2, [x, x, Tensor(1.0)])
    assert tree[0] is tree[1]
    assert tree[0] is not tree[2]
    assert len(calls) == 2


def test_numbers_that_are_one_object_are_mapped_apart():
    values = iter(range(2))
    assert tree_map(lambda _: next(values), [1.0, 1.0]) == [0, 1]
