"""Every operation, and its gradient, gives compiled what it gives eagerly."""

from __future__ import annotations

import pytest

import tushuo
from graph.cases import CASES
from tushuo.compile import compile
from tushuo.compile.check import agree

EACH = [
    pytest.param(op.__name__, case, id=f"{op.__name__}-{i}")
    for op, cases in CASES.items()
    for i, case in enumerate(cases)
]


@pytest.mark.parametrize(("name", "case"), EACH)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_value_is_the_same(name, case, dtype):
    args = [x.astype(dtype) if x.dtype.kind == "f" else x for x in case.args]
    compiled = compile(case.f, cache=False)
    found = compiled(*args)
    assert agree(found.numpy(), case.f(*map(tushuo.asarray, args)).numpy())
    assert not [k.what for k in compiled.explain().kernels if k.runs == "NumPy"]


@pytest.mark.parametrize(("name", "case"), EACH[::3])
def test_a_gradient_is_the_same(name, case):
    places = tuple(i for i, x in enumerate(case.args) if x.dtype.kind == "f")
    if not places:
        pytest.skip("nothing to differentiate by")

    def total(*args):
        y = case.f(*args)
        return tushuo.sum(y.astype("float64") * 1.5)

    gradient = tushuo.grad(total, places)
    found = compile(gradient, cache=False)(*case.args)
    for x, y in zip(found, gradient(*case.args), strict=True):
        assert agree(x.numpy(), y.numpy())
