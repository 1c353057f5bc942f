"""The captioner as a whole, on a small random bundle."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tiny import tiny_bundle
from tushuo.caption import load_captioner
from tushuo.data import load_image
from tushuo.errors import BundleError, ImageError, ShapeError, UsageError


@pytest.fixture(scope="module")
def features():
    """Of five photographs that never were; a random encoder says the same about all photographs."""
    return np.random.default_rng(0).normal(0, 20, (5, 4, 1280)).astype(np.float32)


def test_a_caption_tells_all_about_itself(captioner, photographs):
    captions = captioner(photographs)
    assert len(captions) == 3
    for caption in captions:
        assert caption.text == str(caption)
        assert caption.text[0].isupper()
        assert caption.text.endswith(".")
        assert caption.text[:-1].lower().split() == list(caption.words)
        assert caption.attention.shape == (len(caption.words), 2, 2)
        np.testing.assert_allclose(caption.attention.sum(axis=(1, 2)), 1, rtol=1e-5)
        assert caption.score == pytest.approx(caption.logprob / (len(caption.words) + 1) ** 0.5)
        ranked = [caption, *caption.alternatives]
        assert len(ranked) == 3
        assert [c.score for c in ranked] == sorted((c.score for c in ranked), reverse=True)
        assert all(c.alternatives == () for c in caption.alternatives)


def test_paths_bytes_files_and_images_are_the_same(captioner, photographs):
    path = photographs[0]
    sources = [path, str(path), path.read_bytes(), BytesIO(path.read_bytes()), load_image(path)]
    captions = captioner(sources)
    assert len({caption.text for caption in captions}) == 1
    palette = load_image(path).quantize(64)
    assert captioner([palette])[0].words


def test_any_iterable_and_any_batch_size(captioner, photographs):
    expected = captioner(photographs)
    found = captioner(iter(photographs), batch_size=2)
    assert [c.text for c in found] == [c.text for c in expected]
    np.testing.assert_allclose([c.logprob for c in found], [c.logprob for c in expected], rtol=1e-5)
    assert captioner([]) == []


def test_features_of_photographs(captioner, photographs):
    features = captioner.encode(photographs, batch_size=2)
    assert features.shape == (3, 4, 1280)
    assert features.dtype == np.float32
    assert captioner.encode([]).shape == (0, 4, 1280)
    direct, indirect = captioner(photographs), captioner.caption_features(features)
    assert [c.text for c in direct] == [c.text for c in indirect]


def test_features_are_places_row_by_row(captioner, photographs):
    pixels = captioner.preprocessing.batch([load_image(photographs[0])])
    maps = tiny_bundle().encoder.features(pixels).numpy()  # (1, 1280, 2, 2)
    flat = captioner.features(pixels)
    for y in range(2):
        for x in range(2):
            np.testing.assert_allclose(flat[0, 2 * y + x], maps[0, :, y, x], atol=1e-5)


def test_one_photograph_does_not_feel_the_others(captioner, features):
    together = captioner.caption_features(features)
    alone = [captioner.caption_features(features[i : i + 1])[0] for i in range(5)]
    assert [c.text for c in together] == [c.text for c in alone]
    assert len({c.text for c in together}) > 1


def test_the_search_can_be_set(captioner, features):
    (greedy,) = captioner.caption_features(features[:1], beams=1)
    assert greedy.alternatives == ()
    (short,) = captioner.caption_features(features[:1], max_words=2, length_penalty=1)
    assert len(short.words) <= 2
    assert short.score == pytest.approx(short.logprob / (len(short.words) + 1))
    assert captioner.settings(beams=None) == tiny_bundle().decoding


def test_loading(bundle_folder, captioner, features):
    loaded = load_captioner(bundle_folder)
    assert repr(loaded) == "Captioner('tiny', 11 tokens)"
    expected, found = captioner.caption_features(features), loaded.caption_features(features)
    differences = [a.logprob - b.logprob for a, b in zip(expected, found, strict=True)]
    assert np.abs(differences).max() < 0.05  # float16 on disk
    with pytest.raises(BundleError, match="no such model"):
        load_captioner("no-such-bundle")


def test_bad_images_are_named(captioner, photographs, tmp_path):
    empty = tmp_path / "empty.jpg"
    empty.touch()
    with pytest.raises(ImageError, match=r"empty\.jpg.*the file is empty"):
        captioner([photographs[0], empty])


@pytest.mark.parametrize("image", ["a.jpg", b"...", BytesIO(), Image.new("RGB", (9, 9))])
def test_a_single_image_is_no_list(captioner, image):
    with pytest.raises(UsageError, match=r"got a single image; pass a list.*\[image\]"):
        captioner(image)


@pytest.mark.parametrize("shape", [(4, 1280), (1, 3, 1280), (1, 4, 1279), (1, 0, 1280)])
def test_features_of_another_shape(captioner, shape):
    with pytest.raises(ShapeError, match=r"expected \(N, L, 1280\)"):
        captioner.caption_features(np.zeros(shape))


@pytest.mark.parametrize("options", [{"beams": 0}, {"batch_size": 0}, {"max_words": -1}])
def test_numbers_out_of_range(captioner, photographs, options):
    with pytest.raises(UsageError, match=next(iter(options))):
        captioner(photographs, **options)
