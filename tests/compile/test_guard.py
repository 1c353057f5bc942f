"""Guards: what they recognise, and what they leave to a closer look."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import tushuo
from tushuo import nn
from tushuo.compile.guard import assembler, guard
from tushuo.compile.signature import take_apart

Pair = namedtuple("Pair", "a b")


def tensor(*shape, dtype="float32"):
    return tushuo.asarray(np.ones(shape, dtype))


def tree():
    return {
        "list": [tensor(2), tensor(3), 5],
        "pair": Pair(tensor(1), np.ones(4)),
        "layer": nn.Linear(2, 3, rng=0),
        "word": "x",
        "none": None,
        "empty": (),
    }


def test_an_equal_tree_is_recognised_with_its_arrays_in_order():
    for seen in (tree(), [], (tensor(2),), {}):
        other = seen if not seen else tree() if isinstance(seen, dict) else (tensor(2),)
        found, wanted = guard(seen)(other), take_apart(other).arrays
        assert len(found) == len(wanted)
        assert all(x is y for x, y in zip(found, wanted, strict=True))


def changed(change):
    other = tree()
    change(other)
    return other


CHANGES = {
    "shape": lambda t: t["list"].__setitem__(0, tensor(9)),
    "dtype": lambda t: t["list"].__setitem__(0, tensor(2, dtype="float64")),
    "number": lambda t: t["list"].__setitem__(2, 6),
    "kind of number": lambda t: t["list"].__setitem__(2, 5.0),
    "length": lambda t: t["list"].append(1),
    "another word": lambda t: t.update(word="y"),
    "another key": lambda t: t.update(more=1),
    "order": lambda t: t.update(list=t.pop("list")),
    "tuple": lambda t: t.update(pair=(tensor(1), np.ones(4))),
    "array for Tensor": lambda t: t["list"].__setitem__(0, np.ones(2, np.float32)),
    "setting": lambda t: t["layer"].train(),
    "another layer": lambda t: t.update(layer=nn.Linear(2, 4, rng=0)),
    "no layer": lambda t: t.update(layer=None),
    "graph": lambda t: t["list"].__setitem__(0, tushuo.variable(tensor(2))),
    "the same twice": lambda t: t.update(pair=Pair(t["list"][0], np.ones(4))),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_tree_is_not(change):
    assert guard(tree())(changed(change)) is None


def test_shared_tensors_must_be_shared_again():
    x, y = tensor(2), tensor(2)
    assert guard([x, x])([y, y]) == [y.data]
    assert guard([x, x])([x, y]) is None
    assert guard([x, y])([x, x]) is None


def test_a_buffer_is_looked_at_each_time():
    class Kept(nn.Module):
        def __init__(self):
            self.cell = nn.module.Buffer(np.ones(2))

    kept = Kept()
    recognise = guard(kept)
    assert recognise(kept) == []
    kept.cell.data = np.zeros(2)
    assert recognise(kept) is None


def test_an_assembler_puts_tensors_into_their_places():
    a, b, c, d, w = (tensor(1) for _ in range(5))
    layer = nn.Linear(2, 3, rng=0)
    seen = {"list": [tensor(2), 7], "pair": Pair(tensor(1), np.ones(1)), "layer": layer, "x": None}
    made = assembler(seen)([x.data for x in (a, b, c, d, w)])
    assert made["list"][0].data is a.data
    assert made["list"][1] == 7
    assert isinstance(made["pair"], Pair)
    assert made["pair"].a.data is b.data
    assert made["pair"].b.data is c.data
    assert made["layer"].weight.data is d.data
    assert made["layer"].bias.data is w.data
    assert made["x"] is None
