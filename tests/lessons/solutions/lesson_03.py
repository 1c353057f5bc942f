"""Answers to lesson 03, right and wrong."""

from __future__ import annotations

import numpy as np


def batches(n, size, rng):
    order = rng.permutation(n)
    return [order[i : i + size] for i in range(0, n, size)]


def in_place(w, gradient, eta):
    w -= eta * gradient
    return w


RIGHT = {
    "step": lambda w, gradient, eta: w - eta * gradient,
    "batches": batches,
    "longest_step": lambda curvature: 2 / curvature,
    "settings": {"eta": 10.0, "mini_batch_size": 10},
}
WRONG = {
    "step": [
        (lambda w, gradient, eta: w + eta * gradient, "step(w, gradient, 0.1) is"),
        (lambda w, gradient, eta: -eta * gradient, "step(w, gradient, 0.1) is"),
        (in_place, "it changes w itself"),
    ],
    "batches": [
        (lambda n, size, rng: np.split(np.arange(n), range(size, n, size)), "are not shuffled"),
        (lambda n, size, rng: batches(n, size, np.random.default_rng(0)), "the second epoch"),
        (lambda n, size, rng: batches(n, size, rng)[:-1], "[5, 5, 5, 5]; [5, 5, 5, 5, 3]"),
        (lambda n, size, rng: [b + 1 for b in batches(n, size, rng)], "the row numbers, sorted,"),
    ],
    "longest_step": [
        (lambda curvature: 1 / curvature, "longest_step(2.0) = 0.5 is too short"),
        (lambda curvature: 4 / curvature, "longest_step(2.0) = 2 is too long"),
        (lambda curvature: 1.0, "longest_step(0.5) = 1 is too short"),
    ],
    "settings": [
        ({"eta": 0.03, "mini_batch_size": 10}, "are right; 86% are expected"),
        ({"eta": 300.0, "mini_batch_size": 10}, "are right; 86% are expected"),
        ({"eta": 3.0, "mini_batch_size": 0}, "positive numbers are expected"),
        (3.0, "should be a dictionary"),
    ],
}
