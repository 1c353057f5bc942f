"""Answers to lesson 08, right and wrong."""

from __future__ import annotations

import math


def gates(x, y, z, w):
    return 2 * y, 2 * x, 2.0 * (z > w), 2.0 * (w > z)


def staged(x, y):
    s = 1 / (1 + math.exp(-x))
    top, below = s * y, x * x + y * y
    d_top, d_below = 1 / below, -top / below**2
    d_x = 2 * x * d_below
    d_x += (1 - s) * s * y * d_top
    return d_x, 2 * y * d_below + s * d_top


def assigned_twice(x, y):
    s = 1 / (1 + math.exp(-x))
    below = x * x + y * y
    return (1 - s) * s * y / below, staged(x, y)[1]


RIGHT = {"gates": gates, "staged": staged, "tanh_slope": lambda out: 1 - out**2, "factor": 1000}
WRONG = {
    "gates": [
        (lambda x, y, z, w: (2 * x, 2 * y, 2, 2), "gates(3.0, -4.0, 2.0, -1.0)[0] is 6; -8 is"),
        (lambda x, y, z, w: (2 * y, 2 * x, 2, 2), "[3] is 2; 0 is right"),
        (lambda x, y, z, w: (y, x, z > w, w > z), "[0] is -4; -8 is right"),
        (lambda x, y, z, w: 2 * y, "should return a tuple of 4 numbers"),
    ],
    "staged": [
        (assigned_twice, "staged(3.0, -4.0)[0] is -0.00722"),
        (lambda x, y: (staged(x, y)[1], staged(x, y)[0]), "staged(3.0, -4.0)[0] is"),
        (lambda x, y: (1 / 0, 0), "stops with ZeroDivisionError"),
    ],
    "tanh_slope": [
        (lambda out: (1 - out) * out, "tanh_slope(0) is 0; 1 is right"),
        (lambda out: 1 / math.cosh(out) ** 2, "tanh_slope(0.4621) is"),
    ],
    "factor": [(0.001, "factor = 0.001 is not right"), (1, "factor = 1 is not"), ("k", "numbers")],
}
