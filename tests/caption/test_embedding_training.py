"""An embedder trained from a folder of photographs to a bundle, as `tushuo train embedder` does."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tiny import save_photograph, tiny_bundle
from training_world import louder
from tushuo.caption import load_captioner, save_bundle
from tushuo.caption.embedding.card import with_section
from tushuo.caption.embedding.described import Described, gather, languages_of
from tushuo.caption.embedding.recipe import EmbedderRecipe
from tushuo.caption.embedding.task import EmbedderTask, Photographs
from tushuo.cli.app import app
from tushuo.data import load_captions
from tushuo.errors import DatasetError, UsageError
from tushuo.train import read_log

ENGLISH = ["red", "green", "blue", "grey"]
CHINESE = ["红", "绿", "蓝", "灰"]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A folder with 12 photographs of four kinds in two languages, and a bundle."""
    root = tmp_path_factory.mktemp("world")
    lines = {name: ["file_name,caption,split"] for name in ("en", "zh")}
    for i in range(12):
        save_photograph(root / "data" / f"{i}.png", seed=i % 4)
        split = "dev" if i >= 8 else "train"
        for n in ("one", "two"):
            lines["en"].append(f"{i}.png,a {ENGLISH[i % 4]} picture number {n},{split}")
        lines["zh"].append(f"{i}.png,一张{CHINESE[i % 4]}色的图片,{split}")
    for name, rows in lines.items():
        (root / "data" / f"{name}.csv").write_text("\n".join(rows) + "\n")
    bundle = replace(tiny_bundle(), encoder=louder(tiny_bundle().encoder))
    save_bundle(root / "bundle", bundle, "# Tiny\n\n## Licence\n\nNone.\n")
    return root


def command(world: Path, out: Path, *extra: str) -> list[str]:
    options = {
        "--data": world / "data",
        "--bundle": world / "bundle",
        "--out": out,
        "--cache": world / "cache",
        "--epochs": 30,
        "--photographs-per-batch": 4,
        "--dimensions": 16,
        "--embedding": 8,
        "--min-count": 1,
        "--lr": 0.02,
    }
    files = ("--captions", "en.csv", "--captions", "zh.csv")
    given = (str(x) for pair in options.items() for x in pair)
    return ["train", "embedder", *given, *files, *extra]


