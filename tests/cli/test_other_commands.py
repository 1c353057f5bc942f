"""`tushuo classify`, `models` and `evaluate`."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file
from typer.testing import CliRunner

from tiny import save_photograph
from tushuo.caption import load_bundle, load_captioner, save_bundle
from tushuo.caption.metrics import evaluate_captions
from tushuo.cli.app import app
from tushuo.cli.classify import preprocessing
from tushuo.data import load_captions, load_image, with_dev
from tushuo.errors import BundleError
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.pretrained import imagenet_classes, load_efficientnet
from two_languages import chinese_bundle


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    network = EfficientNetLite("efficientnet-lite0", rng=0)
    save_file(network.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text('{"model_type": "efficientnet-lite"}')
    return folder


def test_classify(classifier, photos):
    result = run("classify", photos / "a b.png", photos / "empty.jpg", "--model", classifier)
    path, *rows = result.stdout.splitlines()
    assert path == str(photos / "a b.png")
    assert len(rows) == 5
    assert result.stderr == f"tushuo: {photos / 'empty.jpg'}: the file is empty\n"
    assert result.exit_code == 1

    network = load_efficientnet(classifier)
    pixels = preprocessing(network).batch([load_image(photos / "a b.png")])
    logits = network(pixels).numpy()[0].astype(np.float64)
    probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    best = np.argsort(-probabilities)[:5]
    names = imagenet_classes()
    assert [row.split("  ")[-1] for row in rows] == [names[i] for i in best]
    assert [float(row.split("%")[0]) for row in rows] == pytest.approx(
        100 * probabilities[best], abs=0.06
    )


def test_classify_json(classifier, photos):
    result = run("classify", photos / "a b.png", photos / "none", "--model", classifier, "--json")
    good, bad = map(json.loads, result.stdout.splitlines())
    assert set(good) == {"path", "classes", "model"}
    assert good["model"] == "efficientnet-lite0"
    values = [entry["probability"] for entry in good["classes"]]
    assert values == sorted(values, reverse=True)
    assert len(values) == 5
    assert {entry["label"] for entry in good["classes"]} <= set(imagenet_classes())
    assert bad == {"path": str(photos / "none"), "error": "no such file"}


def test_classify_without_the_model(photos, bundle):
    assert run("classify", photos, "--model", "lite9").exit_code == 2
    result = run("classify", photos, "--model", bundle)
    assert "model_type: got 'show-attend-tell', expected 'efficientnet-lite'" in result.stderr
    assert result.exit_code == 2


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "data"
    with (folder.mkdir(), (folder / "captions.csv").open("w", newline=""))[1] as file:
        rows = csv.writer(file)
        rows.writerow(["file_name", "caption", "split"])
        for i in range(4):
            save_photograph(folder / f"{i}.png", seed=i)
            split = "dev" if i < 3 else "train"
            rows.writerow([f"{i}.png", f"a dog runs on grass {i}", split])
            rows.writerow([f"{i}.png", f"the red cat sits {i}", split])
    return folder


def test_evaluate(bundle, dataset):
    arguments = ["evaluate", "--data", dataset, "--split", "dev", "--model", bundle, "--beam", 2]
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    paths = [dataset / f"{i}.png" for i in range(3)]
    captions = load_captioner(bundle)(paths, beams=2)
    written = [[f"a dog runs on grass {i}", f"the red cat sits {i}"] for i in range(3)]
    candidates = {str(p): c.text for p, c in zip(paths, captions, strict=True)}
    trained_on = ["a dog runs on grass 3", "the red cat sits 3"]
    scores = evaluate_captions(
        candidates, dict(zip(map(str, paths), written, strict=True)), training=trained_on
    )
    assert found["diversity"] == pytest.approx(scores.diversity.as_dict())
    for name, (low, high) in found["intervals"].items():
        assert low <= found[name] <= high
    for name, value in scores.as_dict().items():
        assert found[name] == pytest.approx(value)
    assert found["images"] == 3
    assert found["signature"].startswith(scores.signature())
    assert "|novel:exact,of2|" in found["signature"]
    assert "|bootstrap:n1000,percentile95,seed0|" in found["signature"]
    assert found["signature"].endswith("|model:tiny|split:dev|beam:2|length-penalty:0.5")

    lines = run(*arguments).stdout.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4"]
    assert lines[-1] == found["signature"]
    assert "images:2" in run(*arguments, "--limit", 2).stdout


def test_the_tokenizer_can_be_chosen_and_scores_kept(bundle, dataset, tmp_path):
    model = shutil.copytree(bundle, tmp_path / "mine")
    before = json.loads((model / "config.json").read_text())
    arguments = ["evaluate", "--data", dataset, "--model", model, "--tokenizer"]
    found = json.loads(run(*arguments, "char", "--record", "--json").stdout)
    assert found["signature"].startswith("tok:char|")
    after = json.loads((model / "config.json").read_text())
    kept = after.pop("evaluation")
    assert after == before
    assert kept["signature"] == found["signature"]
    assert kept["scores"]["CIDEr-D"] == pytest.approx(found["CIDEr-D"], abs=1e-6)
    assert load_captioner(model).bundle.evaluation.signature == found["signature"]
    result = run(*arguments, "words")
    assert "tokenizer 'words' is unknown; known: ['ptb', 'char', 'word']" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "evaluation",
    [
        3,
        {},
        {"scores": {}},
        {"signature": "x", "scores": {"a": "b"}},
        {"signature": 1, "scores": {}},
        {"signature": "\x1b[31m", "scores": {}},
        {"signature": "x", "scores": {"a": 10**400}},
    ],
)
def test_scores_that_are_none(bundle, tmp_path, evaluation):
    model = shutil.copytree(bundle, tmp_path / "mine")
    content = json.loads((model / "config.json").read_text()) | {"evaluation": evaluation}
    (model / "config.json").write_text(json.dumps(content))
    with pytest.raises(
        BundleError, match=r"config\.json: evaluation: got .*, expected a signature"
    ):
        load_captioner(model)


def test_evaluate_puts_aside_what_training_does(bundle, dataset):
    table = dataset / "captions.csv"
    table.write_text(table.read_text().replace(",dev", ",train") + "gone.png,a cow,train\n")
    arguments = ["evaluate", "--data", dataset, "--model", bundle]
    refused = run(*arguments)
    assert "1 bad entry" in refused.stderr
    assert "--skip-bad" in refused.stderr
    result = run(*arguments, "--skip-bad")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith("tushuo: left out: ")
    aside = with_dev(load_captions(dataset, skip_bad=True)).examples("dev")
    assert f"|images:{len(aside)}|" in result.stdout


def translate(dataset):
    table = dataset / "captions.csv"
    rows = list(csv.reader(table.read_text().splitlines()))
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [rows[0], *([name, "一只狗", *rest] for name, _, *rest in rows[1:])]
        )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_scores_against_another_language_are_refused(bundle, dataset, tmp_path, language):
    """Those against captions in the model's own are not."""
    chinese = tmp_path / "tiny-zh"
    save_bundle(chinese, chinese_bundle(load_bundle(bundle)), "")
    model, other = (bundle, chinese) if language == "en" else (chinese, bundle)
    if language == "en":
        translate(dataset)
    result = run("evaluate", "--data", dataset, "--model", model)
    assert f"writes {language!r}, but no caption of the data set is in that" in result.stderr
    assert "--captions FILE" in result.stderr
    assert result.exit_code == 2
    assert run("evaluate", "--data", dataset, "--model", other).exit_code == 0


