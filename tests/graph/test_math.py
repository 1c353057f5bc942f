"""Values, edges and kinks of the elementwise functions; their derivatives are in the registry."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.errors import DTypeError
from tushuo.graph import Tensor, grad, jvp, ops

FLOATS = st.floats(-30, 30)
REFERENCES: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "expm1": math.expm1,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "erf": math.erf,
    "square": lambda x: x * x,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "trunc": math.trunc,
    "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
}
POSITIVE: dict[str, Callable[[float], float]] = {
    "log": math.log,
    "log1p": math.log1p,
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "acosh": lambda x: math.acosh(1 + x),
}
INNER: dict[str, Callable[[float], float]] = {
    "asin": math.asin,
    "acos": math.acos,
    "atanh": math.atanh,
}
FLOAT_ONLY = [*REFERENCES, *POSITIVE, *INNER]
FOR_INTEGERS = {"square", "abs", "floor", "ceil", "round", "trunc"}


def forward(f: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The derivative of a function of one number, in forward mode."""
    return lambda x: jvp(f, (x,), (1.0,))[1]


def derivatives(f: Callable[[Tensor], Tensor], x: float) -> set[float]:
    """The first derivative in both modes."""
    return {grad(f)(x).item(), forward(f)(x).item()}


def second_derivatives(f: Callable[[Tensor], Tensor], x: float) -> set[float]:
    """The second derivative in all four pairs of modes."""
    return {d for first in (grad(f), forward(f)) for d in derivatives(first, x)}


