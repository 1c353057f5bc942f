"""Schedules: shapes, joints, and the same numbers from Python ints and from Tensors."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.errors import UsageError
from tushuo.graph import Tensor
from tushuo.optim import constant, cosine, step_decay, warmup

SCHEDULES = [
    constant(0.3),
    step_decay(0.3, 7, 0.5),
    cosine(0.3, 50, 0.01),
    warmup(10, cosine(0.3, 40)),
    warmup(5, step_decay(0.3, 10), start=0.5),
]


@given(st.sampled_from(SCHEDULES), st.integers(0, 200))
def test_numbers_and_tensors_agree(schedule, step):
    number, tensor = schedule(step), schedule(Tensor(step))
    assert isinstance(number, float)
    assert isinstance(tensor, Tensor)
    assert float(tensor) == pytest.approx(number, rel=1e-12, abs=1e-15)
    assert 0 <= number <= 0.3


def test_step_decay():
    assert [step_decay(8.0, 2, 0.5)(i) for i in range(5)] == [8, 8, 4, 4, 2]


def test_cosine_ends_at_its_minimum_and_stays():
    rate = cosine(1.0, 10, eta_min=0.1)
    assert rate(0) == 1
    assert rate(5) == pytest.approx(0.55)
    assert rate(10) == rate(1000) == pytest.approx(0.1)


def test_warmup_meets_what_follows():
    rate = warmup(4, cosine(1.0, 10), start=0.0)
    assert [rate(i) for i in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    assert rate(9) == cosine(1.0, 10)(5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: constant(-1), "lr: got -1"),
        (lambda: cosine(0.1, 0), "steps: got 0, expected at least 1"),
        (lambda: step_decay(0.1, 0), "step_size: got 0"),
        (lambda: warmup(10, constant(1), start=2), "start: got 2, expected 0 to 1"),
        (lambda: warmup(10, 0.1), r"then: expected a schedule, got 0.1; use constant\(0.1\)"),
        (lambda: constant(math.nan), "lr: got nan"),
    ],
)
def test_errors(make, message):
    with pytest.raises(UsageError, match=message):
        make()
