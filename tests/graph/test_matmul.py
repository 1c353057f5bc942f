"""Products of matrices: values as NumPy's for all ranks, gradients numerically."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph import check_grads, ops

RNG = np.random.default_rng(0)
RANKS = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((3,), (5, 3, 2)),
    ((5, 2, 3), (3,)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((2, 0, 3), (3, 2)),
]
ERRORS = [
    (
        ops.matmul,
        (2, 3),
        (2, 3),
        "MatMul cannot multiply shapes (2, 3) and (2, 3): 3 columns meet 2",
    ),
    (ops.matmul, (4, 2, 3), (2, 3), "3 columns meet 2 rows; transpose one operand with .mT"),
    (ops.matmul, (), (2,), "MatMul needs operands with axes, got shapes () and (2,); multiply"),
    (ops.matmul, (2, 3, 4), (5, 4, 2), "MatMul cannot broadcast shapes (2,) and (5,)"),
    (ops.inner, (2, 3), (3,), "inner needs operands (..., K) and (M, K), got (2, 3) and (3,)"),
    (ops.inner, (2, 3), (2, 4), "MatMul cannot multiply shapes (2, 3) and (4, 2)"),
    (ops.tensordot, (2, 3), (3, 2), "tensordot over axes 2 cannot join (2, 3) and (3, 2)"),
    (lambda x, y: ops.tensordot(x, y, 3), (2, 3), (2, 3), "tensordot over 3 axes of shapes"),
    (ops.vecdot, (2, 3), (2, 1), "vecdot along axis -1 cannot join (2, 3) and (2, 1)"),
]


def pair(x, y):
    return RNG.standard_normal(x), RNG.standard_normal(y)


@pytest.mark.parametrize(("x", "y"), RANKS)
def test_matmul(x, y):
    x, y = pair(x, y)
    np.testing.assert_allclose(ops.matmul(x, y).numpy(), x @ y, strict=True)
    check_grads(ops.matmul, (x, y))


@pytest.mark.parametrize("lead", [(), (2,), (2, 5), (0,)])
def test_inner(lead):
    x, y = pair((*lead, 3), (4, 3))
    np.testing.assert_allclose(ops.inner(x, y).numpy(), x @ y.T, strict=True)
    check_grads(ops.inner, (x, y))


@pytest.mark.parametrize("axes", [0, 1, 2, ([0, 1], [1, 0]), ([-1], [0])])
def test_tensordot(axes):
    x, y = pair((3, 3, 3), (3, 3, 3))
    got = ops.tensordot(x, y, axes)
    np.testing.assert_allclose(got.numpy(), np.tensordot(x, y, axes), strict=True)
    check_grads(lambda x, y: ops.tensordot(x, y, axes), (x, y), order=1)


@pytest.mark.parametrize("axis", [-1, -2])
def test_vecdot(axis):
    x, y = pair((4, 2, 3), (1, 2, 3))
    expected = np.sum(x * y, axis)
    np.testing.assert_allclose(ops.vecdot(x, y, axis).numpy(), expected, strict=True)
    check_grads(lambda x, y: ops.vecdot(x, y, axis), (x, y))


@pytest.mark.parametrize(("f", "x", "y", "text"), ERRORS)
def test_errors(f, x, y, text):
    with pytest.raises(ShapeError, match=re.escape(text)):
        f(np.ones(x), np.ones(y))


def test_data_types():
    assert ops.matmul(np.ones((2, 2), "float32"), np.ones((2, 2))).dtype == np.float64
    assert ops.matmul(np.ones((2, 2), int), np.ones((2, 2), int)).numpy().tolist() == [[2, 2]] * 2
    with pytest.raises(DTypeError, match="MatMul cannot mix float64 and int64"):
        ops.matmul(np.ones((2, 2)), np.ones((2, 2), int))


def test_matrix_transpose():
    x = RNG.standard_normal((2, 3, 4))
    np.testing.assert_array_equal(ops.matrix_transpose(x).numpy(), x.swapaxes(1, 2))
    with pytest.raises(
        ShapeError, match=r"matrix_transpose needs 2 axes or more, got shape \(4,\)"
    ):
        ops.matrix_transpose(x[0, 0])
