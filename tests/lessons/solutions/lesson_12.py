"""Answers to lesson 12, right and wrong."""

from __future__ import annotations

import numpy as np


def correlate(x, w):
    rows, columns = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    y = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            y[i, j] = np.sum(x[i : i + w.shape[0], j : j + w.shape[1]] * w)
    return y


NEURONS = 16 * 24 * 24
RIGHT = {
    "out_size": lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride + 1,
    "weights": {"convolution": 16 * 26, "connected": NEURONS * 785},
    "edge_kernel": [[-1, 0, 1]] * 3,
    "correlate": correlate,
}
WRONG = {
    "out_size": [
        (lambda size, kernel, stride, padding: size - kernel, "out_size(28, 5, 1, 0) is 23; 24"),
        (lambda n, k, s, p: (n + p - k) // s + 1, "out_size(28, 3, 1, 1) is 27; 28 is right"),
        (lambda n, k, s, p: (n + 2 * p - k) / s + 1, "out_size(8, 3, 2, 1) is 4.5; 4 is right"),
    ],
    "weights": [
        ({"convolution": 16 * 25, "connected": NEURONS * 785}, "the count for convolution"),
        ({"convolution": 16 * 26, "connected": NEURONS * 784}, "the count for connected"),
        ({"convolution": 16 * 26}, "should be a dictionary with the keys"),
    ],
    "edge_kernel": [
        (np.array([[-1, 0, 1]] * 3).T, "the answer to changes from top to bottom"),
        ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], "the answer to a flat picture"),
        (np.zeros((3, 3)), "it answers nothing to a step"),
        ([-1, 0, 1], "the shape of edge_kernel"),
    ],
    "correlate": [
        (lambda x, w: correlate(x, w[::-1, ::-1]), "a picture (6, 5) with a kernel (3, 3)"),
        (lambda x, w: np.pad(correlate(x, w), 1), "has shape (6, 6)"),
        (lambda x, w: x * w, "stops with ValueError"),
    ],
}
