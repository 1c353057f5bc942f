"""Tensors as arrays: data types, promotion, conversions, and that nothing can change them."""

from __future__ import annotations

import copy
import operator
import pickle
from concurrent.futures import ThreadPoolExecutor

import array_api_strict
import numpy as np
import pytest

from tushuo.errors import DTypeError, GradientError, GraphError, InPlaceError, ShapeError
from tushuo.graph import Tensor, asarray, grad, ops, variable

KINDS = {
    "bool": ["bool"],
    "signed": ["int8", "int16", "int32", "int64"],
    "unsigned": ["uint8", "uint16", "uint32", "uint64"],
    "float": ["float32", "float64"],
}
SAME_KIND = [(a, b) for names in KINDS.values() for a in names for b in names if a != "bool"]
ACROSS = [("int32", "float32"), ("bool", "int64"), ("float64", "uint8"), ("bool", "float32")]


def a(dtype):
    return Tensor(np.ones(2, dtype))


@pytest.mark.parametrize(("x", "y"), SAME_KIND)
def test_one_kind_goes_to_the_wider_data_type(x, y):
    assert (a(x) + a(y)).dtype == np.result_type(x, y)


@pytest.mark.parametrize(("x", "y"), ACROSS)
def test_kinds_do_not_mix(x, y):
    with pytest.raises(DTypeError) as caught:
        a(x) + a(y)
    assert str(caught.value) == f"Add cannot mix {x} and {y}; cast one of them with astype"


@pytest.mark.parametrize("dtype", KINDS["signed"] + KINDS["unsigned"] + KINDS["float"])
def test_python_integers_are_weak(dtype):
    x = a(dtype)
    assert (x + 1).dtype == (1 + x).dtype == (x * 3).dtype == dtype


@pytest.mark.parametrize("f", [lambda x: x * 0.1, lambda x: 1 / x, lambda x: x**2, lambda x: x**0.5,
                               lambda x: -x + 2, ops.exp, ops.mean, lambda x: ops.maximum(x, 0),
                               lambda x: x @ x, lambda x: ops.where(x > 0, x, 0)])  # fmt: skip
def test_float32_stays_float32(f):
    x = a("float32")
    assert f(x).dtype == np.float32
    assert grad(lambda x: ops.sum(f(x)))(x).dtype == np.float32


def test_numbers_that_do_not_fit():
    with pytest.raises(DTypeError, match=r"^Multiply cannot mix int64 with the float 0.5; cast"):
        a("int64") * 0.5
    with pytest.raises(DTypeError, match=r"^Add: 300 does not fit into uint8; cast"):
        a("uint8") + 300
    with pytest.raises(DTypeError, match=r"^Divide needs floating-point operands, got int32"):
        a("int32") / a("int32")


def test_numpy_arrays_and_scalars_beside_tensors():
    x, array = Tensor(np.float32([1, 2])), np.float32([3, 4])
    for result in (array + x, x + array):
        assert isinstance(result, Tensor)
        assert result.numpy().tolist() == [4, 6]
    assert (np.float32(2) * x).dtype == np.float32
    assert isinstance(np.float64(2) * x, Tensor)


def test_names_of_data_types():
    assert asarray([1, 2], "float32").dtype == np.float32
    assert asarray([1.5]).astype("int64").numpy().tolist() == [1]
    assert Tensor([1], float).dtype == np.float64
    for make in (
        lambda: Tensor(1, "foo"),
        lambda: ops.zeros(2, "foo"),
        lambda: a("bool").astype("S1"),
    ):
        with pytest.raises(
            DTypeError, match=r"^unknown data type '(foo|S1)'; use one of bool, int8"
        ):
            make()


@pytest.mark.parametrize(("data", "kind"), [("one", "str"), (None, "NoneType"), ({}, "dict"),
                                            (np.array([None]), "ndarray")])  # fmt: skip
def test_what_is_no_array(data, kind):
    with pytest.raises(DTypeError, match=rf"^expected numbers, got {kind} "):
        Tensor(data)


def test_ragged_and_masked_arrays():
    with pytest.raises(ShapeError, match="no array can be made of"):
        Tensor([[1], [2, 3]])
    with pytest.raises(DTypeError, match="a masked array has no value where it is masked"):
        Tensor(np.ma.array([1, 2], mask=[False, True]))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_becomes_an_array():
    x = Tensor(np.matrix([[1, 2], [3, 4]]))
    assert (x * x).numpy().tolist() == [[1, 4], [9, 16]]


@pytest.mark.filterwarnings("ignore:You are comparing")
@pytest.mark.parametrize("f", [ops.add, ops.matmul, lambda x, y: ops.concat([x, y])])
def test_array_libraries_do_not_mix(f):
    with pytest.raises(GraphError, match=r"different array libraries: array_api_strict, numpy; "):
        f(Tensor(array_api_strict.asarray([1.0])), Tensor([1.0]))


def test_writable_arrays_are_copied():
    array = np.zeros(3)
    x, view = Tensor(array), Tensor(array[1:])
    array[:] = 7
    assert x.numpy().tolist() == [0, 0, 0]
    assert view.numpy().tolist() == [0, 0]
    hidden = np.zeros(3)
    window = hidden[:]
    window.setflags(write=False)
    y = Tensor(window)
    hidden[:] = 7
    assert y.numpy().tolist() == [0, 0, 0]


def test_locked_arrays_are_not_copied():
    array = np.zeros(3)
    array.setflags(write=False)
    assert Tensor(array).data is array


