"""Examples and ranges of activations for products of whole numbers."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import tushuo
from tushuo import nn
from tushuo.compile import compile
from tushuo.errors import CompileError, UsageError

from .low_precision import compiled, normal


def test_examples_may_be_of_other_sizes_and_several():
    w, x = tushuo.asarray(normal(20, 30)), normal(4, 20)
    f = compiled(lambda x, y: (x + y) @ w, "int16", (x, x), (x[:1], x[:1]))
    wanted = 2 * x[:2] @ w.numpy()
    np.testing.assert_allclose(f(x[:2], x[:2]).numpy(), wanted, atol=0.01)


def test_examples_that_do_not_fit():
    w = tushuo.asarray(normal(9, 9))

    def f(x, twice):
        return x @ w @ w if twice else x @ w

    x = normal(2, 9)
    with pytest.raises(CompileError, match="the examples for calibration led another way"):
        compiled(f, "int8", (x, True))(x, False)
    with pytest.raises(CompileError, match="the examples for calibration led another way"):
        compiled(f, "int8", (x, False))(x, True)
    with pytest.raises(CompileError, match="led different ways"):
        compiled(f, "int8", (x, False), (x, True))(x, True)
    with pytest.raises(CompileError, match="numbers that are not finite"):
        compiled(f, "int8", (x * np.float32(np.inf), False))(x, False)


class Layers(nn.Module):
    """Two products and, where it is asked for, the first once more."""

    def __init__(self):
        self.first, self.second = nn.Linear(9, 9, rng=0), nn.Linear(9, 9, rng=1)

    def forward(self, x):
        return self.second(self.first(x))

    def twice(self, x):
        return self.first(self(x))


def test_ranges_are_named_by_weights():
    layers, x = Layers(), normal(2, 9)
    paths = ["first.weight", "second.weight"]
    for f, names in {
        layers: paths,
        layers.twice: [*paths, "first.weight#2"],
        partial(Layers.forward, layers): paths,
        (lambda x: layers(x)): ["layers.first.weight", "layers.second.weight"],
        (lambda x: x @ tushuo.asarray(np.eye(9, dtype="float32"))): ["product 0"],
    }.items():
        ranges = compile(f, precision="int8", calibration=[x], cache=False).ranges()
        assert list(ranges) == names
        assert ranges[names[0]] == (x.min(), x.max())


@pytest.mark.parametrize("precision", ["int8", "int16"])
def test_ranges_serve_instead_of_examples(precision):
    layers, x = Layers(), normal(4, 9)
    calibrated = compiled(layers, precision, x)
    ranges = dict(reversed(calibrated.ranges().items()), other=(0, 1))
    given = compile(layers, precision=precision, calibration=ranges, cache=False)
    np.testing.assert_array_equal(given(x).numpy(), calibrated(x).numpy())
    np.testing.assert_array_equal(given(x[:1]).numpy(), calibrated(x).numpy()[:1])  # other sizes
    assert given(x[:0]).shape == (0, 9)
    assert given.ranges() == ranges
    assert compile(layers).ranges() == {}


def test_ranges_of_another_function():
    layers, x = Layers(), normal(2, 9)
    ranges = compiled(layers, "int8", x).ranges()
    message = r"no range is known for 'first\.weight#2' \(1 of 3 products\); these are ranges of an"
    with pytest.raises(CompileError, match=message):
        compile(layers.twice, precision="int8", calibration=ranges)(x)


@pytest.mark.parametrize("wrong", [5, (1,), (0, np.inf), (np.nan, 1), (2, 1), ("0", 1)])
def test_what_is_no_range(wrong):
    with pytest.raises(UsageError, match="range of 'w': "):
        compile(tushuo.exp, precision="int8", calibration={"w": wrong})


MISUSES = {
    "no precision 'half'": {"precision": "half"},
    "precision 'int8' needs examples of calls": {"precision": "int8"},
    "precision 'bfloat16' has no use for calibration": {
        "precision": "bfloat16",
        "calibration": [1],
    },
    "there is no example to calibrate with": {"precision": "int16", "calibration": []},
    "calibration: got a ndarray, expected a list": {
        "precision": "int8",
        "calibration": np.ones((2, 9)),
    },
    "calibration: got a int, expected a list": {"precision": "int8", "calibration": 5},
}


@pytest.mark.parametrize(("message", "options"), MISUSES.items(), ids=MISUSES)
def test_misuse(message, options):
    with pytest.raises(UsageError, match=message):
        compile(tushuo.exp, **options)
