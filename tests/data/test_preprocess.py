from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tushuo.data import Preprocessing
from tushuo.errors import BundleError, UsageError

MODES = ["squash", "crop", "pad"]


def striped(width: int, height: int) -> Image.Image:
    """Red in the left third, green in the middle, blue in the right."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    for column in range(width):
        pixels[:, column, column * 3 // width] = 255
    return Image.fromarray(pixels)


def seen(prep: Preprocessing, image: Image.Image) -> list[str]:
    """What stands along the middle row of the square: r, g, b, or . for the mean."""
    row = prep(image)[:, prep.size // 2] * 128 + 127  # (3, W)
    colours = ["rgb"[column.argmax()] if np.ptp(column) > 200 else "." for column in row.T]
    return [c for c, before in zip(colours, ["", *colours], strict=False) if c != before]


@pytest.mark.parametrize("mode", MODES)
def test_shape_dtype_and_scale(mode):
    white = Preprocessing(32, mode)(Image.new("RGB", (32, 32), "white"))
    assert white.shape == (3, 32, 32)
    assert white.dtype == np.float32
    assert white.flags.c_contiguous
    assert (white == 1).all()  # (255 - 127) / 128
    assert (Preprocessing(32, mode)(Image.new("L", (32, 32), 127)) == 0).all()


def test_channels_have_their_own_mean_and_deviation():
    prep = Preprocessing(2, image_mean=(10.0, 20.0, 30.0), image_std=(1.0, 2.0, 4.0))
    array = prep(Image.new("RGB", (2, 2), (11, 24, 42)))
    assert array[:, 0, 0].tolist() == [1, 2, 3]


def test_what_each_mode_shows_of_a_wide_photograph():
    wide = striped(300, 100)
    assert seen(Preprocessing(60, "squash", resample="nearest"), wide) == ["r", "g", "b"]
    assert seen(Preprocessing(60, "crop", resample="nearest"), wide) == ["g"]
    assert seen(Preprocessing(60, "pad", resample="nearest"), wide) == ["r", "g", "b"]
    padded = Preprocessing(60, "pad")(wide)
    assert np.abs(padded[:, :19]).max() == 0  # bars of the mean above ...
    assert np.abs(padded[:, 41:]).max() == 0  # ... and below


def test_crop_equals_resize_then_centre_crop():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8))
    prep = Preprocessing(32, "crop", crop_fraction=0.5, resample="box")
    by_hand = np.asarray(image.crop((32, 16, 64, 48)))
    assert np.array_equal(np.asarray(prep.square(image)), by_hand)


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(MODES))
def test_region_is_centred_and_of_the_right_shape(width, height, mode):
    left, top, right, bottom = Preprocessing(8, mode).region(width, height)
    assert (left + right, top + bottom) == pytest.approx((width, height))
    if mode != "squash":
        side = min(width, height) if mode == "crop" else max(width, height)
        assert (right - left, bottom - top) == pytest.approx((side, side))
    assert Preprocessing(8, mode)(Image.new("RGB", (width, height))).shape == (3, 8, 8)


def test_extreme_proportions():
    for mode in MODES:
        assert Preprocessing(16, mode)(Image.new("RGB", (1, 5000))).shape == (3, 16, 16)


def test_batch_stacks_photographs_of_any_size():
    prep = Preprocessing(8)
    images = [striped(9, 5), striped(30, 30)]
    batch = prep.batch(images)
    assert batch.dtype == np.float32
    assert np.array_equal(batch, np.stack([prep(image) for image in images]))
    assert prep.batch([]).shape == (0, 3, 8, 8)


fractions = st.floats(0.01, 1)
triples = st.tuples(*[st.floats(0.5, 255)] * 3)


@given(st.integers(1, 4096), st.sampled_from(MODES), fractions, triples, triples)
def test_config_round_trip(size, mode, fraction, mean, std):
    fraction = fraction if mode == "crop" else 1.0
    prep = Preprocessing(size, mode, fraction, "lanczos", mean, std)
    config = json.loads(json.dumps(prep.to_config()))
    assert Preprocessing.from_config(config) == prep


def test_config_uses_the_names_of_hugging_face():
    config = Preprocessing(resample="bicubic").to_config()
    assert config["size"] == {"height": 224, "width": 224}
    assert config["resample"] == 3
    assert config["do_rescale"] is False
    assert Preprocessing.from_config({}) == Preprocessing()
    assert Preprocessing.from_config({"size": 96, "resample": "box"}).size == 96


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "got list, expected a JSON object"),
        ({"size": {"shortest_edge": 224}}, "expected equal 'height' and 'width'"),
        ({"size": 5000}, "size: got '5000', expected a whole number from 1 to 4096"),
        ({"size": True}, "size: got 'True'"),
        ({"do_center_crop": True}, r"keys: got .*do_center_crop"),
        ({"do_rescale": True}, "do_rescale: got 'True', expected false"),
        ({"resize_mode": ["pad"]}, "resize_mode"),
        ({"resample": 17}, "resample: got '17', expected one of"),
        ({"resample": {}}, "resample"),
        ({"crop_fraction": 0.5}, "crop_fraction: got '0.5', expected 1 unless"),
        ({"resize_mode": "crop", "crop_fraction": float("nan")}, "crop_fraction"),
        ({"image_mean": [1, 2]}, "image_mean: .* expected three numbers"),
        ({"image_mean": [1, 2, 10**400]}, "image_mean"),
        ({"image_std": [1, 0, 1]}, "image_std: .* expected three numbers > 0"),
    ],
)
def test_malformed_config(config, message):
    with pytest.raises(BundleError, match=f"preprocessor_config.json: .*{message}|: {message}"):
        Preprocessing.from_config(config)


def test_arguments_are_checked():
    with pytest.raises(UsageError, match="size"):
        Preprocessing(0)
    with pytest.raises(UsageError, match="resize_mode: got 'stretch', expected one of"):
        replace(Preprocessing(), resize_mode="stretch")


def test_reduced_jpegs_are_large_enough():
    assert Preprocessing(224).at_least == (448, 448)
    assert Preprocessing(100, "crop", crop_fraction=0.5).at_least == (400, 400)
