"""The script that fits a bundle's confidence."""

from __future__ import annotations

import csv
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from tiny import save_photograph, tiny_bundle
from tushuo.caption import Calibration, Captioner, load_bundle, save_bundle
from tushuo.caption.metrics import cider_d, evaluate_captions
from tushuo.errors import DatasetError

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fit_confidence.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_people_against_each_other(script):
    references = [[["a", "dog"], ["a", "dog"]], [["two", "cats"], ["a", "red", "cat"]]]
    forward = cider_d([r[0] for r in references], [r[1:] for r in references])
    back = cider_d([r[1] for r in references], [r[:1] for r in references])
    expected = np.mean([forward, back])
    assert script["human_cider_d"](references) == pytest.approx(expected)
    with pytest.raises(DatasetError, match="a photograph has a single caption"):
        script["human_cider_d"]([[["a"]]])


def test_what_a_fit_is_worth(script):
    random = np.random.default_rng(0)
    means = random.uniform(-3, 0, 4000)
    scores = (random.random(4000) < 1 / (1 + np.exp(-(4 * means + 6)))).astype(float)
    found = script["fit"](means, scores, human=1.0)
    assert found.threshold == 0.5
    assert found.share == scores.mean()
    assert found.calibration.slope == pytest.approx(4, abs=0.4)
    assert 0.94 < found.auc < 0.97
    assert found.brier < 0.7 * found.constant_brier
    assert found.error < 0.04
    useless = script["fit"](random.permutation(means), scores, human=1.0)
    assert useless.auc == pytest.approx(0.5, abs=0.06)


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

    def fit(means, scores, human):
        seen.append((means, scores, human))
        return script["Fit"](Calibration(1.5, 2.5), 0.4, 0.5, 0.7, 0.2, 0.25, 0.01)

    monkeypatch.setitem(script["measure"].__globals__, "fit", fit)
    arguments = [str(SCRIPT), str(bundle), "--data", str(data)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert script["main"]() == 0
    assert json.loads(capsys.readouterr().out)["calibration"] == {"slope": 1.5, "intercept": 2.5}
    assert (bundle / "generation_config.json").read_text() == before
    monkeypatch.setattr(sys, "argv", [*arguments, "--write"])
    assert script["main"]() == 0
    after = json.loads((bundle / "generation_config.json").read_text())
    assert after == json.loads(before) | {"confidence": {"slope": 1.5, "intercept": 2.5}}
    assert load_bundle(bundle).calibration == Calibration(1.5, 2.5)

    captions = Captioner(load_bundle(bundle))([data / f"{i}.png" for i in range(4)])
    written = {str(i): [f"a dog runs {i}", f"the cat {i}"] for i in range(4)}
    scores = evaluate_captions({str(i): c.text for i, c in enumerate(captions)}, written)
    means, given, human = seen[0]
    np.testing.assert_allclose(means, [c.logprob / (len(c.words) + 1) for c in captions], rtol=1e-4)
    np.testing.assert_allclose(given, list(scores.cider_d_by_image.values()))
    assert human > 0


def test_no_bundle(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(tmp_path / "x"), "--data", str(tmp_path)])
    assert script["main"]() == 1
    assert "no such model" in capsys.readouterr().err
