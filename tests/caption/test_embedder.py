"""The embedder of a bundle: vectors, files, and what a captioner does with them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tiny import tiny_bundle
from tiny_embedder import TEXTS, tiny_embedder
from tushuo.caption import Captioner, load_bundle, load_captioner, save_bundle
from tushuo.caption.embedding import files
from tushuo.errors import BundleError, ImageError, ShapeError, UsageError


@pytest.fixture(scope="module")
def captioner() -> Captioner:
    return Captioner(replace(tiny_bundle(), embedder=tiny_embedder()))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedder") / "tiny"
    save_bundle(folder, replace(tiny_bundle(), embedder=tiny_embedder()), "")
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def error_of(folder) -> str:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_vectors_of_photographs_and_sentences(captioner, photographs):
    seen, said = captioner.embed_images(photographs), captioner.embed_texts(TEXTS)
    for vectors in (seen, said):
        assert vectors.shape == (3, 8)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    maps = captioner.encode(photographs)
    np.testing.assert_allclose(captioner.embed_features(maps), seen, atol=1e-6)
    np.testing.assert_allclose(captioner.embed_images(photographs[1:2]), seen[1:2], atol=1e-5)


def test_a_sentence_does_not_depend_on_its_neighbours(captioner):
    alone = np.concatenate([captioner.embed_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(captioner.embed_texts(TEXTS * 400)[-3:], alone, atol=1e-6)


def test_nothing_has_no_rows_and_unknown_words_have_the_vector_of_none(captioner):
    assert captioner.embed_texts([]).shape == captioner.embed_images([]).shape == (0, 8)
    unknown, empty = captioner.embed_texts(["zebra", ""])
    np.testing.assert_array_equal(unknown, empty)
    assert np.linalg.norm(empty) == pytest.approx(1)


def test_what_cannot_be_embedded(captioner, tmp_path):
    with pytest.raises(UsageError, match="texts: got a string; pass a list"):
        captioner.embed_texts("a dog")
    for texts in (b"a dog", 3):
        with pytest.raises(UsageError, match=rf"texts: got {texts!r}; pass a list of strings"):
            captioner.embed_texts(texts)
    for text in (3, b"a dog", None):
        with pytest.raises(UsageError, match=rf"texts\[1\]: got {text!r}, expected a string"):
            captioner.embed_texts(["a dog", text])
    with pytest.raises(ShapeError, match=r"expected \(N, L, 1280\)"):
        captioner.embed_features(np.zeros((2, 4, 7)))
    with pytest.raises(ImageError):
        captioner.embed_images([tmp_path / "none.png"])


def test_a_bundle_without_embedder(photographs):
    captioner = Captioner(tiny_bundle())
    assert not captioner.embeds
    for ask in (
        lambda: captioner.embed_texts(["a dog"]),
        lambda: captioner.embed_images(photographs),
        lambda: captioner.relevance,
        lambda: captioner.space,
    ):
        with pytest.raises(BundleError, match="cannot compare photographs with sentences"):
            ask()


def test_there_and_back(saved, captioner):
    loaded, mine = load_captioner(saved), captioner.bundle.embedder
    assert loaded.embeds
    assert loaded.bundle.embedder.pieces == mine.pieces
    np.testing.assert_allclose(loaded.embed_texts(TEXTS), mine.embed_texts(TEXTS), atol=2e-3)
    assert (loaded.relevance.scale, loaded.relevance.evidence, loaded.relevance.like) == (
        3,
        0.5,
        1.5,
    )
    queries = mine.embed_texts(TEXTS)
    np.testing.assert_allclose(
        loaded.relevance.chance(queries), mine.relevance.chance(queries), atol=1e-2
    )
    assert load_captioner(saved).space == loaded.space


def test_an_embedder_without_cut_off(tmp_path):
    bundle = replace(tiny_bundle(), embedder=tiny_embedder(relevance=False))
    save_bundle(tmp_path / "b", bundle, "")
    assert load_bundle(tmp_path / "b").embedder.relevance is None


def test_the_space_is_that_of_embedder_and_encoder_alone(captioner):
    bundle = captioner.bundle
    other_words = replace(bundle, calibration=None, decoding=replace(bundle.decoding, beams=1))
    assert Captioner(other_words).space == captioner.space
    network = bundle.embedder.network
    turned = network.tree_replace(
        {"text": network.text.tree_replace({"bias": network.text.bias + 1})}
    )
    other = replace(bundle, embedder=replace(bundle.embedder, network=turned))
    assert Captioner(other).space != captioner.space
    assert captioner.space.dimensions == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "clip"}, "model_type: got 'clip'"),
        ({"format_version": 2}, "format_version: got 2, expected 1; a newer"),
        ({"format_version": 0}, "older than this tushuo: train the embedder again: tushuo train"),
        ({"pieces": ["<pad>", "<text>", "dog"]}, "made for"),
        ({"pieces": 7}, "expected a list"),
        ({"relevance": {"scale": "2"}}, "expected scale, evidence, like"),
        ({"relevance": [1, 2]}, "expected scale, evidence, like"),
        ({"relevance": {"scale": 0, "evidence": 1, "like": 1}}, "got scale, evidence and like"),
    ],
)
def test_a_wrong_value_is_named(folder, changes, message):
    path = folder / files.CONFIG
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")
    text = error_of(folder)
    assert message in text
    assert str(folder) in text


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_config_that_is_none(folder, content):
    (folder / files.CONFIG).write_text(content)
    assert str(folder / files.CONFIG) in error_of(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("attend.weight"), "1 missing ['attend.weight']"),
        (lambda w: w.pop("embed.weight"), "embed.weight: got shape (0,)"),
        (lambda w: w.pop("relevance.axes"), "and centre, axes, background in"),
        (lambda w: w.update({"more": np.zeros(2)}), "1 unknown ['more']"),
        (lambda w: w.update({"image.weight": np.zeros((8, 7))}), "7 channels"),
        (lambda w: w.update({"text.bias": np.full(8, np.nan)}), "text.bias holds values"),
        (
            lambda w: w.update({"relevance.axes": np.ones((2, 2))}),
            "expected (D,), (R, D) and (B, R)",
        ),
        (
            lambda w: w.update({"relevance.centre": np.ones(2), "relevance.axes": np.ones((8, 2))}),
            "relevance.centre is not of 8 dimensions",
        ),
    ],
)
def test_weights_of_another_network(folder, change, message):
    path = folder / files.WEIGHTS
    weights = load_file(path)
    change(weights)
    path.unlink()
    save_file(weights, path)
    assert message in error_of(folder)


def test_missing_weights(folder):
    (folder / files.WEIGHTS).unlink()
    assert f"{files.WEIGHTS}: missing" in error_of(folder)
