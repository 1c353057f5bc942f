"""Paths over a landscape."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageColor

from tushuo.errors import ShapeError
from tushuo.lessons.contours import contours

BOX = (-10, 10, -4, 4)


def bowl(p):
    return p[0] ** 2 + p[1] ** 2


def near(colour, name):
    return np.abs(np.subtract(colour, ImageColor.getrgb(name))).max() < 40


def test_the_floor_is_dark_and_the_heights_are_light():
    picture = contours(bowl, BOX, {})
    assert picture.width == 640
    floor, height = (sum(picture.getpixel(at)) for at in ((320, 128), (5, 5)))
    assert floor < height
    assert height > 700


def test_a_path_goes_through_its_points():
    picture = contours(bowl, BOX, {"a": [[-5.0, 2.0], [5.0, 2.0]], "b": [[0.0, -3.0], [0.0, -1.0]]})
    for x in (-5.0, 0.0, 5.0):
        at = picture.getpixel((int(320 + 32 * x), 128 - 32 * 2))
        assert near(at, "#e4572e")
    assert near(picture.getpixel((320, 128 + 64)), "#ffc914")


def test_a_path_that_leaves_the_box_does_not_cover_the_names():
    far = [[0.0, 0.0], [0.0, -1e300]]
    picture = contours(bowl, BOX, {"a": far})
    assert near(picture.getpixel((320, picture.height - 3)), "#1b1f27")


@pytest.mark.parametrize("path", [[1.0, 2.0], [[1.0, 2.0, 3.0]], np.zeros((0, 2))])
def test_a_path_of_another_shape_is_refused(path):
    with pytest.raises(ShapeError, match=r"path 'a' has shape .*, expected \(N, 2\)"):
        contours(bowl, BOX, {"a": path})


def test_a_function_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"returned \(\), expected \(256, 640\)"):
        contours(lambda p: 1.0, BOX, {})
