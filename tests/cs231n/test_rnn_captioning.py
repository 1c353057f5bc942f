"""CS231n, assignment 3, notebook RNN_Captioning: the plain recurrence, words, captions."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from cs231n_checks import between, gradient_errors, relative_error, seeded
from tushuo.graph import Tensor, asarray, check_grads, ops
from tushuo.models import CaptionRNN
from tushuo.nn import RNN, Embedding, RNNCell, cross_entropy, linear


def filled(layer, suffix, wx, wh, b):
    """The course has one bias; ours, as PyTorch, two, of which the second is zero here."""
    setattr(layer, f"weight_ih{suffix}", ops.matrix_transpose(wx))
    setattr(layer, f"weight_hh{suffix}", ops.matrix_transpose(wh))
    setattr(layer, f"bias_ih{suffix}", asarray(b))
    setattr(layer, f"bias_hh{suffix}", ops.zeros_like(asarray(b)))
    return layer


def step(x, h, wx, wh, b):
    cell = RNNCell(*np.shape(wx), dtype=np.float64)
    return filled(cell, "", wx, wh, b)(x, h)


def sequence(x, h0, wx, wh, b):
    layer = RNN(*np.shape(wx), dtype=np.float64)
    return filled(layer, "_l0", wx, wh, b)(x, asarray(h0)[None])[0]


def test_step_forward():
    """Published next state, with an error below 1e-8."""
    x, h = between(-0.4, 0.7, 3, 10), between(-0.2, 0.5, 3, 4)
    weights = between(-0.1, 0.9, 10, 4), between(-0.3, 0.7, 4, 4), between(-0.2, 0.4, 4)
    published = [
        [-0.58172089, -0.50182032, -0.41232771, -0.31410098],
        [0.66854692, 0.79562378, 0.87755553, 0.92795967],
        [0.97934501, 0.99144213, 0.99646691, 0.99854353],
    ]
    assert relative_error(step(x, h, *weights), published) < 1e-8


def test_step_backward():
    """Published bound of the errors: about 1e-8."""
    rng = seeded()
    shapes = [(4, 5), (4, 6), (5, 6), (6, 6), (6,)]
    args = [rng.randn(*shape) for shape in shapes]
    assert max(gradient_errors(step, args, rng.randn(4, 6))) < 1e-8


def test_sequence_forward():
    """Published states, with an error below 1e-7."""
    x, h0 = between(-0.1, 0.3, 2, 3, 4), between(-0.3, 0.1, 2, 5)
    weights = between(-0.2, 0.4, 4, 5), between(-0.4, 0.1, 5, 5), between(-0.7, 0.1, 5)
    first = [
        [-0.42070749, -0.27279261, -0.11074945, 0.05740409, 0.22236251],
        [-0.39525808, -0.22554661, -0.0409454, 0.14649412, 0.32397316],
        [-0.42305111, -0.24223728, -0.04287027, 0.15997045, 0.35014525],
    ]
    second = [
        [-0.55857474, -0.39065825, -0.19198182, 0.02378408, 0.23735671],
        [-0.27150199, -0.07088804, 0.13562939, 0.33099728, 0.50158768],
        [-0.51014825, -0.30524429, -0.06755202, 0.17806392, 0.40333043],
    ]
    assert relative_error(sequence(x, h0, *weights), [first, second]) < 1e-7


def test_sequence_backward():
    """Published bound of the errors: about 1e-6 (ten steps deep)."""
    rng = seeded()
    shapes = [(2, 10, 3), (2, 5), (3, 5), (5, 5), (5,)]
    args = [rng.randn(*shape) for shape in shapes]
    assert max(gradient_errors(sequence, args, rng.randn(2, 10, 5))) < 1e-6


def embedded(x, table):
    layer = Embedding(*np.shape(table))
    layer.weight = asarray(table)
    return layer(x)


def test_word_embedding_forward():
    """Published vectors; the figures have eight digits."""
    x = np.array([[0, 3, 1, 2], [2, 1, 0, 3]])
    rows = np.array(
        [
            [0.0, 0.07142857, 0.14285714],
            [0.21428571, 0.28571429, 0.35714286],
            [0.42857143, 0.5, 0.57142857],
            [0.64285714, 0.71428571, 0.78571429],
        ]
    )
    assert relative_error(embedded(x, between(0, 1, 5, 3)), rows[x]) < 2e-8


def test_word_embedding_backward():
    """Published bound of the error: 1e-11. Words come back, so gradients of a row add up."""
    rng = seeded()
    x, table = rng.randint(5, size=(50, 3)), rng.randn(5, 6)
    errors = gradient_errors(lambda w: embedded(x, w), [table], rng.randn(50, 3, 6))
    assert max(errors) < 3e-11


def test_temporal_affine_backward():
    """Published bound of the errors: about 1e-9."""
    rng = seeded()
    args = [rng.randn(2, 3, 4), rng.randn(4, 5), rng.randn(5)]
    errors = gradient_errors(
        lambda x, w, b: linear(x, ops.matrix_transpose(w), b), args, rng.randn(2, 3, 5)
    )
    assert max(errors) < 1e-9


def temporal(x, y, mask):
    """The course's loss: the sum over the words that count, the mean over the sentences."""
    return cross_entropy(x, y, mask=mask, reduction="sum") / y.shape[0]


