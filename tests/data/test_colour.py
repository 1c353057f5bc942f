from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tushuo.data import load_image, to_rgb


def reload(image: Image.Image, kind: str, **options: object) -> np.ndarray:
    file = BytesIO()
    image.save(file, kind, **options)
    return np.asarray(load_image(file.getvalue())).astype(int)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_are_scaled_not_clipped(kind):
    values = np.array([[0, 128, 255, 256], [20_000, 32_768, 50_000, 65_535]], dtype=np.uint16)
    pixels = reload(Image.fromarray(values), kind)
    assert (pixels == np.rint(values / 257)[..., None]).all()


def test_16_bits_big_endian():
    big = Image.frombytes("I;16B", (2, 1), b"\x80\x00\xff\xff")
    assert np.asarray(to_rgb(big))[0, :, 0].tolist() == [128, 255]


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_floats_run_to_1_or_to_255(top):
    values = np.linspace(0, top, 256, dtype=np.float32)[None]
    assert (reload(Image.fromarray(values), "TIFF")[0, :, 1] == np.arange(256)).all()


def test_hostile_floats_and_wide_integers():
    bad = np.array([[np.nan, np.inf, -np.inf, 7.0]], dtype=np.float32)
    assert reload(Image.fromarray(bad), "TIFF")[0, :, 0].tolist() == [0, 255, 0, 7]
    wide = np.array([[0, 2**30, 2**31 - 1]], dtype=np.int32)
    assert reload(Image.fromarray(wide), "TIFF")[0, :, 0].tolist() == [0, 128, 255]


def test_transparency_is_laid_on_white():
    rgba = Image.new("RGBA", (4, 2), (255, 0, 0, 0))
    rgba.putpixel((1, 0), (0, 0, 255, 255))
    rgba.putpixel((2, 0), (0, 0, 0, 128))
    for image in (rgba, rgba.convert("RGBa")):
        pixels = np.asarray(to_rgb(image))
        assert pixels[0, :3].tolist() == [[255] * 3, [0, 0, 255], [127] * 3]
    grey = np.asarray(to_rgb(Image.new("LA", (1, 1), (0, 64))))
    assert grey[0, 0].tolist() == [191] * 3


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour(kind):
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.putpixel((0, 0), 0)
    assert reload(palette, kind)[0, :2].tolist() == [[255, 0, 0], [0, 255, 0]]
    assert reload(palette, kind, transparency=0)[0, :2].tolist() == [[255] * 3, [0, 255, 0]]


@pytest.mark.parametrize(("mode", "clear"), [("L", 10), ("RGB", (10, 20, 30))])
def test_a_transparent_colour_without_a_palette(mode, clear):
    image = Image.new(mode, (2, 1), clear)
    image.putpixel((1, 0), 0 if mode == "L" else (0, 0, 0))
    assert reload(image, "PNG", transparency=clear)[0].tolist() == [[255] * 3, [0] * 3]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind):
    inks = {(0, 0, 0, 0): [255] * 3, (0, 0, 0, 255): [0] * 3, (255, 0, 0, 0): [0, 255, 255]}
    for ink, rgb in inks.items():
        pixels = reload(Image.new("CMYK", (16, 16), ink), kind)
        assert np.abs(pixels - rgb).max() <= 3


@pytest.mark.parametrize("mode", ["L", "YCbCr", "HSV", "RGBX", "LAB"])
def test_other_modes_become_rgb(mode):
    grey = Image.new("RGB", (3, 2), (200, 200, 200))
    pixels = np.asarray(to_rgb(grey.convert(mode))).astype(int)
    assert np.abs(pixels - 200).max() <= 3


def test_lab_from_a_file():
    grey = Image.new("RGB", (3, 2), (200, 200, 200)).convert("LAB")
    assert np.abs(reload(grey, "TIFF") - 200).max() <= 3


def test_one_bit():
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert reload(image, "PNG")[0].tolist() == [[0] * 3, [255] * 3]


def test_the_input_keeps_its_pixels_and_metadata():
    image = Image.new("RGB", (2, 2), "red")
    image.info["note"] = "kept"
    result = to_rgb(image)
    result.putpixel((0, 0), (0, 0, 0))
    assert image.getpixel((0, 0)) == (255, 0, 0)
    assert image.info == {"note": "kept"}
    assert result.info == {}
