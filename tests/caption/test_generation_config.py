"""`generation_config.json`: old files, all settings, and files that lie."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tiny import tiny_bundle
from tushuo.caption import Calibration, Decoding, load_bundle, save_bundle
from tushuo.caption.generation_config import (
    read_calibration,
    read_decoding,
    write_generation_config,
)
from tushuo.errors import BundleError

OLD = {"num_beams": 3, "max_length": 22, "length_penalty": 0.7}


@pytest.fixture
def config(tmp_path):
    def write(**content):
        path = tmp_path / "generation_config.json"
        path.write_text(json.dumps(OLD | content))
        return path

    return write


def test_a_file_without_the_newer_settings(config):
    assert read_decoding(config()) == Decoding(beams=3, max_words=22, length_penalty=0.7)
    assert read_calibration(config()) is None
    assert write_generation_config(read_decoding(config())) == OLD


@pytest.mark.parametrize(
    "decoding",
    [
        Decoding(4, 9, 1.0, 2, 3, num_beam_groups=2, diversity_penalty=0.5, exclude=(4, 9)),
        Decoding(do_sample=True, temperature=0.7, top_k=40, top_p=0.9, seed=5),
        Decoding(include=(7,), max_words=5),
    ],
)
def test_all_settings_survive(tmp_path, decoding):
    calibration = Calibration(5.25, 6.125)
    bundle = replace(tiny_bundle(), decoding=decoding, calibration=calibration)
    save_bundle(tmp_path / "b", bundle, "")
    loaded = load_bundle(tmp_path / "b")
    assert loaded.decoding == decoding
    assert loaded.calibration == calibration


def test_the_names_are_those_of_hugging_face():
    decoding = Decoding(min_words=2, no_repeat_ngram_size=3, include=(5,), exclude=(7, 8))
    content = write_generation_config(decoding)
    assert content["min_length"] == 2
    assert content["no_repeat_ngram_size"] == 3
    assert content["force_words_ids"] == [[5]]
    assert content["bad_words_ids"] == [[7], [8]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"top_k": 2.5}, "top_k: got 2.5, expected a whole number"),
        ({"do_sample": 1}, "do_sample: got 1, expected true or false"),
        ({"top_p": "all"}, "top_p: got 'all', expected a number"),
        ({"bad_words_ids": [[1, 2]]}, "expected a list of lists of one word number"),
        ({"force_words_ids": [["dog"]]}, "expected a list of lists of one word number"),
        ({"temperature": 0.5}, "temperature, top_k and top_p: for sampling only"),
        ({"min_length": 99}, "min_words 99 is above max_words 22"),
    ],
)
def test_settings_that_lie(config, content, message):
    with pytest.raises(BundleError, match=r"generation_config\.json: ") as caught:
        read_decoding(config(**content))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (0.5, "confidence: got 0.5, expected slope and intercept"),
        ({"of": "score", "slope": 1.0}, "confidence.intercept: got None, expected a number"),
        ({"of": "score", "slope": 1.0, "intercept": float("inf")}, "expected finite numbers"),
    ],
)
def test_a_confidence_that_lies(config, content, message):
    with pytest.raises(BundleError) as caught:
        read_calibration(config(confidence=content))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("num_beam", "unknown setting 'num_beam'; did you mean num_beams or num_beam_groups?"),
        ("Temperature", "unknown setting 'Temperature'; did you mean temperature?"),
        ("transformers_version", "unknown setting 'transformers_version'; known: num_beams, max_"),
        ("x" * 500, "; known: num_beams"),
    ],
)
def test_a_setting_that_nobody_knows_is_refused(config, key, message):
    path = config(**{key: 4})
    with pytest.raises(BundleError) as caught:
        read_decoding(path)
    text = str(caught.value)
    assert message in text
    assert str(path) in text
    assert "x" * 61 not in text


def test_a_confidence_of_probabilities_does_not_count(config):
    assert read_calibration(config(confidence={"slope": 1.0, "intercept": 2.0})) is None