@pytest.mark.parametrize(
    ("n", "t", "share", "published"), [(100, 1, 1.0, 2.3), (100, 10, 1.0, 23), (5000, 10, 0.1, 2.3)]
)
def test_temporal_softmax_loss(n, t, share, published):
    """Published: "about" 2.3, 23 and 2.3; they are log(10) times the words that count."""
    rng = seeded()
    x = 0.001 * rng.randn(n, t, 10)
    y, mask = rng.randint(10, size=(n, t)), rng.rand(n, t) <= share
    loss = temporal(x, y, mask).item()
    assert loss == pytest.approx(published, rel=0.02)
    assert loss == pytest.approx(log(10) * mask.sum() / n, rel=1e-4)


def test_temporal_softmax_backward():
    """Published bound of the error: about 1e-7."""
    rng = seeded()
    x = rng.randn(7, 8, 9)
    y, mask = rng.randint(9, size=(7, 8)), rng.rand(7, 8) > 0.5
    errors = gradient_errors(lambda logits: temporal(logits, y, mask), [x], np.ones(()))
    assert max(errors) < 2e-7


def test_captioning_loss():
    """Published loss 9.83235591003, with a difference of 2.6e-12.

    The vocabulary is a dictionary of three words numbered 0, 2 and 3, so the size of three does not
    fit its own numbers; the captions hold 0, 1 and 2 only, and 0 is the padding that costs nothing.
    """
    model = CaptionRNN(3, 20, 30, 40, "rnn", dtype=np.float64)
    spread = {
        "see.weight": (20, 40),
        "embed.weight": (3, 30),
        "cell.weight_ih": (30, 40),
        "cell.weight_hh": (40, 40),
        "output.weight": (40, 3),
    }
    state = {name: between(-1.4, 1.3, *shape) for name, shape in spread.items()}
    state = {name: w if name == "embed.weight" else w.T for name, w in state.items()}
    state |= {name: between(-1.4, 1.3, 40) for name in ("see.bias", "cell.bias_ih")}
    state |= {"cell.bias_hh": np.zeros(40), "output.bias": between(-1.4, 1.3, 3)}
    captions = (np.arange(130) % 3).reshape(10, 1, 13)
    loss = model.load_state_dict(state).loss(between(-1.5, 0.3, 10, 20), captions)
    assert abs(loss.item() - 9.83235591003) < 1e-11


def test_captioning_gradients():
    """On the notebook's sizes, by random directions and in both modes."""
    rng = seeded()
    captions, features = rng.randint(3, size=(2, 1, 3)), rng.randn(2, 4)
    model = CaptionRNN(3, 4, 5, 6, "rnn", rng=0, dtype=np.float64)
    check_grads(lambda m: m.loss(features, captions), (model,), order=2)
    check_grads(lambda f: model.loss(f, captions), (Tensor(features),), order=1)