@pytest.fixture(scope="module")
def trained(world, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "run"
    result = CliRunner().invoke(app, command(world, out))
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(out / "bundle")
    return out


def test_sentences_find_their_photographs(world, trained):
    captioner = load_captioner(trained / "bundle")
    photos = captioner.embed_images([world / "data" / f"{i}.png" for i in range(4)])
    english = [f"a {word} picture number one" for word in ENGLISH]
    for texts in (english, [f"一张{word}色的图片" for word in CHINESE]):
        similar = captioner.embed_texts(texts) @ photos.T
        assert [*similar.argmax(axis=1)] == [0, 1, 2, 3]
    assert captioner.relevance is not None
    least = captioner.relevance.least(captioner.embed_texts(["a red picture"])[0])
    assert -1 < least < 1


def test_the_log_and_the_card(world, trained):
    records = read_log(trained / "log.jsonl")
    valid = [r["valid"] for r in records if "valid" in r]
    assert max(v["recall"] for v in valid) == 1
    assert {"en_r1", "en_r5", "en_r10", "zh_r1", "recall"} <= valid[0].keys()
    card = (trained / "bundle" / "README.md").read_text()
    assert card.startswith("# Tiny\n\n## Licence\n\nNone.\n\n## Finding photographs by words\n")
    assert "on 8 photographs" in card
    assert "| text-to-photo R@1, % | 100.0 (100.0 to 100.0) | 100.0" in card
    assert not (world / "bundle" / "embedder.json").exists()  # the given bundle stays as it is


def test_a_finished_run_is_not_made_again_and_another_not_touched(world, trained):
    before = (trained / "log.jsonl").read_bytes()
    again = CliRunner().invoke(app, command(world, trained))
    assert again.exit_code == 0
    assert "nothing is left to do" in again.stderr
    other = CliRunner().invoke(app, command(world, trained, "--seed", "7"))
    assert other.exit_code == 1
    assert "holds another run" in other.output
    assert (trained / "log.jsonl").read_bytes() == before


def test_a_bundle_that_no_run_made_is_not_replaced(world, tmp_path):
    mine = tmp_path / "run" / "bundle" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    result = CliRunner().invoke(app, command(world, tmp_path / "run"))
    assert result.exit_code == 1
    assert "exists, but no run in" in result.output
    assert mine.read_text() == "mine"


def test_retrieval_is_evaluated(world, trained):
    arguments = ["--data", world / "data", "--captions", "zh.csv", "--model", trained / "bundle"]
    ask = ["evaluate", "--retrieval", *map(str, arguments)]
    result = CliRunner().invoke(app, ask)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("zh: 4 photographs, 4 sentences\ntext-to-photo R@1")
    assert "1.0000  1.0000 to 1.0000" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("recall|ties:half|bootstrap:n1000,")
    told = CliRunner().invoke(app, [*ask, "--json"])
    assert '"photo-to-text R@10": 1.0' in told.stdout
    wrong = CliRunner().invoke(app, [*ask, "--meteor"])
    assert wrong.exit_code == 2
    assert "got --retrieval and --meteor" in wrong.output


def test_retrieval_needs_an_embedder(world):
    arguments = ["--data", world / "data", "--captions", "zh.csv", "--model", world / "bundle"]
    result = CliRunner().invoke(app, ["evaluate", "--retrieval", *map(str, arguments)])
    assert result.exit_code == 2
    assert "cannot compare photographs with sentences" in result.output


def task(**settings) -> EmbedderTask:
    texts = [
        {"en": (f"{e} one", f"{e} two"), "zh": (c,)} for e, c in zip(ENGLISH, CHINESE, strict=True)
    ]
    described = [Described(Path(f"{i}.png"), each) for i, each in enumerate(texts)]
    described.append(Described(Path("4.png"), {"zh": ("黑",)}))
    pooled = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    photographs = Photographs(described, pooled)
    recipe = EmbedderRecipe(min_count=1, photographs_per_batch=2, **settings)
    return EmbedderTask(recipe=recipe, train=photographs, dev=photographs)


def test_an_epoch_has_every_photograph_as_often_as_it_has_sentences():
    made = task()
    batches = [*made.batches(3, 0)]
    assert len(batches) == made.batches_per_epoch() == 4  # two rounds of two batches
    assert sum(len(batch.pooled.numpy()) for batch in batches) == 10
    seen = {name: [] for name in made._encoded}
    for batch in batches:
        for name, sentences in zip(made._encoded, batch.languages, strict=True):
            for row, numbers in zip(sentences.rows.numpy(), sentences.pieces.numpy(), strict=True):
                (photo,) = np.flatnonzero((made.train.pooled == batch.pooled.numpy()[row]).all(1))
                seen[name].append((int(photo), tuple(int(n) for n in numbers if n)))
    every = {(i, tuple(s)) for i, own in enumerate(made._encoded["en"]) for s in own}
    assert len(seen["en"]) == len(every) == 8
    assert set(seen["en"]) == every
    assert len(seen["zh"]) == 10


def test_an_epoch_goes_on_where_it_stopped():
    made = task()
    whole, rest = [*made.batches(1, 0)], [*made.batches(1, 2)]
    assert len(rest) == 2
    for a, b in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(a.pooled.numpy(), b.pooled.numpy())
        for x, y in zip(a.languages, b.languages, strict=True):
            np.testing.assert_array_equal(x.pieces.numpy(), y.pieces.numpy())


def test_the_first_loss_is_about_that_of_chance():
    made = task()
    batch = next(made.batches(0, 0))
    loss = made.loss(made.network().eval(), batch, np.random.default_rng(0)).item()
    assert 0 < loss < 10


def test_captions_of_several_files_are_gathered(world):
    datasets = [load_captions(world / "data", f"{name}.csv") for name in ("en", "zh")]
    train = gather(datasets, "train")
    assert len(train) == 8
    assert languages_of(train) == ["en", "zh"]
    assert train[1].texts["en"] == ("a green picture number one", "a green picture number two")
    assert train[1].texts["zh"] == ("一张绿色的图片",)


def test_files_with_other_splits_do_not_leak(world, tmp_path):
    data = shutil.copytree(world / "data", tmp_path / "data")
    text = (data / "zh.csv").read_text()
    (data / "zh.csv").write_text(
        text.replace("dev", "?").replace("train", "dev").replace("?", "train")
    )
    datasets = [load_captions(data, f"{name}.csv") for name in ("en", "zh")]
    with pytest.raises(DatasetError, match="12 photographs are in the train split of one"):
        gather(datasets, "train")


def test_words_that_are_too_rare_are_told(world, tmp_path):
    result = CliRunner().invoke(app, command(world, tmp_path / "run", "--min-count", "99"))
    assert result.exit_code == 2
    assert "comes often enough (--min-count 99); lower --min-count" in result.output


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs: got 0, expected at least 1"),
        ({"photographs_per_batch": 1}, "photographs_per_batch: got 1, expected at least 2"),
        ({"drop_pieces": 1.0}, r"drop_pieces: got 1\.0, expected less than 1"),
    ],
)
def test_a_recipe_out_of_range_is_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        EmbedderRecipe(**settings)


def test_a_section_replaces_its_older_self():
    first = with_section("# A\n\nText.\n", "## Finding photographs by words\n\nold\n")
    between = f"{first}\n## Licence\n\nFree.\n"
    new = "## Finding photographs by words\n\nnew\n"
    assert with_section(between, new) == f"# A\n\nText.\n\n## Licence\n\nFree.\n\n{new}"
