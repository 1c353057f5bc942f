"""Answers to lesson 06, right and wrong."""

from __future__ import annotations

import numpy as np


def slope(x):
    return (1 - 2 * x * x) * np.exp(-x * x)


def two_sided(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


RIGHT = {
    "slope": slope,
    "two_sided": two_sided,
    "best_step": 5e-6,
    "evaluations": {"central": 2000, "forward": 1000, "reverse": 1},
}
WRONG = {
    "slope": [
        (lambda x: np.exp(-x * x), "slope(0.7) is 0.612626; 0.0122525"),
        (lambda x: -2 * x * np.exp(-x * x), "slope(0.0) is 0; 1 is right"),
        (lambda x: "2x", "slope(0.0) is a str"),
        (lambda x: None, "slope returned None"),
        (3.0, "slope is not a function"),
    ],
    "two_sided": [
        (lambda f, x, h: (f(x + h) - f(x)) / h, "is 6.5; 6 is right"),
        (lambda f, x, h: (f(x + h) - f(x - h)) / h, "is 12; 6 is right"),
        (lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h) + 0 * f(x), "evaluates f 3 times"),
        (lambda f, x, h: 2 * x, "evaluates f 0 times"),
        (lambda f, x: f(x), "stops with TypeError"),
    ],
    "best_step": [
        (1e-3, "the step is too long"),
        (1e-12, "the step is too short"),
        (-1e-5, "a positive number is expected"),
        ([1e-5], "a single number is expected"),
    ],
    "evaluations": [
        ({"central": 1000, "forward": 1000, "reverse": 1}, "the count for central"),
        ({"central": 2000, "forward": 1, "reverse": 1}, "the count for forward"),
        (2000, "should be a dictionary"),
    ],
}
