"""Whatever moves, picks or casts elements, compiled and eager."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tushuo.compile import compile
from tushuo.graph import ops

from .arguments import BOOL, FLOATS, INTEGERS, LOOKS, one, tried
from .comparing import identical, moved, same
from .families import movements, pickings, puttings


def test_movements(examples):
    def check(x, look, axis, key):
        y = look(x)
        if y.ndim:
            functions = moved(movements(axis % y.ndim, y.ndim - 1, key), look)
            same(functions, x, near=identical)
            same(functions, x * 0.5, gradients=True) if x.dtype.kind == "f" else None

    keys = st.builds(slice, *[st.none() | st.integers(-9, 9)] * 2, st.sampled_from([1, 2, -1, -3]))
    drawn = one(FLOATS, INTEGERS, BOOL), LOOKS, st.integers(0, 5), keys
    tried(examples, check, *drawn)


SIGNED = ("int8", "int16", "int32", "int64")


def test_data_types(examples):
    def check(x, look):
        fitting = FLOATS + (SIGNED if x.dtype.kind == "f" else INTEGERS)
        functions = {
            f"astype {other}": lambda x, other=other: ops.astype(look(x), other)
            for other in (*fitting, "bool")
        }
        same(functions, x, near=identical)

    tried(examples, check, one(FLOATS, INTEGERS, BOOL), LOOKS)


def test_floats_beyond_the_integers_become_their_ends():
    x = np.array([np.nan, np.inf, -np.inf, 300, -300, 1e30], np.float32)
    for dtype in ("int8", "uint8", "int64"):
        limits = np.iinfo(dtype)
        found = compile(lambda x, dtype=dtype: ops.astype(x, dtype), cache=False)(x).numpy()
        assert found[:3].tolist() == [0, limits.max, limits.min]
        assert found[5] == limits.max


def test_picking(examples):
    def check(x, look, axis, numbers, dtype):
        y = look(x)
        if not y.size or not y.ndim:
            return
        axis, n = axis % y.ndim, y.shape[axis % y.ndim]
        few = (numbers % n).astype(dtype)
        signed = few - few.dtype.type(0 if dtype == "uint8" else n) * (numbers % 2 == 1)
        along = (np.resize(numbers, y.shape) % y.shape[-1]).astype(dtype)
        functions = pickings(axis, few) | (puttings(axis) if x.dtype != bool else {})
        some = {name: lambda x, i, j, f=f: f(look(x), i, j) for name, f in functions.items()}
        same(some, x, signed.astype(dtype), along, gradients=x.dtype.kind == "f")

    indices = st.lists(st.integers(0, 99), max_size=9).map(lambda x: np.array(x, int))
    kinds = st.sampled_from(["int64", "int32", "int8", "uint8"])
    tried(examples, check, one(FLOATS, INTEGERS, BOOL), LOOKS, st.integers(0, 5), indices, kinds)
