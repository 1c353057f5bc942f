from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tushuo.caption.training import FeatureCache, default_cache, features
from tushuo.data import Preprocessing
from tushuo.data.views import View
from tushuo.errors import ImageError
from tushuo.graph import Tensor
from tushuo.models.efficientnet import EfficientNetLite

SQUARE = Preprocessing(size=64)


@pytest.fixture(scope="module")
def encoder():
    return EfficientNetLite("efficientnet-lite0", classes=1, rng=0).eval()


@pytest.fixture
def photos(tmp_path):
    noise = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.png" for name in ("one", "two", "three")]
    for path in paths:
        Image.fromarray(noise.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(path)
    return paths


def test_maps_are_those_of_the_encoder(encoder, photos, tmp_path):
    cache = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    cache.fill(photos)
    pixels = SQUARE.batch([Image.open(path) for path in photos])
    expected = encoder.features(Tensor(pixels)).numpy().reshape(3, 1280, 4).transpose(0, 2, 1)
    assert cache[photos].dtype == np.float32
    np.testing.assert_allclose(cache[photos], expected, rtol=2e-3, atol=1e-4)  # kept as float16


def test_what_is_there_is_not_computed_again(encoder, photos, tmp_path, monkeypatch):
    done: list[int] = []
    cache = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    cache.fill(photos[:2], done.append)
    again = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    computed = []
    monkeypatch.setattr(again, "_store", lambda images, arrays, view: computed.extend(images))
    again.fill(photos, done.append)
    assert computed == photos[2:]
    assert sum(done) == 5


def test_a_changed_photograph_preprocessing_or_encoder_gets_another_map(encoder, photos, tmp_path):
    cache = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    cache.fill(photos)
    before = cache[photos]
    Image.new("RGB", (30, 30), "red").save(photos[0])
    changed = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    changed.fill(photos)
    assert not np.array_equal(changed[photos][0], before[0])
    np.testing.assert_array_equal(changed[photos][1:], before[1:])
    other = EfficientNetLite("efficientnet-lite0", classes=1, rng=1).eval()
    folders = {
        FeatureCache(network, preprocessing, tmp_path).folder
        for network in (encoder, other)
        for preprocessing in (SQUARE, Preprocessing(size=96))
    }
    assert len(folders) == 4


def test_a_torn_map_is_computed_again(encoder, photos, tmp_path):
    cache = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    cache.fill(photos)
    before = cache[photos]
    whole, empty, _ = sorted(cache.folder.rglob("*.npy"))
    whole.write_bytes(whole.read_bytes()[:200])
    empty.write_bytes(b"")
    again = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    again.fill(photos)
    np.testing.assert_array_equal(again[photos], before)


def test_a_bad_photograph_is_named(encoder, photos, tmp_path):
    photos[1].write_bytes(b"no image")
    cache = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    with pytest.raises(ImageError, match=r"two\.png"):
        cache.fill(photos)
    photos[0].unlink()
    with pytest.raises(ImageError, match=r"cannot read '.*one\.png': No such file"):
        FeatureCache(encoder, SQUARE, tmp_path / "cache").fill(photos)


def test_what_cannot_be_read_is_found_beforehand(encoder, photos, tmp_path):
    cache = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    photos[1].write_bytes(photos[1].read_bytes()[:1500])
    missing = tmp_path / "missing.png"
    done: list[int] = []
    bad = cache.unreadable([*photos, missing], done.append)
    assert list(bad) == [photos[1], missing]
    assert "two.png" in str(bad[photos[1]])
    assert "No such file" in str(bad[missing])
    assert sum(done) == 4
    assert not (tmp_path / "cache").exists()


def test_what_has_a_map_is_not_read_again(encoder, photos, tmp_path, monkeypatch):
    cache = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    cache.fill(photos[:2])
    read = []
    monkeypatch.setattr(features, "load_image", lambda path, **_: read.append(path))
    assert cache.unreadable(photos) == {}
    assert read == photos[2:]


def test_copies_are_told(encoder, photos, tmp_path):
    copy = tmp_path / "copy.png"
    copy.write_bytes(photos[0].read_bytes())
    cache = FeatureCache(encoder, SQUARE, tmp_path / "cache")
    assert cache.same([photos[2], copy], photos[:2]) == [(copy, photos[0])]
    assert cache.missing([*photos, copy]) == photos
    cache.fill(photos[1:2])
    assert cache.missing([copy, *photos]) == [copy, photos[2]]
    assert cache.missing(photos, View(1)) == photos


def test_the_cache_folder_follows_the_convention(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "tushuo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "tushuo"
