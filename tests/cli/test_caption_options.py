"""`tushuo caption`: the options of the search, and how sure the model is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from tiny import tiny_bundle
from tushuo.caption import Calibration, save_bundle
from tushuo.cli.app import app


@pytest.fixture(scope="module")
def sure_bundle(tmp_path_factory):
    """A bundle whose captions are good with a probability of about one half."""
    folder = tmp_path_factory.mktemp("bundles") / "sure"
    save_bundle(folder, replace(tiny_bundle(), calibration=Calibration(1.0, 2.4)), "")
    return folder


@pytest.fixture
def captions(photos, bundle):
    def run(*arguments, model=bundle):
        command = ["caption", photos / "a b.png", photos / "sub", "--model", model, *arguments]
        return CliRunner().invoke(app, list(map(str, command)))

    return run


def texts(result):
    assert result.exit_code == 0, result.stderr
    return [line.split("\t")[1].rstrip(".").lower().split() for line in result.stdout.splitlines()]


def test_words_and_lengths(captions):
    arguments = ["--include", "dog", "--include", "Red", "--exclude", "cat", "--max-words", 4]
    for words in texts(captions(*arguments, "--min-words", 4, "--no-repeat-ngram-size", 1)):
        assert {"dog", "red"} <= set(words)
        assert "cat" not in words
        assert len(set(words)) == len(words) == 4


def test_chance(captions):
    plain = captions().stdout
    drawn = [captions("--seed", seed).stdout for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert len({plain, *drawn}) == 3
    careful = captions("--sample", "--temperature", 0.01, "--beam", 1).stdout
    assert careful == captions("--beam", 1).stdout


def test_groups_of_beams(captions):
    arguments = ["--beam", 4, "--num-beam-groups", 2, "--diversity-penalty", 1]
    assert len(texts(captions(*arguments))) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--include", "dgo"], "does not know the word 'dgo'; words that look alike: dog"),
        (["--include", "dog", "--sample"], "include and num_beam_groups are for beam search"),
        (["--max-words", 2, "--min-words", 3], "min_words 3 is above max_words 2"),
        (["--num-beam-groups", 2], "3 beams do not divide into 2 groups"),
        (["--top-p", 7], "top_p: got 7.0"),
        (["--precision", "int8"], "'tiny' has no quantization.json, which precision 'int8' needs"),
        (["--precision", "int4"], "'int4'; choose among float32, bfloat16, int16, int8"),
        (["--min-confidence", 0.5], "model 'tiny' does not tell its confidence"),
    ],
)
def test_wrong_usage(captions, arguments, message):
    result = captions(*arguments)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert result.exit_code == 2


def test_a_model_that_is_not_sure_says_so(captions, sure_bundle):
    entries = captions("--json", model=sure_bundle).stdout.splitlines()
    known = [json.loads(entry)["confidence"] for entry in entries]
    assert all(0 < value < 1 for value in known)
    least = sorted(known)[1]
    result = captions("--json", "--min-confidence", least, model=sure_bundle)
    assert [json.loads(line)["sure"] for line in result.stdout.splitlines()] == [
        value >= least for value in known
    ]
    plain = captions("--min-confidence", least, model=sure_bundle)
    assert ["\t(not sure) " in line for line in plain.stdout.splitlines()] == [
        value < least for value in known
    ]
    assert plain.exit_code == 0