def test_bad_entries_are_told_line_by_line_and_counted(bundle, dataset):
    (dataset / "captions.csv").unlink()
    (dataset / "metadata.jsonl").write_text('{"file_name": \n\n{"file_name": "x.png", "text": "A"}')
    result = run("evaluate", "--data", dataset, "--model", bundle)
    unparsable, missing, summary = result.stderr.splitlines()
    assert unparsable.startswith("tushuo: metadata.jsonl:1: got ")
    assert missing == "tushuo: metadata.jsonl:3: photograph 'x.png' is missing"
    assert summary == (
        f"tushuo: 2 bad entries in {str(dataset)!r}; mend them, or leave them out with --skip-bad"
    )
    assert result.exit_code == 2


def test_scores_of_a_few_photographs_are_not_kept(bundle, dataset):
    arguments = ["evaluate", "--data", dataset, "--model", bundle, "--record", "--limit", 2]
    result = run(*arguments)
    assert "got --record and --limit" in result.stderr
    assert result.exit_code == 2


def test_a_report(bundle, dataset, tmp_path):
    page = tmp_path / "report.html"
    arguments = ["evaluate", "--data", dataset, "--model", bundle, "--html", page]
    result = run(*arguments, "--report-images", 2)
    assert result.exit_code == 0, result.stderr
    text = page.read_text("utf-8")
    assert "<title>tiny: 3 photographs of dev</title>" in text
    assert result.stdout.splitlines()[-1] in text
    assert text.count("data:image/jpeg") == 2
    for place, message in ((page, "exists already"), (tmp_path / "no" / "x", "there is no folder")):
        result = run(*arguments[:-1], place)
        assert message in result.stderr
        assert result.exit_code == 2
    assert page.read_text("utf-8") == text


def test_meteor_needs_its_program(bundle, dataset, monkeypatch):
    monkeypatch.setenv("PATH", "")
    result = run("evaluate", "--data", dataset, "--model", bundle, "--meteor")
    assert "METEOR needs Java" in result.stderr
    assert result.exit_code == 1


def test_evaluate_with_wrong_data(bundle, dataset, tmp_path):
    result = run("evaluate", "--data", tmp_path / "none", "--model", bundle)
    assert result.stderr.startswith("tushuo: no folder")
    assert result.exit_code == 2
    result = run("evaluate", "--data", dataset, "--split", "test", "--model", bundle)
    assert "no split 'test'" in result.stderr
    (dataset / "1.png").write_text("no image")
    result = run("evaluate", "--data", dataset, "--model", bundle)
    assert "1.png" in result.stderr
    assert result.exit_code == 1
