"""Where NaN and infinity were born."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tushuo.errors import GraphError
from tushuo.graph import Tensor, check_finite, find_nonfinite, gradient, ops, variable

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def made_by(x):
    node = find_nonfinite(x)
    return node.op.name, node.source.file


def test_the_first_operation_is_found():
    x = variable([1.0, -1.0])
    born = ops.log(x)
    y = ops.sum(ops.exp(born * 2) + x)
    assert find_nonfinite(y) is born.node
    assert made_by(y) == ("Log", __file__)


def test_harmless_infinities_are_passed_by():
    x = variable([1.0, 2.0])
    attention = ops.softmax(ops.where(np.array([True, False]), x, -np.inf))
    assert find_nonfinite(ops.sum(attention)) is None
    y = ops.sum(attention * x) + ops.sqrt(ops.sum(x) - 4)
    assert made_by(y)[0] == "Sqrt"


def test_nan_comes_before_infinity():
    x = variable([1.0, 0.0])
    nan, infinity = ops.sqrt(x - 2), 1 / x
    y = infinity + nan
    assert find_nonfinite(y) is nan.node


def test_a_variable_may_be_the_culprit():
    x = variable([np.nan])
    assert find_nonfinite(x * 2) is x.node


def test_finite_and_integer_values():
    x = variable([1.0, 2.0])
    assert find_nonfinite(x * 2) is None
    assert find_nonfinite(Tensor([np.nan])) is None
    assert find_nonfinite(ops.argmax(x)) is None
    assert check_finite(x) is x


def test_a_gradient_that_overflows():
    x = variable(np.float32(1e-30))
    g = gradient(1 / x, x)
    assert made_by(g)[0] in ("GuardedMultiply", "GuardedDivide")


def test_deep_graphs():
    y = ops.log(variable(-1.0))
    for _ in range(3000):
        y = y + 1
    assert made_by(y)[0] == "Log"


def test_the_explanation():
    x = variable([1.0, -2.0])
    y = ops.log(x)
    with pytest.raises(GraphError) as caught:
        check_finite(ops.sum(y))
    assert str(caught.value) == (
        f"the Tensor holds NaN: NaN by Log from float64(2,) of -2 to 1 at {y.node.source}"
    )


def test_the_explanation_when_infinity_turned_into_nan():
    x = variable([0.0, 800.0], name="logits")
    big = ops.exp(x)
    share = big / ops.sum(big)
    with pytest.raises(GraphError) as caught:
        check_finite(share)
    assert str(caught.value) == (
        f"the Tensor holds NaN: infinity by Exp from float64(2,) of 0 to 800 at {big.node.source}, "
        f"then NaN by Divide from float64(2,) of 1 to inf, float64() of inf to inf at "
        f"{share.node.source}"
    )


def test_constants_and_variables_in_the_explanation():
    with pytest.raises(GraphError, match="belongs to no graph that could tell from where; compute"):
        check_finite(Tensor([np.inf]))
    x = variable([np.inf], name="weight")
    with pytest.raises(
        GraphError, match=re.escape("weight holds infinity: infinity by Variable given")
    ):
        check_finite(x)
