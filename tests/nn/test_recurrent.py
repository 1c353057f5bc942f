from __future__ import annotations

import numpy as np
import pytest

import tushuo.graph as g
from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.nn import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell

KINDS = [(RNN, RNNCell), (LSTM, LSTMCell), (GRU, GRUCell)]
LAYERS = [kind for kind, _ in KINDS]
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], bool)


def flat(state):
    """The states as arrays."""
    return [x.numpy() for x in (state if isinstance(state, tuple) else (state,))]


@pytest.mark.parametrize(("kind", "cell_kind"), KINDS)
def test_it_is_its_cell_step_by_step(kind, cell_kind, rng):
    layer, cell = kind(3, 4, rng=0), cell_kind(3, 4)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    x = rng.normal(size=(2, 5, 3)).astype(np.float32)
    outputs, final = layer(x)
    state = None
    for t in range(5):
        state = cell(x[:, t], state)
        np.testing.assert_allclose(outputs.numpy()[:, t], flat(state)[0], rtol=1e-4, atol=1e-6)
    for a, b in zip(flat(final), flat(state), strict=True):
        np.testing.assert_allclose(a, b[None], rtol=1e-4, atol=1e-6)
    assert outputs.dtype == np.float32


@pytest.mark.parametrize("mask", [None, MASK], ids=["full", "masked"])
@pytest.mark.parametrize("kind", LAYERS)
def test_gradients(kind, mask, check_layer, rng):
    layer = kind(2, 3, num_layers=2, rng=0)
    h = rng.normal(size=(2, 3, 3))
    check_layer(layer, rng.normal(size=(3, 4, 2)), (h, h + 1) if kind is LSTM else h, mask=mask)


def test_second_derivatives(check_layer, rng):
    check_layer(LSTM(2, 2, rng=0), rng.normal(size=(2, 2, 2)), order=2)


@pytest.mark.parametrize("kind", LAYERS)
def test_padding_changes_nothing(kind, rng):
    layer = kind(2, 3, num_layers=2, rng=0)
    x = rng.normal(size=(3, 4, 2))
    outputs, final = layer(x, mask=MASK)
    for n, length in enumerate(MASK.sum(1)):
        alone, last = layer(x[n : n + 1, :length])
        np.testing.assert_allclose(outputs.numpy()[n, :length], alone.numpy()[0], rtol=1e-10)
        for a, b in zip(flat(final), flat(last), strict=True):
            np.testing.assert_allclose(a[:, n], b[:, 0], rtol=1e-10)
        kept = np.broadcast_to(outputs.numpy()[n, length - 1], (4 - length, 3))
        np.testing.assert_array_equal(outputs.numpy()[n, length:], kept)


@pytest.mark.parametrize("kind", LAYERS)
def test_padding_gets_no_gradient(kind, rng):
    layer, x = kind(2, 3, num_layers=2, rng=0), rng.normal(size=(3, 4, 2))

    def loss(values):
        outputs, final = layer(values, mask=MASK)
        return sum(((v * v).sum() for v in g.leaves((outputs, final))), start=0.0)

    slopes = np.abs(g.grad(loss)(x).numpy()).max(-1)
    assert (slopes[~MASK] == 0).all()
    assert (slopes[MASK] > 0).all()


def test_padding_before_the_sequence_keeps_the_initial_state(rng):
    layer, x, h = GRU(2, 3, rng=0), rng.normal(size=(1, 4, 2)), rng.normal(size=(1, 1, 3))
    mask = np.array([[False, False, True, True]])
    outputs, final = layer(x, h, mask)
    np.testing.assert_array_equal(outputs.numpy()[:, 0], h[0])
    np.testing.assert_allclose(final.numpy(), layer(x[:, 2:], h)[1].numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", LAYERS)
def test_the_time_axis_can_come_first(kind, rng):
    one, two = kind(2, 3, rng=0), kind(2, 3, batch_first=False, rng=0)
    x = rng.normal(size=(3, 4, 2))
    (outputs, final), (swapped, same) = (
        one(x, mask=MASK),
        two(np.swapaxes(x, 0, 1), mask=MASK.T),
    )
    np.testing.assert_array_equal(np.swapaxes(swapped.numpy(), 0, 1), outputs.numpy())
    np.testing.assert_array_equal(flat(same)[0], flat(final)[0])


@pytest.mark.parametrize("kind", LAYERS)
def test_without_bias(kind, rng):
    layer = kind(2, 3, bias=False, rng=0)
    assert set(layer.named_parameters()) == {"weight_ih_l0", "weight_hh_l0"}
    assert not layer(np.zeros((1, 2, 2)))[0].numpy().any()


def test_the_state_after_some_steps_continues_the_sequence(rng):
    layer, x = LSTM(2, 3, num_layers=2, rng=0), rng.normal(size=(2, 6, 2))
    whole, final = layer(x)
    first, state = layer(x[:, :4])
    second, last = layer(x[:, 4:], state)
    joined = np.concatenate([first.numpy(), second.numpy()], 1)
    np.testing.assert_allclose(joined, whole.numpy(), rtol=1e-12)
    np.testing.assert_allclose(flat(last)[1], flat(final)[1], rtol=1e-12)


def test_parameters_have_the_names_and_shapes_of_pytorch():
    shapes = {name: x.shape for name, x in GRU(2, 3, num_layers=2).named_parameters().items()}
    expected = {
        "weight_ih_l0": (9, 2), "weight_hh_l0": (9, 3), "bias_ih_l0": (9,), "bias_hh_l0": (9,),
        "weight_ih_l1": (9, 3), "weight_hh_l1": (9, 3), "bias_ih_l1": (9,), "bias_hh_l1": (9,),
    }  # fmt: skip
    assert list(shapes.items()) == list(expected.items())


def test_reprs():
    assert repr(LSTM(2, 3)) == "LSTM(2, 3)"
    shown = repr(GRU(2, 3, num_layers=2, bias=False, batch_first=False))
    assert shown == "GRU(2, 3, num_layers=2, bias=False, batch_first=False)"
    assert repr(RNN(2, 3, nonlinearity="relu")) == "RNN(2, 3, nonlinearity='relu')"


X = np.zeros((3, 4, 2))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: LSTM(2, 3)(np.zeros((3, 4, 5))),
            "LSTM(2, 3) needs inputs (N, T, 2) of at least one step, got (3, 4, 5)",
        ),
        (
            lambda: LSTM(2, 3, batch_first=False)(np.zeros((0, 4, 2))),
            "LSTM(2, 3) needs inputs (T, N, 2) of at least one step, got (0, 4, 2)",
        ),
        (lambda: GRU(2, 3)(X, mask=MASK.T), "GRU(2, 3) needs a mask (N, T) = (3, 4), got (4, 3)"),
        (
            lambda: GRU(2, 3)(X, np.zeros((3, 3))),
            "GRU(2, 3) needs a state h (num_layers, N, H) = (1, 3, 3), got (3, 3)",
        ),
    ],
)
def test_wrong_shapes(call, text):
    with pytest.raises(ShapeError) as error:
        call()
    assert str(error.value) == text


def test_wrong_types_and_settings():
    with pytest.raises(DTypeError, match="needs a boolean mask, got int64; pass mask != 0"):
        GRU(2, 3)(X, mask=MASK.astype(np.int64))
    with pytest.raises(UsageError, match="RNN: nonlinearity is 'sigmoid'"):
        RNN(2, 3, nonlinearity="sigmoid")
    with pytest.raises(UsageError, match="GRU: num_layers must be an integer >= 1, got 0"):
        GRU(2, 3, num_layers=0)