FRESH = [
    Tensor([1.0, 2.0]),
    Tensor([1.0, 2.0]) * 2,
    Tensor(np.float32(1)) * 1,
    ops.zeros(2),
    ops.ones_like([1.0, 2.0]),
    ops.full_like([1, 2], 3),
    ops.arange(2),
    ops.linspace(0, 1, 2),
    ops.eye(2),
]


@pytest.mark.parametrize("x", FRESH)
def test_values_are_read_only(x):
    with pytest.raises(ValueError, match="read-only"):
        x.data[...] = 0
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[...] = 0
    with pytest.raises(InPlaceError, match=r"^Tensors cannot be written to, .*; build a new one"):
        x[0] = 0


def test_augmented_assignment_makes_a_new_tensor():
    x = y = Tensor([1.0])
    y += 1
    assert (x.item(), y.item()) == (1, 2)


def test_to_numpy_and_back():
    x = Tensor([[1.0, 2.0]])
    assert np.asarray(x, dtype="float32").dtype == np.float32
    np.array(x, copy=True)[0] = 5  # a copy is the caller's own
    assert x.numpy().tolist() == [[1, 2]]
    with pytest.raises(TypeError, match="does not support ufuncs"):
        np.exp(x)


def test_numpy_cannot_lose_a_gradient():
    x = variable([1.0, 2.0])
    for use in (np.asarray, np.sum, lambda x: Tensor([x, x]), lambda x: np.stack([x, x])):
        with pytest.raises((GradientError, TypeError)):
            use(x)
    with pytest.raises(GradientError, match=r"would lose the gradient .* or \.detach\(\)"):
        np.asarray(x * 2)
    assert np.asarray((x * 2).detach()).tolist() == [2, 4]


def test_conversion_to_python_numbers():
    assert float(Tensor(2)) == 2.0
    assert int(Tensor([[3.7]])) == 3
    assert [10, 20][Tensor(1)] == 20
    assert bool(Tensor([0.0])) is False
    for bad in (Tensor(1.0), Tensor([1]), Tensor(True)):
        with pytest.raises(DTypeError, match="an index must be one integer"):
            operator.index(bad)
    with pytest.raises(ShapeError, match=r"item\(\) needs one element, got shape \(2,\)"):
        Tensor([1, 2]).item()
    with pytest.raises(ShapeError, match=r"shape \(2,\) is neither true nor false .* use any\(\)"):
        bool(Tensor([1, 2]))


def test_iteration_and_length():
    x = Tensor([[1, 2], [3, 4]])
    assert [row.numpy().tolist() for row in x] == [[1, 2], [3, 4]]
    assert len(x) == 2
    assert list(ops.zeros((0, 3))) == []
    for use in (len, list):
        with pytest.raises(ShapeError, match="without axes"):
            use(Tensor(1))


def test_equality_is_by_element_and_hash_by_identity():
    x, y = Tensor([1, 2]), Tensor([1, 3])
    assert (x == y).numpy().tolist() == [True, False]
    assert (x != 1).numpy().tolist() == [False, True]
    assert {x: "x", y: "y"}[x] == "x"
    assert len({x, y, x}) == 2
    assert (x == None) is False  # noqa: E711
    assert x != "x"
    assert Tensor(1) in [None, "x", 1]


def test_repr():
    assert repr(Tensor([1.5, 2.0])) == "Tensor([1.5, 2. ], dtype=float64)"
    x = variable(np.float32(2), name="x")
    assert repr(x) == "Tensor(2., dtype=float32, name='x', op=Variable)"
    assert repr(x * x) == "Tensor(4., dtype=float32, op=Multiply)"
    assert "..." in repr(ops.zeros(1000))


def test_transposes():
    x = Tensor(np.arange(6).reshape(1, 2, 3))
    assert x.mT.shape == (1, 3, 2)
    assert x[0].T.shape == (3, 2)
    with pytest.raises(ShapeError, match=r"^\.T needs 2 axes, got shape \(1, 2, 3\); use \.mT$"):
        x.T  # noqa: B018


def test_logic_operators():
    x, y = Tensor([True, False]), Tensor([True, True])
    assert (x & y).numpy().tolist() == [True, False]
    assert (x | y).numpy().tolist() == [True, True]
    assert (x ^ y).numpy().tolist() == [False, True]
    assert (~x).numpy().tolist() == [False, True]


def test_copies_are_the_tensor_itself():
    x = variable(2.0) * 2
    assert copy.copy(x) is x
    assert copy.deepcopy({"x": x})["x"] is x


def test_pickle():
    x = Tensor(np.float32([1, 2]), name="x")
    y = pickle.loads(pickle.dumps(x))
    assert (y.numpy().tolist(), y.dtype, y.name) == ([1, 2], np.float32, "x")
    assert not y.data.flags.writeable
    with pytest.raises(GradientError, match=r"belongs to a graph cannot be pickled; use \.detach"):
        pickle.dumps(variable(1.0))


def test_variables():
    assert variable(3).dtype == np.float64
    assert variable(Tensor([1.0]), "float32").dtype == np.float32
    assert variable(variable(1.0, name="x")).name == "x"


def test_threads_do_not_disturb_each_other():
    def cube(x):
        return grad(grad(lambda x: x**3.0))(x).item()

    points = [0.1 * i for i in range(60)]
    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_allclose(list(pool.map(cube, points)), [6 * x for x in points])


@pytest.mark.parametrize("x", [ops.zeros((0, 3)), ops.zeros((3, 0)), ops.zeros(0)])
def test_empty_arrays(x):
    assert (x + x).shape == x.shape
    assert ops.sum(x).item() == 0
    assert ops.concat([x, x]).shape == (2 * x.shape[0], *x.shape[1:])
    assert grad(lambda x: ops.sum(x * x))(x).shape == x.shape
