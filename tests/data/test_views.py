"""Views of a training photograph, and what a mirror does to words."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tushuo.data import SPECIAL_TOKENS, Vocabulary
from tushuo.data.views import View, mirrored_ids


@pytest.fixture
def image():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))


def test_the_first_view_is_the_photograph(image):
    assert View()(image, 3) is image


def test_the_second_is_its_mirror_image(image):
    mirrored = np.asarray(View(1)(image, 3))
    np.testing.assert_array_equal(mirrored, np.asarray(image)[:, ::-1])


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_further_ones_are_parts_of_it(image, number):
    for seed in range(30):
        view = View(number)(image, seed)
        assert 0.28 * 2400 < view.width * view.height <= 2400
        assert view.width <= 60
        assert view.height <= 40


def test_a_view_depends_on_its_number_and_the_seed_alone(image):
    def pixels(number, seed):
        return View(number)(image, seed).tobytes()

    assert pixels(2, 7) == pixels(2, 7)
    assert len({pixels(n, seed) for n in (2, 3) for seed in (7, 8)}) == 4


def test_every_other_view_is_mirrored():
    assert [View(n).mirrored for n in range(5)] == [False, True, False, True, False]


def test_a_tiny_image_has_views():
    for number in range(6):
        assert View(number)(Image.new("RGB", (1, 1)), 0).size == (1, 1)


def test_left_is_right_in_a_mirror():
    words = [*SPECIAL_TOKENS, "left", "dog", "right"]
    swap = mirrored_ids(Vocabulary(words, [0] * 7))
    assert [words[i] for i in swap] == [*SPECIAL_TOKENS, "right", "dog", "left"]


def test_chinese_too_and_a_word_whose_opposite_is_unknown_stays():
    assert mirrored_ids(Vocabulary([*SPECIAL_TOKENS, "左", "右"], [0] * 6, "zh")).tolist() == [
        *range(4),
        5,
        4,
    ]
    assert mirrored_ids(Vocabulary([*SPECIAL_TOKENS, "left"], [0] * 5)).tolist() == [0, 1, 2, 3, 4]


def test_maps_of_other_cuttings_are_kept_apart():
    folders = [View(n).folder for n in range(5)]
    assert len(set(folders)) == 5
    assert folders[:2] == ["", "view-1"]  # as they always were
