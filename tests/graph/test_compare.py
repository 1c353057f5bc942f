"""Comparisons, logic and where."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph import Tensor, grad, jvp, ops, value_and_grad
from tushuo.graph.ops.compare import _LARGE

FLOATS = arrays(np.float64, (2, 3), elements=st.sampled_from([-math.inf, -1.0, 0.0, 2.0, math.nan]))
COMPARISONS = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
SINGULAR: dict[str, Callable[[Tensor], Tensor]] = {
    "log": ops.log,
    "log2": ops.log2,
    "log10": ops.log10,
    "log1p": lambda x: ops.log1p(x - 1),
    "sqrt": ops.sqrt,
    "rsqrt": ops.rsqrt,
    "reciprocal": ops.reciprocal,
    "divide": lambda x: 1 / x,
    "zero by zero": lambda x: ops.sin(x) / x,
    "negative power": lambda x: x**-1.5,
    "root as power": lambda x: x**0.5,
    "asin": lambda x: ops.asin(1 - x),
    "acos": lambda x: ops.acos(1 - x),
    "acosh": lambda x: ops.acosh(1 + x),
    "atanh": lambda x: ops.atanh(1 - x),
    "exp that overflows": lambda x: ops.exp(1000 * (1 - x)),
    "cosh that overflows": lambda x: ops.cosh(1000 * (1 - x)),
    "atan2": lambda x: ops.atan2(x, x * x),
}
INFINITE_FACTORS: dict[str, Callable[[Tensor], Tensor]] = {
    "entropy": lambda x: x * ops.log(x),
    "power of a variable": lambda x: x ** (x + 0.5),
    "softplus of log": lambda x: ops.softplus(ops.log(x)),
}


@pytest.mark.parametrize("name", COMPARISONS)
@given(x=FLOATS, y=FLOATS)
def test_comparisons_are_numpys(name: str, x: np.ndarray, y: np.ndarray) -> None:
    result = getattr(ops, name)(x, y[0])
    assert result.dtype == np.bool_
    np.testing.assert_array_equal(result.numpy(), getattr(np, name)(x, y[0]))


def test_operators_and_scalars() -> None:
    x = Tensor(np.array([1, 2, 3]))
    assert (x > 2).numpy().tolist() == [False, False, True]
    assert (x <= 2).numpy().tolist() == [True, True, False]
    assert ((x == 1) | (x == 3)).numpy().tolist() == [True, False, True]
    assert (~(x != 1) & (x < 5)).numpy().tolist() == [True, False, False]
    assert ops.logical_xor(x > 1, x > 2).numpy().tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logic_needs_booleans(name: str) -> None:
    with pytest.raises(DTypeError, match="needs booleans, got int64; compare first, as in x != 0"):
        getattr(ops, name)([1, 0], [1, 1])


def test_kinds_do_not_mix() -> None:
    with pytest.raises(DTypeError, match=r"Less cannot mix int64 with the float 0.5"):
        ops.less(np.array([1]), 0.5)
    with pytest.raises(DTypeError, match="300 does not fit into uint8"):
        ops.equal(np.array([1], "uint8"), 300)
    with pytest.raises(DTypeError, match="Where needs booleans"):
        ops.where(np.array([1, 0]), 1.0, 0.0)
    with pytest.raises(DTypeError, match="Where cannot mix float32 and int64"):
        ops.where(True, np.ones(2, "float32"), np.ones(2, "int64"))


def test_shapes_that_do_not_broadcast() -> None:
    with pytest.raises(ShapeError, match=r"Where cannot broadcast shapes \(2,\) and \(3,\) and"):
        ops.where(np.array([True, False]), np.ones(3), 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_weak(dtype: str) -> None:
    x = np.array([1, -1], dtype)
    assert ops.where(x > 0, x, 0).dtype == dtype
    assert ops.where(x > 0, 0.5, x).dtype == dtype


@pytest.mark.parametrize(
    ("x", "y", "dtype"),
    [(1, 0, "int64"), (1, 0.5, "float64"), (0.5, 1, "float64"), (True, False, "bool")],
)
def test_choice_between_two_numbers(x: float, y: float, dtype: str) -> None:
    result = ops.where(np.array([True, False]), x, y)
    assert (result.dtype, result.numpy().tolist()) == (dtype, [x, y])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", "int32"])
@pytest.mark.parametrize(
    "shapes", [("x", "x"), ("x", "0"), ("row", "x"), ("0", "x"), ("x", "column")]
)
def test_large_choices_are_numpys_to_the_bit(dtype: str, shapes: tuple[str, str]) -> None:
    rng = np.random.default_rng(0)
    n = _LARGE // 32
    full = rng.standard_normal((n, 64))
    full[::7] = np.nan if dtype != "int32" else 0
    full[1::7] = -0.0
    forms = {"x": full, "row": full[0], "column": full[:, :1], "0": np.zeros(())}
    x, y = (forms[s].astype(dtype) for s in shapes)
    c = rng.random((n, 64)) < 0.5
    result = ops.where(c, x, y).numpy()
    assert result.dtype == dtype
    assert result.tobytes() == np.where(c, x, y).tobytes()


def test_gradient_of_the_choice_with_broadcasting() -> None:
    c = np.array([[True, False], [True, True]])
    x, y = np.ones((2, 1)), np.ones(2)
    gx, gy = grad(lambda x, y: ops.sum(ops.where(c, x * 2, y * 3)), argnums=(0, 1))(x, y)
    assert gx.numpy().tolist() == [[2], [4]]
    assert gy.numpy().tolist() == [0, 3]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SINGULAR)
def test_where_hides_a_singularity(name: str) -> None:
    assert _derivatives_at_zero(SINGULAR[name]) == [0] * 6


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", INFINITE_FACTORS)
def test_where_hides_an_infinite_factor(name: str) -> None:
    assert _derivatives_at_zero(INFINITE_FACTORS[name]) == [0] * 6


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_beside_a_hidden_singularity_the_gradient_is_right() -> None:
    x = np.array([-1.0, 0.0, 2.0])
    value, g = value_and_grad(lambda x: ops.sum(ops.where(x > 0, ops.log(x), 0)))(x)
    assert value.item() == pytest.approx(math.log(2))
    assert g.numpy().tolist() == [0, 0, 0.5]


def test_a_cotangent_of_zero_keeps_its_own_derivative() -> None:
    def f(w: Tensor, x: Tensor) -> Tensor:
        return w * ops.log(x)

    by_x = grad(f, argnums=1)
    assert grad(by_x)(0.0, 2.0).item() == 0.5
    assert jvp(lambda w: by_x(w, 2.0), (0.0,), (1.0,))[1].item() == 0.5


def _derivatives_at_zero(singular: Callable[[Tensor], Tensor]) -> list[float]:
    """All first and second derivatives, in all modes, of the function hidden for x <= 0."""

    def f(x: Tensor) -> Tensor:
        return ops.where(x > 0, singular(x), 0)

    def forward(g: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: jvp(g, (x,), (1.0,))[1]

    first = [grad(f), forward(f)]
    second = [mode(g) for g in first for mode in (grad, forward)]
    return [derivative(0.0).item() for derivative in first + second]
