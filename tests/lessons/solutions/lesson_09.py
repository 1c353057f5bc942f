"""Answers to lesson 09, right and wrong."""

from __future__ import annotations

import numpy as np


def layer(dY, X, W):
    return dY @ W.T, X.T @ dY, dY.sum(axis=0)


def full_softmax(p, dp):
    return (np.diag(p) - np.outer(p, p)) @ dp


RIGHT = {
    "layer": layer,
    "sizes": {"numbers": 30 * 10 * 30 * 784, "not_zero": 30 * 10 * 784},
    "quadratic": lambda A, x: (A + A.T) @ x,
    "softmax_back": lambda p, dp: p * (dp - np.sum(p * dp)),
}
WRONG = {
    "layer": [
        (lambda dY, X, W: (dY @ W.T, X.T @ dY, dY), "db has shape (4, 2); shape (2,) is expected"),
        (lambda dY, X, W: (dY @ W.T, dY.T @ X, dY.sum(0)), "dW has shape (2, 3); shape (3, 2)"),
        (lambda dY, X, W: (dY @ W.T, X.T @ dY, dY.mean(0)), "db is ["),
        (lambda dY, X, W: (dY @ W, X.T @ dY, dY.sum(0)), "stops with ValueError: matmul"),
        (lambda dY, X, W: dY @ W.T, "should return three arrays"),
    ],
    "sizes": [
        ({"numbers": 30 * 784, "not_zero": 30 * 784}, "sizes['numbers'] is not right"),
        ({"numbers": 7056000, "not_zero": 23520}, "sizes['not_zero'] is not right"),
        ((7056000, 235200), "should be a dictionary"),
    ],
    "quadratic": [
        (lambda A, x: 2 * A @ x, "quadratic([["),
        (lambda A, x: x @ A @ x, "has shape (); shape (2,) is expected"),
    ],
    "softmax_back": [
        (lambda p, dp: p * dp, "softmax_back(p, dp) for N = 3 is ["),
        (lambda p, dp: p * (1 - p) * dp, "softmax_back(p, dp) for N = 3 is ["),
        (full_softmax, "stops with MemoryError"),
    ],
}
