"""Attention laid over photographs, and the picture that explains a caption."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tushuo.caption import Caption, explain, fonts, heatmap, spotlight
from tushuo.caption.fonts import font
from tushuo.data import Preprocessing
from tushuo.errors import MissingDependencyError, ShapeError


def corner(row, column, side=4):
    attention = np.zeros((side, side), np.float32)
    attention[row, column] = 1
    return attention


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 3), (3, 0), (2, 1)])
def test_the_light_falls_where_the_attention_was(row, column):
    light = heatmap(corner(row, column), (80, 40))
    assert light.shape == (40, 80)
    assert light.min() >= 0
    assert light.max() == pytest.approx(1)
    y, x = np.unravel_index(np.argmax(light), light.shape)
    assert (y // 10, x // 20) == (row, column)
    assert np.abs(np.diff(light, axis=1)).max() < 0.15  # no edges between the places


def test_a_cropped_photograph_is_dark_at_its_sides():
    middle = Preprocessing(resize_mode="crop")
    light = heatmap(np.ones((4, 4)), (100, 40), middle)
    assert light[:, :29].max() == 0
    assert light[:, 71:].max() == 0
    assert light[:, 31:69].min() > 0.9


def test_a_padded_photograph_has_no_light_from_the_padding():
    padded = Preprocessing(resize_mode="pad")
    light = heatmap(corner(1, 1), (80, 40), padded)  # the map covers 80 x 80, rows 20 to 60
    y, x = np.unravel_index(np.argmax(light), light.shape)
    assert (y // 20, x // 20) == (0, 1)


def test_flat_attention_lights_everything():
    light = heatmap(np.full((3, 3), 1 / 9), (30, 30))
    assert light.min() > 0.95


@pytest.mark.parametrize("shape", [(3,), (0, 3), (1, 3, 3)])
def test_no_map(shape):
    with pytest.raises(ShapeError, match=r"expected an attention map \(h, w\)"):
        heatmap(np.ones(shape), (9, 9))


def test_spotlight():
    photograph = Image.new("RGB", (2, 1), (200, 40, 40))
    lit = np.asarray(spotlight(photograph, np.array([[0.0, 1.0]])))
    dark, bright = lit[0]
    assert tuple(bright) == (200, 40, 40)
    assert len(set(dark.tolist())) == 1
    assert dark[0] < 60


def caption_of(words, alternatives=()):
    attention = np.full((len(words), 2, 2), 0.25, np.float32)
    attention[:, 0, 0] += 0.5
    text = " ".join(words).capitalize() + "."
    return Caption(text, tuple(words), -9.5, -1.5, attention / 1.5, tuple(alternatives))


@pytest.mark.parametrize("size", [(300, 200), (200, 900), (2000, 3), (1, 1)])
@pytest.mark.parametrize("count", [1, 5, 6, 20])
def test_a_picture_for_any_photograph_and_any_caption(size, count):
    photograph = Image.new("RGB", size, (10, 200, 10))
    picture = explain(photograph, caption_of(["word"] * count))
    assert picture.mode == "RGB"
    assert picture.width == 1200
    assert picture.height < 8000


def test_the_first_tile_is_the_photograph_and_others_are_lit():
    photograph = Image.new("RGB", (300, 200), (10, 200, 10))
    pixels = np.asarray(explain(photograph, caption_of(["green", "grass"]))).reshape(-1, 3)
    green = np.all(np.abs(pixels.astype(int) - (10, 200, 10)) <= 2, axis=1).sum()
    grey = np.all(np.ptp(pixels, axis=1, keepdims=True) <= 4, axis=1)
    dark = (grey & (pixels.mean(axis=1) < 60) & (pixels.mean(axis=1) > 40)).sum()
    tile = 268 * 179
    assert green == pytest.approx(tile, rel=0.2)  # one tile, and the brightest of two more
    assert dark > 0.3 * tile


def test_alternatives_take_room_and_long_text_stays_on_the_page():
    photograph = Image.new("RGB", (300, 200))
    plain = explain(photograph, caption_of(["a", "dog"]))
    others = [caption_of(["a", "cat"]), caption_of(["x" * 200] * 2)]
    beam = explain(photograph, caption_of(["a", "dog"], others))
    assert beam.height > plain.height
    paper = np.asarray(beam)[0, 0]
    assert np.all(np.asarray(beam)[:, -20:] == paper)


def test_the_arguments_are_left_alone():
    photograph = Image.new("RGB", (30, 20), (1, 2, 3))
    caption = caption_of(["a"])
    before = photograph.tobytes(), caption.attention.copy()
    explain(photograph, caption)
    assert photograph.tobytes() == before[0]
    np.testing.assert_array_equal(caption.attention, before[1])


def chinese_caption():
    attention = np.full((2, 3, 3), 1 / 9, np.float32)
    return Caption("狗跑。", ("狗", "跑"), -1.0, -0.5, attention)


def test_chinese_letters_are_those_of_the_system():
    try:
        big = font(34, "狗")
    except MissingDependencyError:
        pytest.skip("needs a Chinese font")
    assert big is font(34, "跑")
    assert big is not font(34, "dog")
    marks = {bytes(big.getmask(letter)) for letter in "狗跑猫草"}
    assert len(marks) == 4  # and not four times the box of a letter that is not there
    assert explain(Image.new("RGB", (90, 60)), chinese_caption()).width == 1200


def test_without_a_chinese_font(monkeypatch):
    monkeypatch.setattr(fonts, "_FILES", ("no-such-font.ttf",))
    fonts._chinese.cache_clear()
    with pytest.raises(MissingDependencyError) as caught:
        explain(Image.new("RGB", (90, 60)), chinese_caption())
    fonts._chinese.cache_clear()
    assert str(caught.value) == (
        "a picture of a Chinese caption needs a Chinese font, and none was found; install one, "
        "such as Noto Sans CJK (fonts-noto-cjk)"
    )
