"""Answers to lesson 13, right and wrong."""

from __future__ import annotations

import numpy as np


def rnn_step(x, h, w_ih, w_hh, b):
    return np.tanh(x @ w_ih.T + h @ w_hh.T + b)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(gates, c):
    i, f, g, o = np.split(gates, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def other_order(gates, c):
    i, f, o, g = np.split(gates, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def bare_memory(gates, c):
    h, c = lstm_step(gates, c)
    return h / np.tanh(c) * c, c


def clipped(g, most):
    norm = np.sqrt(sum(np.sum(a * a) for a in g))
    return [a * min(1, most / norm) for a in g]


RIGHT = {
    "rnn_step": rnn_step,
    "lstm_step": lstm_step,
    "steps_back": 132,
    "clipped": clipped,
}
WRONG = {
    "rnn_step": [
        (lambda x, h, w_ih, w_hh, b: x @ w_ih.T + h @ w_hh.T + b, "rnn_step with N = 1"),
        (lambda x, h, w_ih, w_hh, b: np.tanh(x @ w_ih + h @ w_hh + b), "stops with ValueError"),
        (lambda x, h, w_ih, w_hh, b: np.tanh(x @ w_ih.T + h @ w_hh + b), "rnn_step with N = 1"),
    ],
    "lstm_step": [
        (other_order, "the new c with N = 1, H = 1"),
        (bare_memory, "the new h with N = 1, H = 1"),
        (lambda gates, c: lstm_step(gates, c)[0], "should return two arrays"),
    ],
    "steps_back": [
        (131, "after 131 steps 1.01e-06 is left"),
        (133, "below a millionth already at step 132"),
        (131.13, "steps are whole"),
    ],
    "clipped": [
        (lambda g, most: [np.clip(a, -most, most) for a in g], "array 0 of a norm of 13"),
        (lambda g, most: [a * most / 13 for a in g], "clipped to 100"),
        (lambda g, most: [clipped([a], most)[0] for a in g], "clipped to 1 is"),
        (lambda g, most: g[0], "a list of as many arrays"),
    ],
}