@pytest.mark.parametrize("name", REFERENCES)
@given(x=FLOATS)
def test_values(name: str, x: float) -> None:
    assert getattr(ops, name)(x).item() == pytest.approx(REFERENCES[name](x), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", POSITIVE)
@given(x=st.floats(1e-3, 1e3))
def test_values_for_positive_numbers(name: str, x: float) -> None:
    y = getattr(ops, name)(x + 1 if name == "acosh" else x).item()
    assert y == pytest.approx(POSITIVE[name](x), rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("name", INNER)
@given(x=st.floats(-0.99, 0.99))
def test_values_inside_the_unit_interval(name: str, x: float) -> None:
    assert getattr(ops, name)(x).item() == pytest.approx(INNER[name](x), rel=1e-13)


@given(y=FLOATS, x=FLOATS)
def test_values_of_two_operands(y: float, x: float) -> None:
    assert ops.atan2(y, x).item() == pytest.approx(math.atan2(y, x))
    assert ops.logaddexp(x, y).item() == pytest.approx(math.log(math.exp(x) + math.exp(y)))


@pytest.mark.parametrize("name", [name for name in FLOAT_ONLY if name not in FOR_INTEGERS])
def test_integers_are_refused(name: str) -> None:
    with pytest.raises(DTypeError, match=r"needs floating-point operands, got int64; cast with"):
        getattr(ops, name)(np.array([1, 2]))


@pytest.mark.parametrize("name", ["atan2", "logaddexp"])
def test_integers_are_refused_by_functions_of_two(name: str) -> None:
    with pytest.raises(DTypeError, match="needs floating-point operands, got int64"):
        getattr(ops, name)([1, 2], [3, 4])


@pytest.mark.parametrize("name", sorted(FOR_INTEGERS | {"sign"}))
def test_integers_stay_integers(name: str) -> None:
    result = getattr(ops, name)(np.array([-2, 0, 3], "int32"))
    assert result.dtype == "int32"
    assert result.shape == (3,)


def test_booleans_stay_booleans_or_are_refused() -> None:
    flags = np.array([True, False])
    assert ops.round(flags).numpy().tolist() == [True, False]
    assert ops.round(flags).dtype == bool
    with pytest.raises(DTypeError, match="Pow needs numbers, got bool; cast with astype"):
        ops.pow(flags, flags)


def test_erf_is_accurate_in_both_data_types() -> None:
    x = np.linspace(-7, 7, 2001)
    expected = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(ops.erf(x).numpy(), expected, rtol=1e-15)
    single = ops.erf(x.astype("float32")).numpy()
    exact = [math.erf(v) for v in x.astype("float32").tolist()]
    np.testing.assert_allclose(single, exact, rtol=1e-6)
    assert np.abs(single).max() <= 1
    assert ops.erf([-math.inf, math.inf]).numpy().tolist() == [-1, 1]
    assert math.isnan(ops.erf(math.nan).item())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_overflows_where_the_result_is_finite(dtype: str) -> None:
    x = np.array([-1000.0, 0.0, 1000.0], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ops.sigmoid(x).numpy().tolist() == [0, 0.5, 1]
        assert ops.softplus(x).numpy()[::2].tolist() == [0, 1000]
        assert ops.tanh(x).numpy().tolist() == [-1, 0, 1]
        assert ops.logaddexp(x, x).numpy()[2] == np.asarray(1000 + math.log(2), dtype)


def test_sigmoid_keeps_small_values() -> None:
    assert ops.sigmoid(-50.0).item() == pytest.approx(math.exp(-50))
    assert ops.sigmoid(np.float32(-50)).item() == pytest.approx(math.exp(-50), rel=1e-6)


@pytest.mark.parametrize("f", [ops.relu, ops.abs, lambda x: ops.norm(x[None])])
def test_derivatives_at_the_kink_are_zero(f: Callable[[Tensor], Tensor]) -> None:
    assert derivatives(f, 0.0) == {0}
    assert second_derivatives(f, 0.0) == {0}


@pytest.mark.parametrize("choose", [ops.maximum, ops.minimum])
def test_equal_operands_share_the_derivative(choose: Callable[..., Tensor]) -> None:
    assert [g.item() for g in grad(choose, argnums=(0, 1))(2.0, 2.0)] == [0.5, 0.5]
    assert derivatives(lambda x: choose(x, 2.0), 2.0) == {0.5}
    assert second_derivatives(lambda x: choose(x, 2.0), 2.0) == {0}


@pytest.mark.parametrize(("x", "slope"), [(-2.0, 0), (-1.0, 1), (0.5, 1), (3.0, 1), (3.5, 0)])
def test_clip_has_slope_one_on_the_closed_interval(x: float, slope: float) -> None:
    def f(x: Tensor) -> Tensor:
        return ops.clip(x, -1, 3.0)

    assert derivatives(f, x) == {slope}
    assert second_derivatives(f, x) == {0}


@given(x=FLOATS, low=FLOATS, high=FLOATS)
def test_clip_with_one_bound_or_none(x: float, low: float, high: float) -> None:
    assert ops.clip(x, low).item() == max(x, low)
    assert ops.clip(x, max=high).item() == min(x, high)
    assert ops.clip(x).item() == x
    assert ops.clip(x, low, high).item() == min(max(x, low), high)


def test_clip_of_integers_takes_integers() -> None:
    assert ops.clip(np.array([-3, 9]), 0, 5).numpy().tolist() == [0, 5]
    with pytest.raises(DTypeError, match=r"Clip cannot mix int64 with the float 0\.5"):
        ops.clip(np.array([1, 2]), 0.5)


@pytest.mark.parametrize("name", ["sign", "floor", "ceil", "round", "trunc"])
def test_steps_have_no_slope(name: str) -> None:
    assert grad(lambda x: getattr(ops, name)(x) * x)(2.5).item() == getattr(ops, name)(2.5).item()
    assert derivatives(getattr(ops, name), 2.5) == {0}


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (ops.sqrt, 0.0),
        (ops.log, 0.0),
        (ops.asin, 1.0),
        (ops.acosh, 1.0),
        (ops.atanh, 1.0),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_infinite_slopes(f: Callable[[Tensor], Tensor], x: float) -> None:
    assert derivatives(f, x) == {math.inf}


def test_logaddexp_of_nothing() -> None:
    x, y = np.full(2, -math.inf), np.array([-math.inf, 1.0])
    assert ops.logaddexp(x, y).numpy().tolist() == [-math.inf, 1]
    gx, gy = grad(lambda x, y: ops.sum(ops.logaddexp(x, y)[1:]), argnums=(0, 1))(x, y)
    assert (gx.numpy().tolist(), gy.numpy().tolist()) == ([0, 0], [0, 1])


def test_atan2_at_the_origin() -> None:
    assert [g.item() for g in grad(ops.atan2, argnums=(0, 1))(0.0, 0.0)] == [0, 0]
