"""Bundles that name the holder of their encoder, and all that can be wrong with it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from tiny import tiny_bundle
from tushuo.caption import load_bundle, save_bundle
from tushuo.errors import BundleError
from tushuo.models import installed
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.weights_file import write_weights


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Installed: an encoder, and a bundle that keeps its own."""
    root = tmp_path_factory.mktemp("installed")
    (root / "eye").mkdir()
    (root / "eye" / "config.json").write_text('{"model_type": "efficientnet-lite"}')
    network = EfficientNetLite("efficientnet-lite0", classes=3, rng=2)
    weights = network.state_dict() | {  # as they are in the tiny bundle, which has no classes
        name: x
        for name, x in tiny_bundle().encoder.state_dict().items()
        if not name.startswith("classifier.")
    }
    write_weights(root / "eye" / "model.safetensors", weights)
    save_bundle(root / "whole", tiny_bundle(), "# whole\n")
    return root


@pytest.fixture
def place(world, tmp_path, monkeypatch):
    copy = shutil.copytree(world, tmp_path / "installed")
    monkeypatch.setattr(installed, "BUNDLES", copy)
    return copy


@pytest.fixture
def sharing(place, tmp_path):
    # the encoder as it is on disk: rounded
    save_bundle(tmp_path / "sharing", load_bundle("whole"), "# sharing\n", share_encoder="eye")
    return tmp_path / "sharing"


def edit(folder, **changes):
    path = folder / "config.json"
    content = json.loads(path.read_text())
    content["encoder"] |= changes
    path.write_text(json.dumps(content))


def error_of(folder):
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_the_encoder_is_that_of_the_holder(sharing):
    config = json.loads((sharing / "config.json").read_text())
    assert config["encoder"]["shared"] == "eye"
    assert set(config["encoder"]) == {"name", "shared", "sha256"}
    assert all(name.startswith("decoder.") for name in load_file(sharing / "model.safetensors"))
    shared, whole = load_bundle(sharing).encoder, load_bundle("whole").encoder
    for name, array in whole.state_dict().items():
        if not name.startswith("classifier."):
            np.testing.assert_array_equal(shared.state_dict()[name], array)


def test_two_bundles_hold_one_encoder_in_memory(sharing):
    first, second = load_bundle(sharing), load_bundle(sharing)
    assert first.encoder is second.encoder
    assert first.decoder is not second.decoder


def test_a_bundle_can_be_the_holder(place, tmp_path):
    save_bundle(tmp_path / "b", load_bundle("whole"), "", share_encoder="whole")
    assert load_bundle(tmp_path / "b").encoder.name == "efficientnet-lite0"
    shutil.copytree(tmp_path / "b", place / "b")
    with pytest.raises(BundleError, match="'b' holds no encoder; name the model that does"):
        save_bundle(tmp_path / "c", load_bundle("whole"), "", share_encoder="b")


def test_saved_again_it_is_whole(sharing, place, tmp_path):
    save_bundle(tmp_path / "given", load_bundle(sharing), "")
    shutil.rmtree(place / "eye")
    shutil.rmtree(place / "whole")
    assert load_bundle(tmp_path / "given").encoder.name == "efficientnet-lite0"


def test_a_missing_holder(sharing, place):
    shutil.rmtree(place / "eye")
    assert error_of(sharing) == (
        f"{sharing / 'config.json'}: its encoder is that of 'eye', which is not installed; "
        "installed: whole; or use a copy of the bundle with its own encoder"
    )


def test_a_holder_with_other_weights(sharing, place):
    other = EfficientNetLite("efficientnet-lite0", classes=3, rng=9)
    write_weights(place / "eye" / "model.safetensors", other.state_dict())
    text = error_of(sharing)
    assert "config.json: the encoder of 'eye' is another one: sha256 " in text
    assert "install the version of it that the bundle was made for" in text


@pytest.mark.parametrize(
    "name", ["../eye", "./eye", "eye/", "/etc", "..", "", "eye\0", "installed/eye"]
)
def test_paths_are_no_names(sharing, name, monkeypatch):
    monkeypatch.chdir(sharing.parent / "installed")  # where the folder would be found
    edit(sharing, shared=name)
    assert "which is not installed" in error_of(sharing)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shared": 3}, "encoder.shared: got 3, expected a model's name"),
        ({"shared": None}, "encoder.shared: got None"),
        ({"sha256": None}, "encoder.sha256: got None, expected 64 hex digits"),
        ({"sha256": "z" * 64}, "expected 64 hex digits"),
        ({"name": "efficientnet-lite2"}, "the weights do not fit"),
    ],
)
def test_a_config_that_says_nonsense(sharing, changes, message):
    edit(sharing, **changes)
    assert message in error_of(sharing)


def test_a_damaged_holder_is_named(sharing, place):
    path = place / "eye" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    assert f"{path}: truncated or damaged" in error_of(sharing)
    path.unlink()
    assert f"{path}: missing" in error_of(sharing)


def test_an_encoder_beside_a_holder(place, tmp_path):
    folder = shutil.copytree(place / "whole", tmp_path / "both")
    edit(folder, shared="eye", sha256="0" * 64)
    assert "holds an encoder, though config.json says that it is shared" in error_of(folder)


def test_another_encoder_is_not_shared(place, tmp_path):
    other = EfficientNetLite("efficientnet-lite0", classes=1, rng=5).eval()
    with pytest.raises(BundleError, match="encoder of 'eye' has other weights than this effic"):
        save_bundle(tmp_path / "b", replace(tiny_bundle(), encoder=other), "", share_encoder="eye")
    with pytest.raises(BundleError, match=r"'nose': no such model is installed; installed: eye"):
        save_bundle(tmp_path / "b", tiny_bundle(), "", share_encoder="nose")
    assert not (tmp_path / "b").exists()


def test_a_bundle_of_8_bit_numbers_is_smaller_and_nearly_the_same(place, tmp_path):
    save_bundle(tmp_path / "small", tiny_bundle(), "", store="int8")
    size = [(f / "model.safetensors").stat().st_size for f in (tmp_path / "small", place / "whole")]
    assert size[0] < 0.6 * size[1]
    small, mine = load_bundle(tmp_path / "small"), tiny_bundle()
    for name, array in mine.decoder.state_dict().items():
        found = small.decoder.state_dict()[name]
        assert np.abs(found - array).max() <= np.abs(array).max() / 254 * 1.01


def test_the_shipped_captioners_are_small():
    bundles = [*installed.BUNDLES.iterdir()]
    assert {"flickr8k-en", "flickr8k-zh"} <= {bundle.name for bundle in bundles}
    captioners = [bundle for bundle in bundles if bundle.name.startswith("flickr8k")]
    assert sum(f.stat().st_size for b in captioners for f in b.iterdir()) < 40e6
    assert sum(f.stat().st_size for b in bundles for f in b.iterdir()) < 52e6
