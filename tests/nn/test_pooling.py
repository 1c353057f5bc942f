from __future__ import annotations

import numpy as np
import pytest

from tushuo.errors import ShapeError
from tushuo.nn import AdaptiveAvgPool2d, AvgPool2d, Flatten, MaxPool2d

IMAGE = np.arange(16.0).reshape(1, 1, 4, 4)


def test_max_and_mean_of_windows():
    assert MaxPool2d(2)(IMAGE).numpy().ravel().tolist() == [5, 7, 13, 15]
    assert AvgPool2d(2)(IMAGE).numpy().ravel().tolist() == [2.5, 4.5, 10.5, 12.5]


def test_the_margin_is_never_the_largest_but_counts_as_zeros_in_a_mean():
    assert MaxPool2d(3, 2, 1)(IMAGE - 20).numpy().ravel().tolist() == [-15, -13, -7, -5]
    assert AvgPool2d(3, 2, 1)(IMAGE).numpy()[0, 0, 0, 0] == pytest.approx((0 + 1 + 4 + 5) / 9)


def test_adaptive_windows_reach_over_the_whole_image():
    np.testing.assert_array_equal(AdaptiveAvgPool2d(1)(IMAGE).numpy(), [[[[7.5]]]])
    rows = AdaptiveAvgPool2d((3, 1))(IMAGE).numpy().ravel()
    np.testing.assert_allclose(rows, [3.5, 7.5, 11.5])  # rows 0-1, 1-2, 2-3


def test_flatten():
    x = np.zeros((2, 3, 4, 5))
    assert Flatten()(x).shape == (2, 60)
    assert Flatten(2)(x).shape == (2, 3, 20)
    assert Flatten()(np.zeros((0, 3, 4))).shape == (0, 12)


@pytest.mark.parametrize(
    "layer",
    [MaxPool2d(2), MaxPool2d(3, 2, 1), AvgPool2d((2, 3), 1), AdaptiveAvgPool2d(1),
     AdaptiveAvgPool2d((2, 3)), Flatten()],
    ids=repr,
)  # fmt: skip
def test_gradients(layer, check_layer, rng):
    check_layer(layer, rng.normal(size=(2, 2, 4, 5)))


@pytest.mark.parametrize("layer", [MaxPool2d(2), AvgPool2d(2), AdaptiveAvgPool2d(1)], ids=repr)
def test_images_need_a_batch_axis(layer):
    name = type(layer).__name__
    with pytest.raises(ShapeError) as error:
        layer(np.zeros((3, 8, 8)))
    assert str(error.value).startswith(f"{name} needs inputs (N, C, H, W), got (3, 8, 8); add")


def test_flatten_needs_its_axis():
    with pytest.raises(ShapeError, match=r"Flatten\(1\) got \(3,\): it has no such axis"):
        Flatten()(np.zeros(3))


def test_reprs():
    assert repr(MaxPool2d(2)) == "MaxPool2d(kernel_size=(2, 2), stride=(2, 2))"
    assert repr(AvgPool2d(3, 2, 1)) == "AvgPool2d(kernel_size=(3, 3), stride=(2, 2), padding=1)"
    assert repr(AdaptiveAvgPool2d(1)) == "AdaptiveAvgPool2d(output_size=(1, 1))"
    assert repr(Flatten()) == "Flatten(start_axis=1)"
