from __future__ import annotations

import numpy as np
import pytest

from tushuo.errors import ShapeError, UsageError
from tushuo.nn import GRUCell, LSTMCell, RNNCell

CELLS = [RNNCell(3, 4, rng=0), RNNCell(3, 4, nonlinearity="relu", rng=0), LSTMCell(3, 4, rng=0),
         GRUCell(3, 4, rng=0), LSTMCell(3, 4, bias=False, rng=0)]  # fmt: skip


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_gradients(cell, check_layer, rng):
    x, h, c = rng.normal(size=(2, 3)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    check_layer(cell, x, (h, c) if isinstance(cell, LSTMCell) else h)


def test_the_lstm_follows_its_equations(rng):
    cell = LSTMCell(3, 4, rng=0, dtype=np.float64)
    x, h, c = rng.normal(size=(2, 3)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    p = cell.state_dict()
    both = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = np.split(both, 4, axis=1)
    c_next = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    got_h, got_c = cell(x, (h, c))
    np.testing.assert_allclose(got_c.numpy(), c_next, rtol=1e-12)
    np.testing.assert_allclose(got_h.numpy(), sigmoid(o) * np.tanh(c_next), rtol=1e-12)


def test_the_gru_follows_its_equations(rng):
    cell = GRUCell(3, 4, rng=0, dtype=np.float64)
    x, h = rng.normal(size=(2, 3)), rng.normal(size=(2, 4))
    p = cell.state_dict()
    r_x, z_x, n_x = np.split(x @ p["weight_ih"].T + p["bias_ih"], 3, axis=1)
    r_h, z_h, n_h = np.split(h @ p["weight_hh"].T + p["bias_hh"], 3, axis=1)
    z, n = sigmoid(z_x + z_h), np.tanh(n_x + sigmoid(r_x + r_h) * n_h)
    np.testing.assert_allclose(cell(x, h).numpy(), (1 - z) * n + z * h, rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_without_a_state_it_starts_from_zeros(cell, rng):
    x, zeros = rng.normal(size=(2, 3)).astype(np.float32), np.zeros((2, 4), np.float32)
    lstm = isinstance(cell, LSTMCell)
    given, default = cell(x, (zeros, zeros) if lstm else zeros), cell(x)
    for a, b in zip(given, default, strict=True) if lstm else [(given, default)]:
        assert a.dtype == np.float32
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_inputs_projected_beforehand_give_the_same_step(rng):
    cell = GRUCell(3, 4, rng=0)
    x, h = rng.normal(size=(5, 2, 3)), rng.normal(size=(2, 4))
    projected = cell.project(x)
    assert projected.shape == (5, 2, 12)
    np.testing.assert_allclose(cell.advance(projected[3], h).numpy(), cell(x[3], h).numpy())


def test_parameters_have_the_names_and_shapes_of_pytorch():
    shapes = {name: x.shape for name, x in LSTMCell(3, 4).named_parameters().items()}
    expected = {
        "weight_ih": (16, 3), "weight_hh": (16, 4), "bias_ih": (16,), "bias_hh": (16,),
    }  # fmt: skip
    assert list(shapes.items()) == list(expected.items())
    assert set(LSTMCell(3, 4, bias=False).named_parameters()) == {"weight_ih", "weight_hh"}


def test_reprs():
    assert repr(GRUCell(3, 4)) == "GRUCell(3, 4)"
    assert repr(RNNCell(3, 4, nonlinearity="relu")) == "RNNCell(3, 4, nonlinearity='relu')"
    assert repr(LSTMCell(3, 4, bias=False)) == "LSTMCell(3, 4, bias=False)"


X, H = np.zeros((2, 3)), np.zeros((2, 4))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: GRUCell(3, 4)(np.zeros((2, 5))),
            "GRUCell(3, 4) needs inputs (..., 3), got (2, 5)",
        ),
        (lambda: GRUCell(3, 4)(np.zeros(3)), "GRUCell(3, 4) needs inputs (N, 3), got (3,)"),
        (
            lambda: GRUCell(3, 4)(X, np.zeros((2, 3))),
            "GRUCell(3, 4) needs a state h (N, H) = (2, 4), got (2, 3)",
        ),
        (
            lambda: LSTMCell(3, 4)(X, H),
            "LSTMCell(3, 4) needs a state (h, c), each (N, H) = (2, 4), got (2, 4)",
        ),
        (
            lambda: LSTMCell(3, 4)(X, (H, np.zeros((1, 4)))),
            "LSTMCell(3, 4) needs a state (h, c), each (N, H) = (2, 4), got (2, 4), (1, 4)",
        ),
    ],
)
def test_wrong_shapes(call, text):
    with pytest.raises(ShapeError) as error:
        call()
    assert str(error.value) == text


def test_wrong_settings():
    with pytest.raises(UsageError, match="RNNCell: nonlinearity is 'gelu'; use 'tanh' or 'relu'"):
        RNNCell(3, 4, nonlinearity="gelu")
    with pytest.raises(UsageError, match="LSTMCell: hidden_size must be an integer >= 1, got 0"):
        LSTMCell(3, 0)
