"""Trained networks from folders, and what is wrong with some."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

import torch_files as tf
from tushuo.errors import BundleError, CheckpointError
from tushuo.models import EfficientNetLite, installed, load_efficientnet
from tushuo.models.efficientnet_names import BLOCK_LAYERS, LAYERS
from tushuo.models.weights_file import read_weights, write_weights


@pytest.fixture(scope="module")
def network():
    return EfficientNetLite("efficientnet-lite0", rng=0).eval()


@pytest.fixture
def folder(tmp_path, network):
    write_weights(tmp_path / "model.safetensors", network.state_dict())
    (tmp_path / "config.json").write_text('{"model_type": "efficientnet-lite"}')
    return tmp_path


def same_logits(one, other):
    pixels = np.random.default_rng(1).normal(size=(1, 3, 64, 64)).astype(np.float32)
    np.testing.assert_allclose(one(pixels).numpy(), other(pixels).numpy(), atol=2e-3)


def test_a_folder_by_path_and_by_name(folder, network, monkeypatch):
    loaded = load_efficientnet(folder)
    assert (loaded.name, loaded.training) == ("efficientnet-lite0", False)
    same_logits(loaded, network)
    monkeypatch.setattr(installed, "BUNDLES", folder.parent)
    same_logits(load_efficientnet(folder.name), network)


def test_a_published_file(tmp_path, network):
    weights = {published(name): x for name, x in network.state_dict().items()}
    keys = {name: str(i) for i, name in enumerate(weights)}
    body = tf.mapping({name: stored(keys[name], x) for name, x in weights.items()})
    storages = {keys[name]: np.ascontiguousarray(x).tobytes() for name, x in weights.items()}
    path = tmp_path / "lite0.pth"
    path.write_bytes(tf.zip_file(body, storages))
    loaded = load_efficientnet(path)
    for name, x in network.state_dict().items():
        np.testing.assert_array_equal(loaded.state_dict()[name], x)


def published(name):
    """The other way round of `rename_parameter`."""
    *layer, field = name.split(".")
    if layer[0] == "blocks":
        theirs = {ours: theirs for theirs, ours in BLOCK_LAYERS.items()}
        return f"_blocks.{layer[1]}.{theirs['.'.join(layer[2:])]}.{field}"
    theirs = {ours: theirs for theirs, ours in LAYERS.items()}
    return f"{theirs['.'.join(layer)]}.{field}"


def stored(key, x):
    strides = tuple(s // 4 for s in np.ascontiguousarray(x).strides)
    return tf.tensor("FloatStorage", key, x.size, x.shape, strides)


def test_another_network(folder):
    weights = read_weights(folder / "model.safetensors")
    few = {name: x for name, x in weights.items() if not name.startswith("blocks.15.")}
    save_file(few, folder / "model.safetensors")
    with pytest.raises(BundleError, match=r"15 blocks and 320 channels .* expected the weights of"):
        load_efficientnet(folder)
    del weights["stem.norm.bias"]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(BundleError, match=r"safetensors: .* 1 missing \['stem\.norm\.bias'\]"):
        load_efficientnet(folder)


def test_missing_things(tmp_path):
    with pytest.raises(BundleError, match="no such model; installed"):
        load_efficientnet("efficientnet-lite9")
    with pytest.raises(CheckpointError, match=r"none\.pth"):
        load_efficientnet(tmp_path / "none.pth")
    with pytest.raises(BundleError, match=r"config\.json: missing"):
        load_efficientnet(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "efficientnet-lite"}')
    with pytest.raises(BundleError, match=r"model\.safetensors: missing"):
        load_efficientnet(tmp_path)


def test_half_precision_is_for_matrices_only(tmp_path):
    variances = np.array([1e-9, 1e9], np.float32)
    path = tmp_path / "w.safetensors"
    write_weights(path, {"var": variances, "kernel": np.full((2, 2), 1 / 3, np.float32)})
    weights = read_weights(path)
    np.testing.assert_array_equal(weights["var"], variances)
    np.testing.assert_array_equal(weights["kernel"], np.float32(np.float16(1 / 3)))
    assert {x.dtype for x in weights.values()} == {np.dtype(np.float32)}
    with pytest.raises(BundleError, match="kernel holds values that are not finite or too large"):
        write_weights(path, {"kernel": np.full((1, 1), 1e6)})
