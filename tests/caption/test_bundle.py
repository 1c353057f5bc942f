"""Bundles: there and back, and every way in which a folder can be wrong."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tiny import tiny_bundle
from tushuo.caption import Decoding, bundle, installed_bundles, load_bundle, save_bundle
from tushuo.caption.bundle import load_encoder
from tushuo.data import Vocabulary
from tushuo.errors import BundleError
from tushuo.graph import Tensor
from tushuo.models import installed


@pytest.fixture
def folder(bundle_folder, tmp_path):
    """A copy to damage; the weights are linked, since most tests leave them alone."""
    return shutil.copytree(bundle_folder, tmp_path / "copy")


def edit(path, **changes):
    content = json.loads(path.read_text("utf-8")) | changes
    path.write_text(json.dumps(content), "utf-8")


def edit_weights(folder, change):
    path = folder / "model.safetensors"
    weights = load_file(path)
    change(weights)
    path.unlink()
    save_file(weights, path)


def error_of(folder):
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_there_and_back(bundle_folder):
    mine, loaded = tiny_bundle(), load_bundle(bundle_folder)
    assert loaded.vocabulary == mine.vocabulary
    assert loaded.preprocessing == mine.preprocessing
    assert loaded.decoding == mine.decoding
    assert loaded.decoder_sizes == mine.decoder_sizes
    assert loaded.name == "tiny"
    assert not loaded.encoder.training
    assert not loaded.decoder.training
    for part in ("encoder", "decoder"):
        old, new = getattr(mine, part).state_dict(), getattr(loaded, part).state_dict()
        for name in old:
            if not name.startswith("classifier."):
                assert new[name].dtype == np.float32
                precision = 1e-3 if old[name].ndim > 1 else 0  # only matrices are rounded
                np.testing.assert_allclose(new[name], old[name], rtol=precision, atol=1e-7)


def test_the_encoder_of_a_bundle_or_a_classifier(bundle_folder):
    found = load_encoder(bundle_folder).state_dict()
    for name, array in load_bundle(bundle_folder).encoder.state_dict().items():
        np.testing.assert_array_equal(found[name], array)
    assert load_encoder("efficientnet-lite2").name == "efficientnet-lite2"
    with pytest.raises(BundleError, match="no such model"):
        load_encoder("lite9")
    with pytest.raises(BundleError) as caught:
        load_encoder("mnist-cnn")
    assert str(caught.value) == (
        "'mnist-cnn': model_type: got 'digits', expected 'show-attend-tell' or "
        "'efficientnet-lite'; installed: efficientnet-lite2, flickr8k-en, flickr8k-zh; "
        "or give a model folder"
    )


def test_the_files(bundle_folder):
    names = {path.name for path in bundle_folder.iterdir()}
    assert names == {*bundle._FILES, "README.md"}
    config = json.loads((bundle_folder / "config.json").read_text())
    assert config == {
        "model_type": "show-attend-tell",
        "format_version": 1,
        "language": "en",
        "encoder": {"name": "efficientnet-lite0"},
        "decoder": {
            "vocabulary": 11,
            "channels": 1280,
            "annotation": 8,
            "embedding": 6,
            "hidden": 10,
            "attention": 5,
        },
    }
    weights = load_file(bundle_folder / "model.safetensors")
    assert {name.split(".")[0] for name in weights} == {"encoder", "decoder"}
    assert not any("classifier" in name for name in weights)
    assert weights["decoder.embed.weight"].dtype == np.float16


def test_nothing_is_overwritten_and_nothing_half_written(bundle_folder, tmp_path):
    with pytest.raises(BundleError, match="exists already"):
        save_bundle(bundle_folder, tiny_bundle(), "")
    broken = tiny_bundle().decoder
    broken = broken.tree_replace({"embed": broken.embed.tree_replace({"weight": nan_like(broken)})})
    with pytest.raises(BundleError, match=r"decoder\.embed\.weight .* not finite"):
        save_bundle(tmp_path / "new", replace(tiny_bundle(), decoder=broken), "")
    assert list(tmp_path.iterdir()) == []


def nan_like(decoder):
    return Tensor(np.full(decoder.embed.weight.shape, np.nan, np.float32))


def test_parts_that_do_not_fit_are_not_saved(tmp_path):
    words = Vocabulary.build([["dog"]], min_count=1)
    with pytest.raises(BundleError, match="5 tokens, the decoder has 11"):
        save_bundle(tmp_path / "new", replace(tiny_bundle(), vocabulary=words), "")


@pytest.mark.parametrize("name", bundle._FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert name in error_of(folder)


@pytest.mark.parametrize("name", [n for n in bundle._FILES if n.endswith(".json")])
@pytest.mark.parametrize("content", ["", "[1]", "{", "[" * 100_000, "\xff"])
def test_a_file_that_is_no_json_object_is_named(folder, name, content):
    (folder / name).write_text(content, "latin-1")
    assert str(folder / name) in error_of(folder)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("config.json", {"model_type": "gpt2"}, "model_type: got 'gpt2'"),
        ("config.json", {"format_version": 2}, "format_version: got 2, expected 1; a newer"),
        ("config.json", {"format_version": 0}, "older than this tushuo: train the captioner anew:"),
        ("config.json", {"encoder": {"name": "vgg"}}, "unknown encoder 'vgg'"),
        ("config.json", {"encoder": "vgg"}, "unknown encoder None"),
        ("config.json", {"language": "zh"}, "language: got 'en', expected 'zh'"),
        ("config.json", {"decoder": {"hidden": 10**12}}, "as in model.safetensors"),
        ("generation_config.json", {"num_beams": 0}, "beams: got 0"),
        ("generation_config.json", {"num_beams": "3"}, "num_beams: got '3'"),
        ("generation_config.json", {"max_length": 10**9}, "max_words: got 1000000000"),
        ("generation_config.json", {"length_penalty": None}, "length_penalty: got None"),
        ("preprocessor_config.json", {"size": 0}, "size: got '0'"),
        ("tokenizer.json", {"version": 9}, "version 9"),
        ("tokenizer.json", {"version": 0}, "expected 1; it is older than this tushuo: train the"),
    ],
)
def test_a_wrong_value_is_named(folder, name, changes, message):
    edit(folder / name, **changes)
    text = error_of(folder)
    assert message in text
    assert str(folder) in text


def test_the_encoder_of_another_bundle(folder):
    edit(folder / "config.json", encoder={"name": "efficientnet-lite2"})
    assert "has shape" in error_of(folder) or "missing" in error_of(folder)


@pytest.mark.parametrize("keep", [0, 5, 1000, -10])
def test_truncated_weights(folder, keep):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert "model.safetensors: truncated or damaged" in error_of(folder)


def test_a_header_that_lies_about_its_size(folder):
    (folder / "model.safetensors").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    assert "model.safetensors: truncated or damaged" in error_of(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(folder, value):
    def spoil(weights):
        weights["decoder.output.bias"][3] = value

    edit_weights(folder, spoil)
    assert "decoder.output.bias holds values that are not finite" in error_of(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("decoder.gate.bias"), "1 missing ['gate.bias']"),
        (lambda w: w.pop("decoder.embed.weight"), "decoder.embed.weight: got nothing"),
        (lambda w: w.pop("encoder.stem.conv.weight"), "1 missing ['stem.conv.weight']"),
        (lambda w: w.update({"decoder.more": np.zeros(2)}), "1 unknown ['more']"),
        (lambda w: w.update({"more": np.zeros(2)}), "unknown weight 'more'"),
        (lambda w: w.update({"decoder.gate.bias": np.zeros(3)}), "gate.bias has shape (8,) here"),
        (lambda w: w.update({"decoder.gate.bias": np.zeros(8, "i4")}), "is of type I32"),
    ],
)
def test_weights_of_another_network(folder, change, message):
    edit_weights(folder, change)
    text = error_of(folder)
    assert message in text
    assert "model.safetensors" in text


def test_names_and_paths(folder, tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    shutil.copytree(folder, shipped / "tiny-en")
    (shipped / "other").mkdir()
    (shipped / "other" / "config.json").write_text('{"model_type": "efficientnet-lite"}')
    monkeypatch.setattr(installed, "BUNDLES", shipped)
    assert [model.name for model in installed_bundles()] == ["tiny-en"]
    assert load_bundle("tiny-en").name == "tiny-en"
    assert load_bundle(str(folder)).name == "copy"
    with pytest.raises(BundleError) as caught:
        load_bundle("flickr9k")
    assert str(caught.value) == (
        "'flickr9k': no such model; installed: tiny-en; or give a model folder"
    )
    with pytest.raises(BundleError, match=r"got 'efficientnet-lite'.*; installed: tiny-en; or"):
        load_bundle("other")
    with pytest.raises(BundleError, match="is a file, not a folder"):
        load_bundle(folder / "config.json")


def test_the_settings_survive_exactly(tmp_path):
    decoding = Decoding(beams=7, max_words=33, length_penalty=-0.25)
    save_bundle(tmp_path / "b", replace(tiny_bundle(), decoding=decoding), "")
    assert load_bundle(tmp_path / "b").decoding == decoding
