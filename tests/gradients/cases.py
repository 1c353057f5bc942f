"""Random expressions that are smooth everywhere and never large, and other shared inputs."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from tushuo.gradients.symbolic import Symbol, call
from tushuo.gradients.symbolic.expression import Number

NAMES = ("x", "y")

leaves = st.one_of(
    st.sampled_from([Symbol(name) for name in NAMES]),
    st.integers(-3, 3).map(Number),
    st.sampled_from([Number(Fraction(1, 2)), Number(Fraction(-2, 3))]),
)
bounded = st.sampled_from(["sin", "cos", "tanh", "sigmoid", "atan"])


def _grown(inner):
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda p: p[0] + p[1]),
        pairs.map(lambda p: p[0] - p[1]),
        pairs.map(lambda p: p[0] * p[1]),
        pairs.map(lambda p: p[0] / (1 + p[1] ** 2)),
        st.tuples(inner, st.integers(0, 3)).map(lambda p: call("sin", p[0]) ** p[1]),
        inner.map(lambda u: call("sqrt", 1 + u**2)),
        inner.map(lambda u: call("log", 2 + call("sin", u))),
        inner.map(lambda u: call("exp", call("tanh", u))),
        inner.map(lambda u: (2 + call("cos", u)) ** call("tanh", u)),
        st.tuples(bounded, inner).map(lambda p: call(*p)),
        inner.map(lambda u: -u),
    )


smooth = st.recursive(leaves, _grown, max_leaves=8)
"""Expressions in x and y with a value and all derivatives everywhere."""

points = st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
