"""Operands and options that do not fit a convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tushuo.errors import DTypeError, ShapeError
from tushuo.graph.ops import conv2d, conv_transpose2d

X, W = np.ones((1, 4, 5, 5)), np.ones((6, 2, 3, 3))

ERRORS: dict[str, tuple[Any, str]] = {
    "rank": (lambda: conv2d(X[0], W), r"needs images \(N, C, H, W\), got shape \(4, 5, 5\)"),
    "weights": (lambda: conv2d(X, W[0]), r"needs weights \(O, C/groups, kh, kw\), got shape"),
    "empty": (lambda: conv2d(X, W[:, :, :0]), r"got shape \(6, 2, 0, 3\)"),
    "channels": (
        lambda: conv2d(X, W),
        r"need images of 2 channels \(2 in each of 1 groups\), got 4",
    ),
    "groups": (lambda: conv2d(X, W, groups=3), r"groups=3 does not divide 4 channels"),
    "no groups": (lambda: conv2d(X, W, groups=0), r"groups=0 does not divide 4 channels"),
    "outputs": (lambda: conv2d(X, W[:5], groups=2), r"does not divide the 5 output channels"),
    "kernel": (
        lambda: conv2d(X, W, groups=2, dilation=3),
        r"kernel of \(3, 3\) \(dilated to \(7, 7\)\) is larger than the padded image of \(5, 5\)",
    ),
    "stride": (
        lambda: conv2d(X, W, groups=2, stride=0),
        r"stride must be an integer >= 1 .* got 0",
    ),
    "half": (lambda: conv2d(X, W, groups=2, stride=1.5), r"stride must be an integer .* got 1.5"),
    "triple": (
        lambda: conv2d(X, W, groups=2, dilation=(1, 1, 1)),
        r"dilation must be .*\(1, 1, 1\)",
    ),
    "negative": (lambda: conv2d(X, W, groups=2, padding=-1), r"padding must be an integer >= 0"),
    "word": (lambda: conv2d(X, W, groups=2, padding="full"), r"unknown padding 'full'; use"),
    "margins": (lambda: conv2d(X, W, groups=2, padding=((1, 1),)), r"must be \(\(top, bottom\)"),
    "bias": (
        lambda: conv2d(X, W, np.ones(5), groups=2),
        r"bias must have shape \(6,\), got \(5,\)",
    ),
    "transposed": (
        lambda: conv_transpose2d(X, W),
        r"weights .* take 6 channels, the images have 4",
    ),
    "extra": (
        lambda: conv_transpose2d(X, W[:4], output_padding=1),
        r"output_padding must be less than the stride \(1, 1\), got \(1, 1\)",
    ),
    "nothing": (lambda: conv_transpose2d(X, W[:4], padding=4), r"would give images of \(-1, -1\)"),
    "no word": (lambda: conv_transpose2d(X, W[:4], padding="same"), r"takes numbers as padding"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_does_not_fit(name: str) -> None:
    call, message = ERRORS[name]
    with pytest.raises(ShapeError, match=message):
        call()


def test_kinds_cannot_be_mixed() -> None:
    with pytest.raises(DTypeError, match="conv2d cannot mix float64 and int64"):
        conv2d(X, W.astype("int64"), groups=2)
