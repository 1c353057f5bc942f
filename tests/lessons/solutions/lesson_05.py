"""Answers to lesson 05, right and wrong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def forward_products(sizes):
    return sum(n * m for n, m in pairwise(sizes))


def numeric_gradient(f, x, h=1e-7):
    before, slopes = f(x), []
    for i in range(len(x)):
        moved = x.copy()
        moved[i] += h
        slopes.append((f(moved) - before) / h)
    return np.array(slopes)


def two_sided(f, x):
    pushes = 1e-5 * np.eye(len(x))
    return np.array([(f(x + push) - f(x - push)) / 2e-5 for push in pushes])


def in_place(f, x):
    before, slopes = f(x), []
    for i in range(len(x)):
        x[i] += 1e-7
        slopes.append((f(x) - before) / 1e-7)
    return np.array(slopes)


def agrees(f, gradient, x):
    h, v = 1e-5, np.random.default_rng(8).choice([-1.0, 1.0], len(x))
    return np.isclose((f(x + h * v) - f(x - h * v)) / (2 * h), gradient @ v, rtol=1e-4)


def by_the_first_number(f, gradient, x):
    push = 1e-5 * (np.arange(len(x)) == 0)
    return np.isclose((f(x + push) - f(x - push)) / 2e-5, gradient[0], rtol=1e-4)


RIGHT = {
    "forward_products": forward_products,
    "backprop_products": lambda sizes: 3 * forward_products(sizes) - sizes[0] * sizes[1],
    "numeric_gradient": numeric_gradient,
    "agrees": agrees,
}
WRONG = {
    "forward_products": [
        (
            lambda sizes: sum((n + 1) * m for n, m in pairwise(sizes)),
            "forward_products([8, 2, 2, 1])",
        ),
        (lambda sizes: sum(sizes), "is 13; 22 is right"),
    ],
    "backprop_products": [
        (lambda sizes: 3 * forward_products(sizes), "is 66; 50 is right"),
        (lambda sizes: 2 * forward_products(sizes), "is 44; 50 is right"),
    ],
    "numeric_gradient": [
        (two_sided, "it evaluates f 14 times for 7 numbers; 8 are enough"),
        (in_place, "numeric_gradient(f, x) is"),
        (lambda f, x: numeric_gradient(f, x, h=0.1), "numeric_gradient(f, x) is"),
        (lambda f, x: numeric_gradient(f, x).sum(), "has shape ()"),
    ],
    "agrees": [
        (lambda f, gradient, x: True, "twice the gradient gets True; False is right"),
        (by_the_first_number, "one number of 1,000 wrong gets True"),
        (lambda f, g, x: bool(np.allclose(two_sided(f, x), g)), "evaluates f 2000 times"),
        (lambda f, g, x: agrees(f, g, x) * 1, "the right gradient gets 1; True is right"),
    ],
}
