"""Captions in two languages from one look at each photograph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tiny import tiny_bundle
from tushuo.caption import Captioner, bundle_of, caption_files_each, load_captioner
from tushuo.data import Found, Preprocessing
from tushuo.errors import BundleError, UsageError
from tushuo.models import installed
from two_languages import CHINESE, chinese_bundle, install


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def chinese():
    return Captioner(chinese_bundle(tiny_bundle()))


@pytest.fixture
def looks(monkeypatch):
    """The number of photographs at each look of an encoder."""
    counts = []
    features = Captioner.features

    def counting(self, pixels):
        counts.append(len(pixels))
        return features(self, pixels)

    monkeypatch.setattr(Captioner, "features", counting)
    return counts


def each(captioners, photographs, **options):
    outcomes = list(caption_files_each(captioners, map(Found, photographs), **options))
    assert [outcome.path for outcome in outcomes] == photographs
    return outcomes


def test_a_shared_encoder_looks_once(captioner, chinese, photographs, looks):
    outcomes = each([captioner, chinese], photographs, batch_size=2)
    assert looks == [2, 1]
    for path, outcome in zip(photographs, outcomes, strict=True):
        english, other = outcome.result
        assert set(other.words) <= set(CHINESE)
        assert english.text == captioner([path])[0].text
        assert other.text == chinese([path])[0].text
        assert english.logprob == pytest.approx(other.logprob)  # the same networks


def test_equal_weights_count_as_the_same_encoder(captioner, photographs, looks):
    bundle = tiny_bundle()
    again = replace(bundle, encoder=bundle.encoder.tree_replace({}))
    each([captioner, Captioner(again)], photographs[:1])
    assert looks == [1]


@pytest.mark.parametrize("what", ["preprocessing", "encoder"])
def test_others_look_for_themselves(captioner, photographs, looks, what):
    bundle = tiny_bundle()
    if what == "preprocessing":
        other = replace(bundle, preprocessing=Preprocessing(size=96))
    else:
        stem = bundle.encoder.stem
        conv = stem.conv.tree_replace({"weight": stem.conv.weight * 0.5})
        other = replace(
            bundle,
            encoder=bundle.encoder.tree_replace({"stem": stem.tree_replace({"conv": conv})}),
        )
    (outcome,) = each([captioner, Captioner(other)], photographs[:1])
    assert looks == [1, 1]
    assert outcome.result[1].text == Captioner(other)(photographs[:1])[0].text


def test_bad_photographs_and_settings(captioner, chinese, photographs, tmp_path):
    paths = [photographs[0], tmp_path / "none.jpg"]
    good, bad = each([captioner, chinese], paths, keep_images=True)
    assert good.item.image.size == (90, 60)
    assert "No such file" in str(bad.error) or "no such file" in str(bad.error)
    with pytest.raises(UsageError, match="include: model 'tiny-zh' does not know the word 'dog'"):
        each([captioner, chinese], paths, include=["dog"])


def test_the_language_chooses_the_bundle(world, monkeypatch):
    monkeypatch.setattr(installed, "BUNDLES", world)
    assert bundle_of("zh") == "whole-zh"
    assert load_captioner(language="zh").language == "zh"
    assert load_captioner().bundle.name == "tiny-en"
    assert load_captioner("whole-zh").language == "zh"
    with pytest.raises(BundleError, match="model 'whole-zh' writes 'zh', not 'en'; leave out"):
        load_captioner("whole-zh", language="en")
    with pytest.raises(BundleError) as caught:
        load_captioner(language="fr")
    assert str(caught.value).startswith(
        "no installed model writes 'fr'; installed: en (tiny-en), zh (whole-zh); give a bundle's"
    )


def test_an_evaluation_comes_back(world):
    from tushuo.caption import load_bundle

    evaluation = load_bundle(Path(world) / "tiny-en").evaluation
    assert evaluation.scores == {"BLEU-4": 0.25, "CIDEr-D": 0.5}
    assert evaluation.signature == "tok:ptb|images:2"
    assert load_bundle(Path(world) / "whole-zh").evaluation == evaluation
