"""Products of matrices: written out and by BLAS, in all orders of memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tushuo
from tushuo.compile import compile
from tushuo.compile.codegen import blas, product
from tushuo.compile.codegen.target import host

RNG = np.random.default_rng(0)
LENGTHS = st.integers(1, 40)


def check(f, x, y, dtype):
    x, y = RNG.standard_normal(x).astype(dtype), RNG.standard_normal(y).astype(dtype)
    found = compile(f, cache=False)(x, y).numpy()
    exact = f(tushuo.asarray(x.astype("float64")), tushuo.asarray(y.astype("float64"))).numpy()
    assert found.dtype == dtype
    tolerance = 2e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(found, exact, rtol=0, atol=tolerance * max(1, np.abs(exact).max()))


@settings(max_examples=12, deadline=None)
@given(LENGTHS, LENGTHS, LENGTHS, st.sampled_from(["float32", "float64"]))
def test_shapes(m, n, k, dtype):
    check(tushuo.matmul, (m, k), (k, n), dtype)
    check(tushuo.inner, (m, k), (n, k), dtype)


@settings(max_examples=8, deadline=None)
@given(LENGTHS, LENGTHS, LENGTHS)
def test_transposed_operands_are_read_in_place(m, n, k):
    check(lambda x, y: x.T @ y, (k, m), (k, n), "float32")
    check(lambda x, y: x @ y.T, (m, k), (n, k), "float32")
    check(lambda x, y: x.T @ y.T, (k, m), (n, k), "float32")


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_products_go_to_blas(transposed, dtype, monkeypatch):
    if not blas.addresses():
        pytest.skip("this NumPy brings no OpenBLAS")
    monkeypatch.setattr(product, "_in_panels", lambda *a: False)
    calls = []
    original = product.write_call
    monkeypatch.setattr(product, "write_call", lambda *a: calls.append(a) or original(*a))

    def f(x, y):
        return (x.T if transposed else x) @ y

    check(f, (150, 110) if transposed else (110, 150), (150, 101), dtype)
    assert len(calls) == 1


def test_large_products_without_blas(monkeypatch):
    monkeypatch.setattr(product, "_in_panels", lambda *a: False)
    monkeypatch.setattr(product, "callable_by_blas", lambda *a: False)
    check(tushuo.matmul, (110, 150), (150, 101), "float32")


@pytest.mark.parametrize(
    "shape", [(110, 150, 101), (101, 97, 192), (3, 600, 640), (700, 13, 120), (19, 1050, 70)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_products_in_panels(shape, dtype, monkeypatch):
    monkeypatch.setattr(product, "_in_panels", lambda *a: True)
    monkeypatch.setattr(product, "write_call", None)
    m, k, n = shape
    check(tushuo.matmul, (m, k), (k, n), dtype)
    check(tushuo.inner, (m, k), (n, k), dtype)
    check(lambda x, y: x.T @ y, (k, m), (k, n), dtype)
    check(lambda x, y: tushuo.relu(x @ y) + y[0], (m, k), (k, n), dtype)


def test_blas_is_asked_where_it_is_stronger(monkeypatch):
    target = host()._replace(vector_bytes=32)
    for size, own in ((0, True), (32, True), (64, False)):
        monkeypatch.setattr(product, "vector_bytes", lambda size=size: size)
        assert product._in_panels(np.dtype("float32"), (1, 512), target) is own
    monkeypatch.setattr(product, "vector_bytes", lambda: 0)
    assert not product._in_panels(np.dtype("float32"), (2, 512), target)


@pytest.mark.parametrize("step", [(1, 2), (2, 1), (3, 3)])
def test_slices_of_matrices(step):
    def f(x, y):
        return x[:: step[0], :: step[1]] @ y[:: step[1]]

    check(f, (12, 18), (18, 7), "float32")


@pytest.mark.parametrize("shapes", [((5, 1, 3, 4), (2, 4, 6)), ((2, 3, 4), (2, 4, 5))])
def test_batches(shapes):
    check(tushuo.matmul, *shapes, "float64")


@pytest.mark.parametrize("shapes", [((3, 0), (0, 4)), ((0, 3), (3, 4)), ((3, 4), (4, 0))])
def test_nothing_to_add_up(shapes):
    x, y = map(np.ones, shapes)
    found = compile(tushuo.matmul, cache=False)(x, y).numpy()
    np.testing.assert_array_equal(found, x @ y)
