from __future__ import annotations

import numpy as np
import pytest

import tushuo.graph as g
from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.nn import Embedding


def test_rows_by_number():
    layer = Embedding(5, 3, rng=0)
    i = np.array([[4, 0], [1, 4]])
    np.testing.assert_array_equal(layer(i).numpy(), layer.weight.numpy()[i])


def test_a_row_gets_the_gradient_of_all_its_uses():
    layer = Embedding(4, 2, rng=0)
    i = np.array([3, 1, 3])
    gradient = g.grad(lambda m: m(i).sum())(layer).weight.numpy()
    np.testing.assert_array_equal(gradient, [[0, 0], [1, 1], [0, 0], [2, 2]])


def test_padding_is_zero_and_gets_no_gradient():
    layer = Embedding(4, 2, padding_idx=-4, rng=0)
    assert not layer.weight.numpy()[0].any()
    layer.load_state_dict({"weight": np.ones((4, 2))})
    i = np.array([0, 1, 0])
    assert layer(i).numpy().tolist() == [[0, 0], [1, 1], [0, 0]]
    gradient = g.grad(lambda m: m(i).sum())(layer).weight.numpy()
    assert gradient.tolist() == [[0, 0], [1, 1], [0, 0], [0, 0]]


@pytest.mark.parametrize("padding_idx", [None, 2])
def test_gradients(padding_idx):
    layer = Embedding(4, 2, padding_idx, rng=0)
    i = np.array([[3, 1, 3], [0, 2, 2]])
    g.check_grads(lambda m: m(i), (layer,))


def test_repr():
    assert repr(Embedding(10, 4)) == "Embedding(10, 4)"
    assert repr(Embedding(10, 4, padding_idx=-1)) == "Embedding(10, 4, padding_idx=9)"


@pytest.mark.parametrize(("index", "shown"), [(-1, "-1"), (4, "4")])
def test_numbers_outside_the_table_are_refused(index, shown):
    with pytest.raises(ShapeError) as error:
        Embedding(4, 2)(np.array([0, index]))
    text = f"Embedding(4, 2) needs indices from 0 to 3, got {shown}"
    assert str(error.value).startswith(text)


def test_indices_must_be_integers():
    with pytest.raises(DTypeError, match="indices must be integers, got float64"):
        Embedding(4, 2)(np.array([0.0]))


def test_padding_must_be_a_row():
    with pytest.raises(UsageError, match="padding_idx 4 is not one of 4 rows"):
        Embedding(4, 2, padding_idx=4)
