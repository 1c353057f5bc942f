"""Every operation of the package: derivatives, shape rule, data types, array libraries."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import array_api_strict
import numpy as np
import pytest

from graph.cases import CASES, WITHOUT_VALUE, Case, operations
from tushuo.graph import Op, Spec, Tensor, check_grads, variable, vjp
from tushuo.graph.backend import to_numpy
from tushuo.graph.node import Node
from tushuo.graph.order import topological

OPERATIONS = [op for op in operations() if op not in WITHOUT_VALUE]
EXAMPLES = [
    pytest.param(op, x, id=f"{op.__name__}-{i}")
    for op in OPERATIONS
    for i, x in enumerate(CASES.get(op, []))
]
SMOOTH = [example for example in EXAMPLES if example.values[0].differentiable]


@pytest.fixture(params=["array_api_strict", "cupy"])
def library(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Another array library than NumPy."""
    if request.param == "cupy":
        yield pytest.importorskip("cupy", reason="needs CuPy and a GPU")
    else:
        with array_api_strict.ArrayAPIStrictFlags(api_version="2024.12"):
            yield array_api_strict


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.__name__)
def test_every_operation_is_complete(op: type[Op]) -> None:
    assert CASES.get(op), f"{op.__name__} has no case in cases.py"
    assert op.infer is not Op.infer, f"{op.__name__} has no shape rule"
    assert op.forward is not Op.forward, f"{op.__name__} has no value"
    words = op.__dict__.get("__doc__") or ""
    assert words, f"{op.__name__} has no docstring"
    assert not words.startswith(f"{op.__name__}("), f"{op.__name__}'s docstring is generated"


def test_no_case_is_left_over() -> None:
    assert set(CASES) <= set(OPERATIONS)


@pytest.mark.parametrize(("op", "example"), SMOOTH)
def test_derivatives_to_second_order(op: type[Op], example: Case) -> None:
    f, floats = _of_floats(example, np)
    if example.casts:
        check_grads(f, floats, eps=0.1, atol=1e-4)
    else:
        check_grads(f, floats)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("op", "example"), EXAMPLES)
def test_shape_rule_agrees_with_the_value(op: type[Op], example: Case, dtype: str) -> None:
    nodes = [node for node in _nodes(example, dtype) if type(node.op) is op]
    if dtype == "float64" or not example.casts:
        assert nodes, f"the case does not use {op.__name__}"
    for node in nodes:
        spec = node.op.infer(*(Spec(x.shape, x.dtype) for x in node.inputs))
        assert spec == Spec(node.data.shape, node.data.dtype)


@pytest.mark.parametrize(("op", "example"), EXAMPLES)
def test_float32_stays_float32(op: type[Op], example: Case) -> None:
    dtypes = {node.data.dtype.name for node in _nodes(example, "float32")}
    assert "float64" not in dtypes
    if op.differentiable and not example.casts:
        _, gradients = _value_and_pulled(example, np, "float32")
        assert {g.dtype.name for g in gradients} == {"float32"}


@pytest.mark.parametrize(("op", "example"), EXAMPLES)
def test_other_libraries_agree(op: type[Op], example: Case, library: ModuleType) -> None:
    if not op.differentiable:
        got = example.f(*(Tensor(library.asarray(x)) for x in example.args))
        assert type(got.data) is type(library.asarray(0))
        np.testing.assert_array_equal(
            to_numpy(got.data), example.f(*map(Tensor, example.args)).numpy()
        )
        return
    expected, expected_gradients = _value_and_pulled(example, np)
    got, gradients = _value_and_pulled(example, library)
    for theirs, ours in zip([got, *gradients], [expected, *expected_gradients], strict=True):
        assert type(theirs.data) is type(library.asarray(0))
        np.testing.assert_allclose(to_numpy(theirs.data), ours.numpy(), rtol=1e-12, atol=1e-12)


def _arrays(example: Case, library: Any, dtype: str = "float64") -> list[Any]:
    """The arguments as arrays of a library; floats in the given data type."""
    return [library.asarray(x.astype(dtype) if x.dtype.kind == "f" else x) for x in example.args]


def _of_floats(example: Case, library: Any, dtype: str = "float64") -> tuple[Any, list[Any]]:
    """The function of the floating-point arguments alone, and these."""
    arrays = _arrays(example, library, dtype)
    places = [i for i, x in enumerate(example.args) if x.dtype.kind == "f"]

    def f(*floats: Any) -> Tensor:
        given = dict(zip(places, floats, strict=True))
        return example.f(*(given.get(i, x) for i, x in enumerate(arrays)))

    return f, [arrays[i] for i in places]


def _nodes(example: Case, dtype: str) -> list[Node]:
    """The graph of the case on NumPy arrays."""
    result = example.f(*map(variable, _arrays(example, np, dtype)))
    return topological([result.node] if result.node is not None else [])


def _value_and_pulled(
    example: Case, library: Any, dtype: str = "float64"
) -> tuple[Tensor, list[Tensor]]:
    """The value and the gradients of an uneven combination of its elements."""
    f, floats = _of_floats(example, library, dtype)
    value, pullback = vjp(f, *floats)
    weights = np.linspace(0.5, 1.5, value.size, dtype=value.numpy().dtype).reshape(value.shape)
    return value, list(pullback(Tensor(library.asarray(weights))))
