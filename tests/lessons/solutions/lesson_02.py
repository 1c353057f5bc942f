"""Answers to lesson 02, right and wrong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def activation(w, x):
    return 1 / (1 + np.exp(-(w[0] + w[1:] @ x)))


RIGHT = {
    "activation": activation,
    "sigmoid_slope": lambda a: a * (1 - a),
    "parameters": lambda sizes: sum((n + 1) * m for n, m in pairwise(sizes)),
    "rivals": {"first": [0.6, 0.6, 0.6, 0.6, 0.0], "second": [0.49, 0.49, 0.49, 0.49, 1.0]},
}
WRONG = {
    "activation": [
        (lambda w, x: w[0] + w[1:] @ x, "activation for 1 input is"),
        (lambda w, x: 1 / (1 + np.exp(-(w[1:] @ x))), "activation for 1 input is"),
        (lambda w, x: 1 / (1 + np.exp(-(w[0] + w[1:] * x))), "has shape (1,)"),
    ],
    "sigmoid_slope": [
        (lambda a: 1 / (1 + np.exp(-a)) * (1 - 1 / (1 + np.exp(-a))), "is 0.235004; 0.25"),
        (lambda a: 1 - a, "is 0.5; 0.25 is right"),
    ],
    "parameters": [
        (lambda sizes: sum(n * m for n, m in pairwise(sizes)), "is 11910; 11935 is right"),
        (lambda sizes: sum((m + 1) * n for n, m in pairwise(sizes)), "parameters([784, 15, 10])"),
        (lambda sizes: 11935, "parameters([3, 2]) is 11935"),
    ],
    "rivals": [
        ({"first": [0.9] * 4 + [0.0], "second": [0.4] * 4 + [0.9]}, "the MSE of the second"),
        ({"first": [0.9] * 5, "second": [0.4] * 4 + [0.9]}, "first has 0 mistakes"),
        ({"first": [0.6] * 4 + [0.0], "second": [0.4] * 4 + [1.9]}, "numbers from 0 to 1"),
        ([[0.6] * 5], "should be a dictionary"),
    ],
}
