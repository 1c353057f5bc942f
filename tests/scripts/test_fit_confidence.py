"""The script that fits a bundle's confidence."""

from __future__ import annotations

import csv
import json
import runpy
import sys
from pathlib import Path

import pytest

from tiny import save_photograph, tiny_bundle
from tushuo.caption import Calibration, Captioner, load_bundle, save_bundle
from tushuo.caption.training.confidence import ConfidenceFit
from tushuo.data import load_captions

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fit_confidence.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


@pytest.fixture
def data(tmp_path):
    with (tmp_path / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file_name", "caption", "split"])
        for i in range(4):
            save_photograph(tmp_path / f"{i}.png", seed=i)
            rows.writerows([f"{i}.png", f"{text} {i}", "dev"] for text in ("a dog runs", "the cat"))
    return tmp_path


def test_it_changes_only_the_confidence(script, data, monkeypatch, capsys):
    bundle, seen = data / "bundle", []
    save_bundle(bundle, tiny_bundle(), "")
    before = (bundle / "generation_config.json").read_text()

    def fit(captions, examples, language):
        seen.append((captions, examples, language))
        return ConfidenceFit(Calibration(1.5, 2.5), 0.4, 0.5, 0.7, 0.2, 0.25, 0.01)

    monkeypatch.setitem(script["measure"].__globals__, "fit_confidence", fit)
    arguments = [str(SCRIPT), str(bundle), "--data", str(data)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert script["main"]() == 0
    assert json.loads(capsys.readouterr().out)["calibration"] == {"slope": 1.5, "intercept": 2.5}
    assert (bundle / "generation_config.json").read_text() == before
    monkeypatch.setattr(sys, "argv", [*arguments, "--write"])
    assert script["main"]() == 0
    after = json.loads((bundle / "generation_config.json").read_text())
    assert after == json.loads(before) | {
        "confidence": {"of": "score", "slope": 1.5, "intercept": 2.5}
    }
    assert load_bundle(bundle).calibration == Calibration(1.5, 2.5)

    captions = Captioner(load_bundle(bundle))([data / f"{i}.png" for i in range(4)])
    made, examples, language = seen[0]
    assert [c.text for c in made] == [c.text for c in captions]
    assert examples == load_captions(data).examples("dev")
    assert language == "en"


def test_no_bundle(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(tmp_path / "x"), "--data", str(tmp_path)])
    assert script["main"]() == 1
    assert "no such model" in capsys.readouterr().err
