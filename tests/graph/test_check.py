"""check_grads: it accepts right rules, and finds every wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tushuo.errors import DTypeError, GradientError
from tushuo.graph import Op, Spec, Tensor, check_grads, ops

X = np.array([0.3, -1.2, 0.8])


class Cube(Op):
    """A user's operation, with factors to make its rules wrong."""

    def __init__(self, reverse: float = 3, forward: float = 3) -> None:
        self.reverse, self.fore = reverse, forward

    def infer(self, *inputs: Spec) -> Spec:
        return inputs[0]

    def forward(self, xp: Any, *inputs: Any) -> Any:
        return inputs[0] ** 3

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Tensor]:
        return (g * self.reverse * inputs[0] ** 2,)

    def jvp(self, tangents: Sequence[Any], out: Tensor, *inputs: Tensor) -> Tensor:
        return tangents[0] * self.fore * inputs[0] ** 2


class ConstantSlope(Cube):
    """A derivative that is right, but cannot be differentiated itself."""

    def vjp(self, g: Tensor, out: Tensor, *inputs: Tensor) -> Sequence[Tensor]:
        return (g * (3 * inputs[0] ** 2).detach(),)


def test_accepts_right_rules() -> None:
    check_grads(Cube(), (X,), order=3)


def test_names_mode_and_both_numbers() -> None:
    with pytest.raises(GradientError, match=r"^reverse mode, order 1: automatic (\S+), numeric "):
        check_grads(Cube(reverse=2), (X,))
    with pytest.raises(GradientError, match=r"^forward mode, order 1: automatic (\S+), numeric "):
        check_grads(Cube(forward=2), (X,))


def test_reports_the_values_that_differ() -> None:
    with pytest.raises(GradientError) as caught:
        check_grads(Cube(reverse=6), (2.0,))
    words = caught.value.problem.replace(",", "").split()
    automatic, numeric = (float(words[words.index(w) + 1]) for w in ("automatic", "numeric"))
    assert automatic == pytest.approx(2 * numeric)


def test_checks_only_the_modes_asked_for() -> None:
    check_grads(Cube(forward=2), (X,), modes=("reverse",), order=1)
    check_grads(Cube(reverse=2), (X,), modes=("forward",))


def test_finds_wrong_second_derivatives() -> None:
    check_grads(ConstantSlope(), (X,), order=1)
    with pytest.raises(
        GradientError, match=r"^forward over reverse mode, order 2 at 0: automatic 0,"
    ):
        check_grads(ConstantSlope(), (X,), modes=("reverse", "forward"))
    with pytest.raises(GradientError, match=r"^reverse over reverse mode, order 2: automatic 0,"):
        check_grads(ConstantSlope(), (X,), modes=("reverse",))


def test_trees_of_arguments_and_results() -> None:
    def f(layer: dict[str, Any], x: Any) -> dict[str, Tensor]:
        y = ops.matmul(x, layer["weight"]) + layer["bias"][0]
        return {"y": y, "loss": ops.sum(y * y)}

    layer = {"weight": np.ones((3, 2), "float32"), "bias": [0.5]}
    check_grads(f, (layer, X))


def test_names_the_leaf_of_the_result() -> None:
    with pytest.raises(GradientError, match=r"^forward mode, order 1 at wrong: "):
        check_grads(lambda x: {"right": x * x, "wrong": Cube(forward=1)(x)}, (X,))


def test_finds_a_gradient_of_nan() -> None:
    with pytest.raises(GradientError, match="automatic nan"):
        check_grads(Cube(forward=float("nan")), (X,))


def test_refuses_kinks() -> None:
    with pytest.raises(GradientError, match="not smooth here"):
        check_grads(ops.relu, (np.zeros(3),))


def test_works_in_float64_whatever_the_arguments() -> None:
    check_grads(ops.exp, (X.astype("float32"),), rtol=1e-7, atol=1e-7)


def test_unknown_mode() -> None:
    with pytest.raises(GradientError, match="mode is 'sideways'; use 'forward' or 'reverse'"):
        check_grads(ops.exp, (X,), modes=("sideways",))


def test_arguments_that_are_no_floats() -> None:
    with pytest.raises(
        DTypeError, match="needs floating-point arguments, got int64; close over the others"
    ):
        check_grads(lambda x: x * 2, (np.array([1, 2]),))


def test_a_single_argument_outside_of_a_sequence() -> None:
    with pytest.raises(GradientError, match=r"a sequence of arguments, got float; put .* \(x,\)"):
        check_grads(ops.sin, 1.0)  # type: ignore[arg-type]
