"""Answers to lesson 04, right and wrong."""

from __future__ import annotations

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def error_before(w, delta, a):
    return (w.T @ delta) * a * (1 - a)


def backpropagate(weights, biases, x, y, before=error_before):
    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        activations.append(sigmoid(w @ activations[-1] + b))
    a = activations[-1]
    delta = (a - y) * a * (1 - a)
    nabla_b, nabla_w = [], []
    for w, a in zip(weights[::-1], activations[-2::-1], strict=True):
        nabla_b.insert(0, delta)
        nabla_w.insert(0, delta @ a.T)
        delta = before(w, delta, a)
    return nabla_b, nabla_w


def without_slope(w, delta, a):
    return w.T @ delta


def swapped(weights, biases, x, y):
    return backpropagate(weights, biases, x, y)[::-1]


def last_layer_only(weights, biases, x, y):
    nabla_b, nabla_w = backpropagate(weights, biases, x, y)
    return nabla_b[-1:], nabla_w[-1:]


RIGHT = {
    "output_error": lambda a, y: (a - y) * a * (1 - a),
    "error_before": error_before,
    "backpropagate": backpropagate,
    "push": lambda delta, most: -most * np.sign(delta),
}
WRONG = {
    "output_error": [
        (lambda a, y: a - y, "output_error(a, y) is"),
        (lambda a, y: (y - a) * a * (1 - a), "output_error(a, y) is"),
        (lambda a, y: ((a - y) * a * (1 - a)).ravel(), "has shape (4,); shape (4, 1)"),
    ],
    "error_before": [
        (lambda w, delta, a: (w @ delta) * a * (1 - a), "stops with ValueError"),
        (without_slope, "error_before with w of shape (2, 5) is"),
    ],
    "backpropagate": [
        (lambda *args: backpropagate(*args, before=without_slope), "of a network of 3 layers is"),
        (swapped, "nabla_b[0] of a network of 2 layers has shape (2, 3)"),
        (last_layer_only, "nabla_b should be a list of 2 arrays in a network of 3 layers"),
        (lambda *args: backpropagate(*args)[1], "it should return nabla_b, nabla_w"),
    ],
    "push": [
        (lambda delta, most: most * np.sign(delta), "the change that is promised is 0.182"),
        (lambda delta, most: -most * delta, "a push of 0.15 is more than 0.1"),
        (lambda delta, most: -most * np.sign(delta).ravel(), "has shape (4,); shape (4, 1)"),
    ],
}
