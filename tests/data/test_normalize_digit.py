"""Pictures of digits become images like those of MNIST."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handwriting import few
from tushuo.data.mnist import normalize_digit
from tushuo.errors import ImageError


def sheet(digit, size=(500, 400), place=(60, 90), paper=240, ink=20, scale=7):
    """A digit of MNIST, enlarged on a sheet of paper."""
    cover = Image.fromarray(digit).resize((28 * scale, 28 * scale), Image.Resampling.BICUBIC)
    picture = Image.new("L", size, paper)
    picture.paste(Image.new("L", cover.size, ink), place, cover)
    return picture


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"paper": 10, "ink": 250},
        {"paper": 150, "ink": 90},
        {"size": (3000, 1500), "place": (1900, 700), "scale": 20},
        {"size": (33, 36), "place": (4, 1), "scale": 1},
    ],
)
def test_it_is_nearly_the_image_of_mnist(how):
    likeness = []
    for digit in few(25).train.images:
        found = normalize_digit(sheet(digit, **how))
        moved = [np.roll(found, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        likeness.append(max(np.corrcoef(x.ravel(), digit.ravel())[0, 1] for x in moved))
        assert found.max() > 200
    assert np.mean(likeness) > 0.95


def test_the_rules_of_mnist():
    found = normalize_digit(sheet(few().train.images[0], place=(200, 10)).convert("RGBA"))
    rows, columns = np.nonzero(found)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    mass = found / found.sum()
    centre = [(mass.sum(1 - axis) * (np.arange(28) + 0.5)).sum() for axis in (0, 1)]
    assert np.abs(np.array(centre) - 14).max() <= 0.5


def test_a_thin_pen_leaves_a_visible_stroke():
    picture = Image.new("L", (600, 800), 255)
    ImageDraw.Draw(picture).line((100, 100, 500, 100, 250, 700), 0, width=3)
    assert (normalize_digit(picture) > 200).sum() > 40


def test_noise_and_shadow_are_no_ink():
    rng = np.random.default_rng(0)
    clean = few().train.images[0]
    grey = np.asarray(sheet(clean), np.float32)
    shadow = np.linspace(0, 40, grey.shape[1]) + rng.normal(0, 4, grey.shape)
    dirty = Image.fromarray((grey - shadow).clip(0, 255).astype(np.uint8))
    found = normalize_digit(dirty)
    assert np.corrcoef(found.ravel(), normalize_digit(sheet(clean)).ravel())[0, 1] > 0.9


@pytest.mark.parametrize("size", [(1, 1), (100, 50)])
def test_a_blank_picture(size):
    with pytest.raises(ImageError, match="the picture is blank; a digit must stand out"):
        normalize_digit(Image.new("RGB", size, "white"))


@pytest.mark.parametrize("size", [(2, 1), (1, 300), (700, 3)])
def test_odd_pictures(size):
    picture = Image.new("L", size, 255)
    picture.putpixel((0, 0), 0)
    assert normalize_digit(picture).shape == (28, 28)
