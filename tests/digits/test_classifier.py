"""Classifiers of digits in folders: as they were saved, or refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from handwriting import few, mnist
from tushuo.digits import DigitClassifier, load_digit_classifier, save_digit_classifier
from tushuo.errors import BundleError, DatasetError
from tushuo.models.installed import find_model
from tushuo.models.lenet import LeNet
from tushuo.models.mlp import MLP

NETWORKS = {"mlp": lambda: MLP([784, 12, 10], "tanh", rng=0), "lenet": lambda: LeNet(rng=0)}


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_what_is_saved_comes_back(kind, output, tmp_path):
    classifier = DigitClassifier(NETWORKS[kind](), output, "mine")
    save_digit_classifier(tmp_path / "model", classifier, {"epochs": 3})
    loaded = load_digit_classifier(tmp_path / "model")
    images = few().test.images[:9]
    np.testing.assert_allclose(loaded(images), classifier(images), atol=2e-3)
    assert (loaded.name, loaded.output) == ("mine", output)
    assert loaded(images).sum(-1) == pytest.approx(np.ones(9))
    with pytest.raises(BundleError, match="cannot make the folder"):
        save_digit_classifier(tmp_path / "model", classifier)


def test_the_shipped_one_reads_digits():
    classifier, test = load_digit_classifier(), mnist().test[:500]
    right = np.count_nonzero(classifier(test.images).argmax(-1) == test.labels)
    assert right >= 495
    folder = find_model("mnist-cnn")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 500_000


CHANGES = {
    "model_type: got 'lite', expected 'digits'": {"model_type": "lite"},
    "output: expected one of sigmoid, softmax": {"output": "tanh"},
    "describes no network": {"architecture": "transformer"},
    "layers: the network does not match the data": {"layers": [700, 10]},
    "expected two or more whole numbers": {"layers": [784, 10**9, 10]},
    "activation: got 'eval'": {"activation": "eval"},
    "layers.0.weight has shape (13, 784) here and (12, 784)": {"layers": [784, 13, 10]},
    "the weights do not fit MLP": {"layers": [784, 12, 12, 10]},
}


@pytest.mark.parametrize("text", CHANGES)
def test_damaged_folders(text, tmp_path):
    folder = tmp_path / "model"
    save_digit_classifier(folder, DigitClassifier(NETWORKS["mlp"]()))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | CHANGES[text]))
    with pytest.raises(BundleError) as caught:
        load_digit_classifier(folder)
    assert text in str(caught.value)


def test_a_huge_cnn_is_not_built(tmp_path):
    folder = tmp_path / "model"
    save_digit_classifier(folder, DigitClassifier(NETWORKS["lenet"]()))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden": 10**9}))
    with pytest.raises(BundleError, match="describes no network"):
        load_digit_classifier(folder)


def test_weights_that_no_file_can_hold(tmp_path):
    network = NETWORKS["mlp"]()
    network.layers[0].weight = network.layers[0].weight * 1e8
    with pytest.raises(BundleError, match="too large for float16; train with a lower"):
        save_digit_classifier(tmp_path / "model", DigitClassifier(network))
    assert not (tmp_path / "model").exists()


def test_there_is_none(tmp_path):
    with pytest.raises(BundleError, match=r"no such model; installed: .*mnist-cnn"):
        load_digit_classifier("mnist-rnn")
    with pytest.raises(BundleError, match=r"config\.json: missing"):
        load_digit_classifier(tmp_path)


def test_images_of_another_size():
    with pytest.raises(DatasetError, match=r"images: got uint8 \(1, 20, 20\)"):
        load_digit_classifier()(np.zeros((1, 20, 20), np.uint8))
