"""`tushuo caption`: the options of the search, and how sure the model is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from tiny import tiny_bundle
from tushuo.caption import Calibration, load_captioner, save_bundle
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


@pytest.mark.parametrize(
    ("arguments", "count"),
    [(["--sample"], 3), (["--seed", 1, "--beam", 2], 2), (["--beam", 4], 4), (["--beam", 1], None)],
)
def test_json_has_the_alternatives_that_were_asked_for(captions, bundle, photos, arguments, count):
    first, *_ = captions("--json", *arguments).stdout.splitlines()
    entry = json.loads(first)
    if count is None:
        assert "alternatives" not in entry
        return
    assert "--json has the others" not in captions("--beam", 1, "--sample").stderr
    options = {"do_sample": True} if arguments[0] != "--beam" else {}
    options |= {"seed": 1} if "--seed" in arguments else {}
    (expected,) = load_captioner(bundle)([photos / "a b.png"], beams=count, **options)
    assert entry["caption"] == expected.text
    assert len(entry["alternatives"]) == count - 1
    assert entry["alternatives"] == [
        {
            "text": other.text,
            "logprob": pytest.approx(other.logprob, abs=1e-5),
            "score": pytest.approx(other.score, abs=1e-5),
        }
        for other in expected.alternatives
    ]


def test_how_to_see_the_other_sentences_drawn(captions):
    told = "tushuo: of 3 sentences drawn, one is written; --json has the others, too\n"
    assert captions("--sample").stderr == told
    assert captions("--sample", "--beam", 1).stderr == ""
    assert captions("--sample", "--json").stderr == ""
    assert captions("--beam", 3).stderr == ""


def test_groups_of_beams(captions):
    arguments = ["--beam", 4, "--num-beam-groups", 2, "--diversity-penalty", 1]
    assert len(texts(captions(*arguments))) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--include", "dgo"], "--include: model 'tiny' does not know the word 'dgo'; words that"),
        (
            ["--include", "dog", "--sample"],
            "--include and --num-beam-groups: for beam search only; leave out --sample",
        ),
        (["--match-weight", 1], "--match-weight: model 'tiny' has no embedder; leave it out"),
        (["--max-words", 2, "--min-words", 3], "--min-words 3 is above --max-words 2"),
        (
            ["--num-beam-groups", 2],
            "3 beams do not divide into 2 groups; --num-beam-groups divides beams",
        ),
        (["--diversity-penalty", 1], "--diversity-penalty without groups; set --num-beam-groups"),
        (["--top-p", 7], "--top-p: got 7.0"),
        (["--patience", 0], "--patience: got 0.0"),
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
