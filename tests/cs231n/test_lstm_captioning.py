"""CS231n, assignment 3, notebook LSTM_Captioning: the same with long short-term memory.

The course orders the gates i, f, o, g, we as PyTorch i, f, g, o.
"""

from __future__ import annotations

import numpy as np

from cs231n_checks import between, gradient_errors, relative_error, seeded
from tushuo.graph import asarray, check_grads, ops
from tushuo.models import CaptionRNN
from tushuo.nn import LSTM, LSTMCell


def reordered(weights):
    """Columns in the order i, f, o, g to i, f, g, o."""
    i, f, o, g = ops.split(asarray(weights), 4, axis=-1)
    return ops.concat([i, f, g, o], axis=-1)


def filled(layer, suffix, wx, wh, b):
    setattr(layer, f"weight_ih{suffix}", ops.matrix_transpose(reordered(wx)))
    setattr(layer, f"weight_hh{suffix}", ops.matrix_transpose(reordered(wh)))
    setattr(layer, f"bias_ih{suffix}", reordered(b))
    setattr(layer, f"bias_hh{suffix}", ops.zeros_like(asarray(b)))
    return layer


def step(x, h, c, wx, wh, b):
    """The next h and c side by side, (N, 2H), so that one cotangent serves both."""
    cell = LSTMCell(np.shape(wx)[0], np.shape(wh)[0], dtype=np.float64)
    return ops.concat(filled(cell, "", wx, wh, b)(x, (h, c)), axis=-1)


def sequence(x, h0, wx, wh, b):
    layer = LSTM(np.shape(wx)[0], np.shape(wh)[0], dtype=np.float64)
    start = asarray(h0)[None]
    return filled(layer, "_l0", wx, wh, b)(x, (start, ops.zeros_like(start)))[0]


def test_step_forward():
    """Published next h and c; the course prints errors of 5.7e-9 and 5.8e-9."""
    x, h, c = between(-0.4, 1.2, 3, 4), between(-0.3, 0.7, 3, 5), between(-0.4, 0.9, 3, 5)
    weights = between(-2.1, 1.3, 4, 20), between(-0.7, 2.2, 5, 20), between(0.3, 0.7, 20)
    next_h = [
        [0.24635157, 0.28610883, 0.32240467, 0.35525807, 0.38474904],
        [0.49223563, 0.55611431, 0.61507696, 0.66844003, 0.7159181],
        [0.56735664, 0.66310127, 0.74419266, 0.80889665, 0.858299],
    ]
    next_c = [
        [0.32986176, 0.39145139, 0.451556, 0.51014116, 0.56717407],
        [0.66382255, 0.76674007, 0.87195994, 0.97902709, 1.08751345],
        [0.74192008, 0.90592151, 1.07717006, 1.25120233, 1.42395676],
    ]
    got = step(x, h, c, *weights).numpy()
    assert relative_error(got[:, :5], next_h) < 5.8e-9
    assert relative_error(got[:, 5:], next_c) < 5.9e-9


def test_step_backward():
    """Published bound of the errors: about 1e-6; the course prints 4.9e-8 at most."""
    rng = seeded()
    shapes = [(4, 5), (4, 6), (4, 6), (5, 24), (6, 24), (24,)]
    args = [rng.randn(*shape) for shape in shapes]
    cotangent = np.concatenate([rng.randn(4, 6), rng.randn(4, 6)], axis=-1)
    assert max(gradient_errors(step, args, cotangent)) < 1e-6


def test_sequence_forward():
    """Published states; the course prints an error of 8.6e-8."""
    x, h0 = between(-0.4, 0.6, 2, 3, 5), between(-0.4, 0.8, 2, 4)
    weights = between(-0.2, 0.9, 5, 16), between(-0.3, 0.6, 4, 16), between(0.2, 0.7, 16)
    first = [
        [0.01764008, 0.01823233, 0.01882671, 0.0194232],
        [0.11287491, 0.12146228, 0.13018446, 0.13902939],
        [0.31358768, 0.33338627, 0.35304453, 0.37250975],
    ]
    second = [
        [0.45767879, 0.4761092, 0.4936887, 0.51041945],
        [0.6704845, 0.69350089, 0.71486014, 0.7346449],
        [0.81733511, 0.83677871, 0.85403753, 0.86935314],
    ]
    assert relative_error(sequence(x, h0, *weights), [first, second]) < 8.7e-8


def test_sequence_backward():
    """Published bound of the errors: about 1e-7, with 9.9e-7 printed for the recurrent weights."""
    rng = seeded()
    shapes = [(2, 10, 3), (2, 6), (3, 24), (6, 24), (24,)]
    args = [rng.randn(*shape) for shape in shapes]
    assert max(gradient_errors(sequence, args, rng.randn(2, 10, 6), only=(1, 2, 3, 4))) < 2e-6


def test_captioning_loss():
    """Published loss 9.82445935443, with a difference of 2.26e-12."""
    model = CaptionRNN(3, 20, 30, 40, "lstm", dtype=np.float64)
    weights = [between(-1.4, 1.3, *shape) for shape in [(30, 160), (40, 160), (160,)]]
    wx, wh, b = (reordered(w).numpy() for w in weights)
    state = {
        "see.weight": between(-1.4, 1.3, 20, 40).T,
        "see.bias": between(-1.4, 1.3, 40),
        "embed.weight": between(-1.4, 1.3, 3, 30),
        "cell.weight_ih": wx.T,
        "cell.weight_hh": wh.T,
        "cell.bias_ih": b,
        "cell.bias_hh": np.zeros(160),
        "output.weight": between(-1.4, 1.3, 40, 3).T,
        "output.bias": between(-1.4, 1.3, 3),
    }
    captions = (np.arange(130) % 3).reshape(10, 1, 13)
    loss = model.load_state_dict(state).loss(between(-0.5, 1.7, 10, 20), captions)
    assert abs(loss.item() - 9.82445935443) < 1e-11


def test_captioning_gradients():
    """On the sizes of the notebook before, by random directions and in both modes."""
    rng = seeded()
    captions, features = rng.randint(3, size=(2, 1, 3)), rng.randn(2, 4)
    model = CaptionRNN(3, 4, 5, 6, "lstm", rng=0, dtype=np.float64)
    check_grads(lambda m: m.loss(features, captions), (model,), order=2)
