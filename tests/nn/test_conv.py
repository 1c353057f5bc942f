from __future__ import annotations

import numpy as np
import pytest

from tushuo.errors import ShapeError, UsageError
from tushuo.nn import Conv2d


def test_each_output_is_a_sum_of_products_plus_bias(rng):
    layer = Conv2d(2, 3, (2, 3), stride=2, padding=1, rng=0)
    x = rng.normal(size=(2, 2, 5, 6)).astype(np.float32)
    y = layer(x).numpy()
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    window = padded[1, :, 2:4, 4:7]
    expected = (layer.weight.numpy()[2] * window).sum() + layer.bias.numpy()[2]
    assert y.shape == (2, 3, 3, 3)
    assert y[1, 2, 1, 2] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        Conv2d(2, 4, 3, stride=2, padding=1, rng=0),
        Conv2d(4, 4, 3, padding="same", groups=4, rng=0),
        Conv2d(4, 2, (1, 2), dilation=(1, 2), groups=2, bias=False, rng=0),
    ],
    ids=repr,
)
def test_gradients(layer, check_layer, rng):
    check_layer(layer, rng.normal(size=(2, layer.in_channels, 4, 5)))


def test_reprs():
    assert repr(Conv2d(3, 8, 3)) == "Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))"
    layer = Conv2d(8, 8, 5, stride=2, padding=2, dilation=2, groups=8, bias=False)
    assert repr(layer) == (
        "Conv2d(8, 8, kernel_size=(5, 5), stride=(2, 2), padding=2, dilation=(2, 2), groups=8, "
        "bias=False)"
    )


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((2, 4, 9, 9), "Conv2d(3, 8) needs inputs (N, 3, H, W), got (2, 4, 9, 9)"),
        (
            (3, 9, 9),
            "Conv2d(3, 8) needs inputs (N, 3, H, W), got (3, 9, 9); "
            "add the batch axis: x[None] is (1, 3, 9, 9)",
        ),
    ],
)
def test_wrong_inputs_name_the_layer(shape, text):
    with pytest.raises(ShapeError) as error:
        Conv2d(3, 8, 3)(np.zeros(shape, np.float32))
    assert str(error.value) == text


def test_channels_must_split_into_groups():
    with pytest.raises(UsageError, match="3 and 8 channels cannot be split into 2 groups"):
        Conv2d(3, 8, 3, groups=2)
