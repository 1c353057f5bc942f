"""Products of matrices and what goes over images, forward and gradient, compiled and eager."""

from __future__ import annotations

from hypothesis import strategies as st

from tushuo.graph import ops

from .arguments import FLOATS, INTEGERS, LENGTHS, arrays, dtypes, numbers, shapes, tried
from .comparing import identical, same
from .families import PRODUCTS, Pictures


@st.composite
def factors(draw):
    """Matrices (N, K) and (K, M), several of these, and a vector."""
    n, k, m = (draw(st.sampled_from(LENGTHS)) for _ in range(3))
    dtype, several = draw(dtypes(FLOATS)), draw(st.sampled_from([2, 1, 0, 3]))
    return [draw(arrays(s, dtype)) for s in ((n, k), (k, m), (several, k, m), (k,))]


def test_products(examples):
    def check(drawn):
        same(PRODUCTS, *drawn, gradients=True)

    tried(examples, check, factors())


def test_products_of_integers(examples):
    def check(x):
        same({"matmul": lambda x: x @ x.T, "vecdot": lambda x: ops.vecdot(x, x)}, x, near=identical)

    tried(examples, check, st.builds(numbers, st.integers(0, 99), shapes((2,)), dtypes(INTEGERS)))


@st.composite
def pictures(draw):
    """Convolutions of all channels, of groups, and of each channel by itself."""

    def among(*values):
        return draw(st.sampled_from(values))

    n, each, maps, groups = among(1, 2, 0), among(3, 1, 8, 17), among(4, 1, 16, 5), among(1, 2, 5)
    size, kernel = (among(7, 5, 8, 15), among(7, 6)), (among(3, 1, 2, 5), among(3, 1, 4))
    if among(False, True):
        each = maps = 1
    dtype = draw(dtypes(FLOATS))
    x = draw(arrays((n, each * groups, *size), dtype))
    w = draw(arrays((maps * groups, each, *kernel), dtype))
    return Pictures(x, w, groups, among(1, 2), among(0, 1, 2), among(1, 1, 2))


def test_images(examples):
    def check(drawn):
        if drawn.fits:
            same(drawn.functions(), drawn.x, drawn.w, gradients=True)

    tried(examples, check, pictures())
