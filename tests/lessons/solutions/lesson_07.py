"""Answers to lesson 07, right and wrong."""

from __future__ import annotations


def ways(edges, source, target):
    count = {source: 1}
    for start, end, _ in edges:
        count[end] = count.get(end, 0) + count.get(start, 0)
    return count.get(target, 0)


def sweep(edges, inputs, output):
    found = {output: 1.0}
    for start, end, slope in reversed(edges):
        found[start] = found.get(start, 0.0) + slope * found.get(end, 0.0)
    return {name: found.get(name, 0.0) for name in inputs}


def overwriting(edges, inputs, output):
    found = {output: 1.0}
    for start, end, slope in reversed(edges):
        found[start] = slope * found.get(end, 0.0)
    return {name: found.get(name, 0.0) for name in inputs}


def without_slopes(edges, inputs, output):
    return sweep([(start, end, 1.0) for start, end, _ in edges], inputs, output)


RIGHT = {
    "slopes": {"a": -1, "b": 0},
    "ways": ways,
    "sweep": sweep,
    "sweeps": {"forward": 3, "reverse": 1000},
}
WRONG = {
    "slopes": [
        ({"a": -1, "b": -1}, "the slope by b is not right"),
        ({"a": 1, "b": 0}, "the slope by a is not right"),
        ({"a": "d", "b": 0}, "numbers are expected"),
        ([-1, 0], "should be a dictionary"),
    ],
    "ways": [
        (lambda edges, source, target: len(edges), "is 5; 3 is right"),
        (lambda edges, source, target: 3, "without a path is 3; 0 is right"),
        (lambda edges, source, target: None, "ways returned None"),
    ],
    "sweep": [
        (overwriting, "(a + b) * (b + 1), the derivative by b is 2; 5 is right"),
        (without_slopes, "for (a + b) * (b + 1)"),
        (lambda edges, inputs, output: [1.0], "should return a dictionary"),
        (lambda edges, inputs, output: dict(edges), "stops with ValueError"),
    ],
    "sweeps": [
        ({"forward": 1000, "reverse": 3}, "the number of forward sweeps"),
        ({"forward": 3, "reverse": 1}, "the number of reverse sweeps"),
        (3, "should be a dictionary"),
    ],
}
