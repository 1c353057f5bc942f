"""The library compiles its own functions, unless it is told not to."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tushuo as ts
from tushuo.errors import UsageError
from tushuo.native import native

pytest.importorskip("llvmlite")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("TUSHUO_EAGER", raising=False)


def counted():
    runs = []

    def f(x):
        runs.append(x.shape)
        return ts.exp(x) + 1

    return native(f), runs


def test_it_is_compiled_and_run_no_more():
    f, runs = counted()
    x = ts.Tensor(np.arange(3.0))
    for _ in range(3):
        np.testing.assert_allclose(f(x).numpy(), np.exp(np.arange(3.0)) + 1)
    assert runs == [(3,)]  # when it was traced


def test_the_first_calls_are_not_worth_compiling():
    runs = []
    f = native(lambda x: runs.append(x.shape) or ts.exp(x), after=2)
    for _ in range(5):
        f(ts.Tensor(np.ones(2)))
    assert len(runs) == 3


def test_lower_precision_holds_from_the_first_call_on():
    w = ts.asarray(np.linspace(0, 1, 81, dtype="float32").reshape(9, 9))
    x = ts.asarray(np.linspace(1, 2, 18, dtype="float32").reshape(2, 9))
    f = native(lambda x: x @ w, after=9, precision="bfloat16")
    error = np.abs(f(x).numpy() - (x @ w).numpy()).max()
    assert 1e-4 < error < 0.05


def test_lower_precision_is_refused_where_nothing_is_compiled():
    f = native(lambda x: x * 2, precision="bfloat16")
    message = (
        "precision 'bfloat16' is there for compiled code only; pip install 'tushuo[compile]', "
        "and leave out --eager, TUSHUO_EAGER and tushuo.eager()"
    )
    with ts.eager(), pytest.raises(UsageError, match=re.escape(message)):
        native(lambda x: x * 2, precision="bfloat16")
    with ts.eager(), pytest.raises(UsageError, match=re.escape(message)):
        f(ts.Tensor(np.ones(2)))
    assert f(ts.Tensor(np.ones(2))).numpy().tolist() == [2, 2]


def test_eager_runs_as_it_is_written():
    f, runs = counted()
    with ts.eager():
        assert ts.is_eager()
        f(ts.Tensor(np.ones(2)))
        with ts.eager(False):
            assert not ts.is_eager()
        f(ts.Tensor(np.ones(2)))
    assert not ts.is_eager()
    assert len(runs) == 2


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("0", False), ("", False)])
def test_the_environment_asks_for_eager(monkeypatch, value, expected):
    monkeypatch.setenv("TUSHUO_EAGER", value)
    assert ts.is_eager() is expected
    with ts.eager(not expected):
        assert ts.is_eager() is not expected


def test_too_many_shapes_run_as_written(monkeypatch):
    monkeypatch.setattr("tushuo.compile.compiled.SIGNATURES", 2)
    f, runs = counted()
    for n in (1, 2, 3, 3, 1):
        np.testing.assert_allclose(f(ts.Tensor(np.zeros(n))).numpy(), np.full(n, 2.0))
    assert runs == [(1,), (2,), (3,), (3,)]


def test_too_many_shapes_keep_a_lower_precision(monkeypatch):
    monkeypatch.setattr("tushuo.compile.compiled.SIGNATURES", 2)
    w = ts.asarray(np.linspace(0, 1, 81, dtype="float32").reshape(9, 9))
    f = native(lambda x: x @ w, precision="bfloat16")
    first = {}
    for n in (1, 2, 3, 4, 1, 3):
        x = ts.asarray(np.linspace(1, 2, 9 * n, dtype="float32").reshape(n, 9))
        y = f(x).numpy()
        assert np.abs(y - (x @ w).numpy()).max() > 1e-4
        np.testing.assert_array_equal(y, first.setdefault(n, y))
