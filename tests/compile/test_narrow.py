"""Products that a loop computes as well."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from tushuo.compile.passes.narrow import narrow
from tushuo.compile.passes.simplify import simplify
from tushuo.graph import ops

from .programs import f32, traced
from .test_loops import same

CASES = {
    "an outer product": (lambda x, y: x[:, :1] @ y[:1], (5, 3), (4, 6)),
    "of a layer": (lambda x, y: ops.inner(x[:, :1], y[:, :1]), (5, 3), (4, 6)),
    "of a batch": (lambda x, y: x[:, :, :1] @ y[:, :1], (2, 5, 3), (2, 4, 6)),
    "reshaped": (
        lambda x, y: tushuo.tanh(x.reshape(15, 1) @ y[:1]).reshape(5, 3, 6),
        (5, 3),
        (4, 6),
    ),
    "with a vector": (lambda x, y: tushuo.tanh(x) @ y[:, :1], (5, 4), (4, 6)),
    "scores": (
        lambda x, y: ops.inner(tushuo.tanh(x).reshape(10, 4), y[:1]),
        (2, 5, 4),
        (6, 4),
    ),
    "of parts": (
        lambda x, y: tushuo.concat([x[:, :1], x[:, 1:2]]).T @ tushuo.concat([y, y * 2]),
        (4, 3),
        (4, 6),
    ),
}


@pytest.mark.parametrize(("f", "left", "right"), CASES.values(), ids=CASES)
def test_a_loop_takes_its_place(f, left, right):
    program = narrow(simplify(traced(f, f32(*left), f32(*right))))
    assert not {"MatMul", "Inner"} & {step.op.name for step in program.body}
    rng = np.random.default_rng(0)
    same(f, *(rng.standard_normal(shape).astype(np.float32) for shape in (left, right)))


@pytest.mark.parametrize(
    ("f", "left", "right"),
    [
        (tushuo.matmul, (5, 4), (4, 6)),
        (tushuo.matmul, (5, 4), (4, 1)),
        (tushuo.matmul, (1, 4), (4, 6)),
        (tushuo.matmul, (5, 0), (0, 1)),
        (lambda x, y: (x @ x.T) @ y, (5, 4), (5, 1)),
    ],
)
def test_others_stay(f, left, right):
    program = simplify(traced(f, f32(*left), f32(*right)))
    assert narrow(program) is program
