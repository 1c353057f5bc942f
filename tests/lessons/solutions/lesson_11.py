"""Answers to lesson 11, right and wrong."""

from __future__ import annotations

import numpy as np

from tushuo.optim import SGD, Adam, Nesterov


def momentum_step(x, g, b, rate, mu):
    b = mu * b + g
    return x - rate * b, b


def step_before_velocity(x, g, b, rate, mu):
    return x - rate * b, mu * b + g


def mean_of_gradients(x, g, b, rate, mu):
    b = mu * b + (1 - mu) * g
    return x - rate * b, b


RIGHT = {
    "largest_rate": 2 / 40,
    "momentum_step": momentum_step,
    "first_step": lambda g, rate: -rate * np.sign(g),
    "racer": SGD(1.5, momentum=0.7),
}
WRONG = {
    "largest_rate": [
        (2 / 3, "at 0.99 of that rate the descent grows"),
        (1 / 40, "at 1.01 of that rate the descent still converges"),
        ("0.05", "largest_rate is a str"),
        ([0.05], "a single number is expected"),
    ],
    "momentum_step": [
        (step_before_velocity, "x after 1 steps"),
        (mean_of_gradients, "x after 1 steps"),
        (lambda x, g, b, rate, mu: x - rate * b, "should return two things"),
        (lambda *_: None, "momentum_step returned None"),
    ],
    "first_step": [
        (lambda g, rate: -rate * g, "first_step([0.5, -3.0, 200.0, -0.01], 0.001) is"),
        (lambda g, rate: rate * np.sign(g), "first_step([0.5, -3.0, 200.0, -0.01], 0.001) is"),
        (lambda g, rate: -rate, "shape (4,) is expected"),
    ],
    "racer": [
        (Nesterov(0.56), "the valley still stands at"),
        (Adam(0.3), "the valley still stands at"),
        (SGD(1.1), "the valley still stands at"),
        (0.5, "racer is a float"),
        (SGD, "a rule of tushuo.optim with its settings"),
    ],
}
