"""The end of a training: the captioner is complete, and what is told of that."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from training_world import CHINESE, COLOURS, command
from tushuo.caption import load_captioner
from tushuo.caption.embedding.described import languages_of
from tushuo.caption.training import phrases, recipe
from tushuo.caption.training.joint import JOINT_SPACE, joint_of
from tushuo.caption.training.network import Network
from tushuo.caption.training.ranking import MATCH, PHRASES
from tushuo.caption.training.run import prepare
from tushuo.caption.training.seen import seen_by
from tushuo.cli.app import app
from tushuo.errors import DatasetError, UsageError
from tushuo.graph import tree_map
from tushuo.train import read_log
from tushuo.train.run_folder import LAST

BOTH = ("--embedder-captions", "zh.csv", "--embedder-epochs", "40")


def train(world: Path, out: Path, *extra: str) -> Result:
    return CliRunner().invoke(app, command(world, out, *extra))


def task(world: Path, **settings):
    small = {"encoder": str(world / "encoder"), "size": 64, "min_count": 1, "hidden": 8}
    made = recipe.Recipe(**{**small, **settings})
    quiet = Console(quiet=True)
    return prepare(world / "data", made, "captions.csv", "en", world / "cache", False, quiet)


@pytest.fixture(scope="module")
def complete(world, trained, tmp_path_factory):
    """A run that went on to a complete captioner, and what was told."""
    out = shutil.copytree(trained, tmp_path_factory.mktemp("complete") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phrases, "LEAST", 2)  # a colour is said of two photographs
        result = train(world, out, *BOTH)
    assert result.exit_code == 0, result.output
    return out, result.stderr


def test_the_bundle_has_all_of_it(world, complete):
    out, _ = complete
    captioner = load_captioner(out / "bundle")
    bundle = captioner.bundle
    assert any("red" in bundle.vocabulary.decode(p) for p in bundle.phrases.table.phrases)
    assert bundle.decoding.beams == 5
    assert bundle.decoding.phrase_weight in PHRASES
    assert bundle.decoding.match_weight in MATCH
    photos = captioner.embed_images([world / "data" / f"{i}.png" for i in range(4)])
    english = [f"a {word} picture number one" for word in COLOURS]
    for texts in (english, [f"一张{word}色的图片" for word in CHINESE]):
        assert [*(captioner.embed_texts(texts) @ photos.T).argmax(axis=1)] == [0, 1, 2, 3]
    assert captioner.relevance is not None


def test_what_came_out_is_told(complete):
    out, told = complete
    scores = re.search(r"phrase_weight (\S+), match_weight (\S+): cider_d (\S+), bleu_4", told)
    decoding = load_captioner(out / "bundle").bundle.decoding
    assert [float(x) for x in scores.groups()[:2]] == [
        decoding.phrase_weight,
        decoding.match_weight,
    ]
    card = (out / "bundle" / "README.md").read_text()
    assert f"(`match_weight` {decoding.match_weight:g})" in card
    assert f"CIDEr-D {scores[3]}" in card.replace("\n", " ")
    assert card.index("## Confidence") < card.index("## Finding photographs by words")
    assert "| | en | zh |" in card
    assert "joint space of 8 photographs and their captions" in told
    assert len([r for r in read_log(out / JOINT_SPACE / "log.jsonl") if "valid" in r]) == 40


def test_without_bad_captions_there_is_no_confidence(complete):
    """People say the same of every photograph here but for the colour."""
    out, told = complete
    assert "note: the captions get no confidence: got" in told
    assert load_captioner(out / "bundle").bundle.calibration is None
    assert "None could be fitted" in (out / "bundle" / "README.md").read_text()


def test_it_is_done_anew_with_the_same_outcome(world, complete, tmp_path, monkeypatch):
    before, _ = complete
    out = shutil.copytree(before, tmp_path / "run")
    shutil.rmtree(out / "bundle")
    monkeypatch.setattr(phrases, "LEAST", 2)
    result = train(world, out, *BOTH)
    assert result.exit_code == 0, result.output
    for name in ("embedder.safetensors", "generation_config.json", "phrases.json", "README.md"):
        assert (out / "bundle" / name).read_bytes() == (before / "bundle" / name).read_bytes()


def test_another_joint_space_in_the_folder_is_not_touched(world, complete, tmp_path):
    out = shutil.copytree(complete[0], tmp_path / "run")
    place, last = out / JOINT_SPACE, (out / JOINT_SPACE / LAST).read_bytes()
    refused = train(world, out, "--embedder-epochs", "3")
    assert refused.exit_code == 1
    assert f"{place} holds another run: config.data is" in refused.output
    assert f"or move {place} away to do this part anew" in refused.output
    assert (place / LAST).read_bytes() == last
    without = train(world, out)
    assert without.exit_code == 0, without.output
    assert (place / LAST).read_bytes() == last
    assert not (out / "bundle" / "embedder.json").exists()
    anew = train(world, out, "--embedder-epochs", "3", "--epochs", "1", "--overwrite")
    assert anew.exit_code == 0, anew.output
    assert len([r for r in read_log(place / "log.jsonl") if "valid" in r]) == 3


def test_the_encoder_as_it_is_in_the_end_is_looked_through(world):
    made = task(world, tuned_epochs=1, tuned_blocks=2)
    quiet = Console(quiet=True)
    images = [example.image for example in (*made.train, *made.dev)]
    made.features.fill(images)
    plain = seen_by(made.bundle(made.weights().network), made, quiet)
    np.testing.assert_array_equal(plain.train, made.features[images[:8]].mean(axis=1))
    np.testing.assert_array_equal(np.concatenate([*plain.batches()]), made.features[images[8:]])
    network = made.then(made.recipe.tuned, made.weights().network).network
    moved = Network(network.decoder, tree_map(lambda x: 1.5 * x, network.tail))
    later = made.then(made.recipe.tuned, moved)
    learnt = seen_by(later.bundle(moved), later, quiet)
    assert learnt.source != plain.source
    assert not np.allclose(learnt.train, plain.train)
    np.testing.assert_allclose(
        learnt.dev, np.concatenate([part.mean(axis=1) for part in learnt.batches()]), rtol=1e-6
    )


def test_further_captions_take_the_splits_of_the_photographs(world, tmp_path):
    lines = (world / "data" / "zh.csv").read_text().replace("dev", "test").splitlines()
    data = shutil.copytree(world / "data", tmp_path / "data")
    shutil.copytree(world / "encoder", tmp_path / "encoder")
    made = task(data.parent, embedder_epochs=2)
    more = [*lines, "0.png,a red picture number one,train"]
    (data / "zh.csv").write_text("\n".join(more) + "\n")
    told = Console(record=True, width=200)
    held = replace(made, dev=made.dev[:3])
    joint = joint_of(held, data, ["zh.csv"], True, told)
    assert [described.image for described in joint.train] == [e.image for e in made.train]
    assert [described.image.name for described in joint.dev] == ["8.png", "9.png", "10.png"]
    assert languages_of(joint.dev) == ["en", "zh"]
    assert joint.train[0].texts["en"] == made.train[0].captions  # the one that is known, once
    assert "1 other photographs are left out" in told.export_text()


@pytest.mark.parametrize(
    ("captions", "settings", "error", "message"),
    [
        ("9", {"min_count": 1}, DatasetError, "is about none of the photographs"),
        ("0", {"embedder_epochs": 0}, UsageError, "but it is trained for no epoch"),
    ],
)
def test_captions_that_are_of_no_use_are_refused(world, captions, settings, error, message):
    made = task(world, **{"embedder_epochs": 1, **settings})
    photograph = {"9": "9.png", "0": "0.png"}[captions]
    file = world / "data" / f"only-{captions}.csv"
    file.write_text(f"file_name,caption\n{photograph},一只狗\n")
    try:
        with pytest.raises(error, match=message):
            joint_of(replace(made, dev=made.dev[:1]), world / "data", [file.name], False, Console())
    finally:
        file.unlink()


def test_too_few_captions_are_told_before_the_work(world, tmp_path):
    made = task(world, embedder_epochs=1)
    alone = replace(made, train=made.train[:1])
    with pytest.raises(DatasetError, match="the joint space: the train split has one") as caught:
        joint_of(alone, world / "data", (), False, Console(quiet=True))
    assert caught.value.hint == "leave the joint space out: --embedder-epochs 0"


def test_the_presets_and_what_tells_runs_apart():
    epochs = {name: recipe.Recipe.preset(name).embedder_epochs for name in recipe._PRESETS}
    assert epochs == {"quick": 0, "standard": 0, "best": 20}
    made = recipe.Recipe.preset("best")
    for part in (made.words, made.tuned, made.self_critical):
        assert "embedder_epochs" not in made.config(part)
    assert json.dumps(made.config(made.words))
