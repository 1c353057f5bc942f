"""Random programs: whatever is put together, every value is the interpreter's."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tushuo
from tushuo.compile import compile
from tushuo.compile.check import agree

UNARY = [
    tushuo.exp,
    tushuo.tanh,
    tushuo.sigmoid,
    tushuo.relu,
    tushuo.negative,
    tushuo.square,
    tushuo.abs,
    lambda x: tushuo.softmax(x, -1),
    lambda x: tushuo.log_softmax(x, 0),
    lambda x: tushuo.sum(x, 0, keepdims=True),
    lambda x: tushuo.max(x, -1, keepdims=True),
    lambda x: tushuo.mean(x) + x * 0.5,
    lambda x: tushuo.flip(x, 0),
    lambda x: tushuo.permute_dims(x, (1, 0)),
    lambda x: tushuo.reshape(x, (x.shape[1], x.shape[0])),
    lambda x: x[:, ::2],
    lambda x: x[-1:],
    lambda x: tushuo.pad(x, ((0, 1), (1, 0)), 0.5),
    lambda x: tushuo.astype(x > 0, "float64"),
    lambda x: tushuo.take(x, [0, -1, 0], axis=1),
    lambda x: tushuo.cumulative_sum(x, 0),
]
BINARY = [
    tushuo.add,
    tushuo.subtract,
    tushuo.multiply,
    tushuo.maximum,
    lambda x, y: tushuo.where(x < y, x, y * 2),
    lambda x, y: tushuo.divide(x, tushuo.square(y) + 1),
]


@st.composite
def programs(draw):
    """A function of two matrices that returns every value on its way, all kept small."""
    choices = draw(
        st.lists(
            st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)),
            min_size=1,
            max_size=14,
        )
    )

    def f(*args):
        values = list(args)
        for which, i, j in choices:
            x, y = values[i % len(values)], values[j % len(values)]
            values.append(tushuo.clip(step(which, x, y), -3.0, 3.0))
        return values[len(args) :]

    return f


def step(which, x, y):
    """One operation on two matrices, of those that fit their shapes."""
    fitting = [lambda x, _, f=f: f(x) for f in UNARY]
    if all(a == b or 1 in (a, b) for a, b in zip(x.shape, y.shape, strict=True)):
        fitting += BINARY
    if x.shape[1] == y.shape[0]:
        fitting += [tushuo.matmul] * 3
    if x.shape[1] == y.shape[1]:
        fitting += [tushuo.inner, lambda x, y: tushuo.concat([x, y])]
    return fitting[which % len(fitting)](x, y)


@settings(max_examples=40, deadline=None, derandomize=True)  # ties may break by rounding
@given(programs(), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_every_value_of_a_random_program_is_the_interpreters(f, n, m, seed):
    rng = np.random.default_rng(seed)
    args = [tushuo.asarray(rng.uniform(-2, 2, shape)) for shape in [(n, m), (m, n)]]
    for found, wanted in zip(compile(f, cache=False)(*args), f(*args), strict=True):
        assert agree(found.numpy(), wanted.numpy())
