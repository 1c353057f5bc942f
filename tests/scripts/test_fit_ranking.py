"""The script that fits how much phrases and the joint space count, and the confidence."""

from __future__ import annotations

import csv
import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tiny import WORDS, save_photograph, tiny_bundle
from tushuo.caption import Calibration, load_bundle, load_captioner, save_bundle
from tushuo.caption.metrics import evaluate_captions
from tushuo.caption.phrases import count_phrases, fit_phrases
from tushuo.caption.training import confidence
from tushuo.caption.training.confidence import ConfidenceFit
from tushuo.caption.training.ranking import PHRASES

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fit_ranking.py"


@pytest.fixture
def data(tmp_path):
    bundle = tiny_bundle()
    with (tmp_path / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file_name", "caption", "split"])
        for i in range(4):
            save_photograph(tmp_path / f"{i}.png", seed=i)
            rows.writerows(
                [f"{i}.png", f"{a} {b}", "dev"] for a, b in (WORDS[i : i + 2], WORDS[:2])
            )
    said = [[bundle.vocabulary.encode(WORDS[i : i + 3])[1:-1]] for i in range(4)]
    pooled = np.random.default_rng(3).normal(size=(4, 1280)).astype(np.float32)
    phrases = fit_phrases(count_phrases(said, 1), pooled, said, ridge=0.1, rank=4, directions=4)
    save_bundle(tmp_path / "bundle", replace(bundle, phrases=phrases), "")
    return tmp_path


def test_the_weight_with_the_best_score_is_written(data, monkeypatch, capsys):
    main, bundle = runpy.run_path(str(SCRIPT))["main"], data / "bundle"
    before = json.loads((bundle / "generation_config.json").read_text())
    arguments = [str(SCRIPT), str(bundle), "--data", str(data)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert main() == 0
    *lines, sure = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines]
    assert json.loads((bundle / "generation_config.json").read_text()) == before
    scores = {float(row[1]): float(row[-1]) for row in rows}
    assert list(scores) == [*PHRASES]  # no embedder: phrases alone
    captioner, images = load_captioner(bundle), [data / f"{i}.png" for i in range(4)]
    references = {str(i): [" ".join(WORDS[i : i + 2]), " ".join(WORDS[:2])] for i in range(4)}
    for weight, score in scores.items():
        made = captioner(images, phrase_weight=weight)
        found = evaluate_captions({str(i): c.text for i, c in enumerate(made)}, references)
        assert score == pytest.approx(found.as_dict()["CIDEr-D"], abs=1e-4)
    monkeypatch.setattr(sys, "argv", [*arguments, "--write"])
    assert main() == 0
    best = max(scores, key=lambda weight: scores[weight])
    after = json.loads((bundle / "generation_config.json").read_text())
    fit = json.loads(sure)
    sure = fit and {"of": "score", **fit["calibration"]}
    assert after == before | {"phrase_weight": best, "match_weight": 0, "confidence": sure}
    assert load_bundle(bundle).decoding.phrase_weight == best


@pytest.mark.parametrize("auc", [0.8, 0.5])
def test_the_confidence_goes_with_the_ranking(data, monkeypatch, capsys, auc):
    """One of other weights would be of scores that are no more."""
    folder, mine = data / "sure", load_bundle(data / "bundle")
    save_bundle(folder, replace(mine, calibration=Calibration(9.0, 9.0)), "")
    seen = []

    def fit(captions, examples, language):
        seen.append((captions, examples, language))
        return ConfidenceFit(Calibration(1.5, 2.5), 0.4, 0.5, auc, 0.2, 0.25, 0.01)

    monkeypatch.setattr(confidence, "fit_confidence", fit)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(folder), "--data", str(data), "--write"])
    assert runpy.run_path(str(SCRIPT))["main"]() == 0
    after = load_captioner(folder)
    assert after.bundle.calibration == (Calibration(1.5, 2.5) if auc > 0.5 else None)
    assert ("no better than chance" in capsys.readouterr().err) == (auc == 0.5)
    made, examples, language = seen[0]
    captions = after([example.image for example in examples])
    assert [c.text for c in made] == [c.text for c in captions]
    assert (len(examples), language) == (4, "en")


def test_no_bundle(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(tmp_path / "x"), "--data", str(tmp_path)])
    assert runpy.run_path(str(SCRIPT))["main"]() == 1
    assert "no such model" in capsys.readouterr().err
