"""`tushuo index` and `tushuo search` with a model that has an embedder; languages; watching."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from photos.conftest import age
from tiny import save_photograph, tiny_bundle
from tiny_embedder import tiny_embedder
from tushuo.caption import save_bundle
from tushuo.cli.app import app
from tushuo.photos import Library


@pytest.fixture(scope="module")
def embedding(tmp_path_factory):
    """A bundle that can compare photographs with words."""
    folder = tmp_path_factory.mktemp("embedding") / "tiny"
    save_bundle(folder, replace(tiny_bundle(), embedder=tiny_embedder()), "")
    return folder


@pytest.fixture
def run(tmp_path):
    runner = CliRunner()

    def run(command, *arguments):
        words = [command, "--library", str(tmp_path / "library.db"), *map(str, arguments)]
        return runner.invoke(app, words)

    return run


@pytest.fixture
def folder(tmp_path):
    for number in range(3):
        age(save_photograph(tmp_path / "photos" / f"{number}.png", seed=number))
    return tmp_path / "photos"


@pytest.fixture
def indexed(run, folder, embedding):
    assert run("index", folder, "--model", embedding).stdout.startswith("3 captioned in ")
    return folder


def test_like_a_photograph(run, indexed, embedding):
    query = f"like:{indexed / '0.png'}"
    found = [
        json.loads(line)
        for line in run("search", query, "--model", embedding, "--json").stdout.splitlines()
    ]
    assert all(-1 <= hit["meaning"] <= 1 and hit["words"] is None for hit in found)
    assert str(indexed / "0.png") not in {hit["path"] for hit in found}


def test_signs_stay_between_their_words(run, indexed, embedding):
    with Library(indexed.parent / "library.db") as library:
        library.edit(indexed / "0.png", "a horse on the beach")
        library.edit(indexed / "1.png", "a horse on the beach with people")
    words = ["horse", "+", "beach", "-", "people"]
    for query in (words, [" ".join(words)]):
        result = run("search", *query, "--model", embedding, "--json")
        assert "0.png" in result.stdout
        assert "1.png" not in result.stdout
    assert run("search", "horse", "-", "--model", embedding).stderr.startswith(
        "tushuo: nothing to search for after '-'"
    )


def test_a_model_that_is_not_the_library_s(run, indexed, bundle):
    result = run("search", "dog", "--model", bundle)
    assert result.exit_code == 2
    assert "the library was indexed with 'tiny' of version" in result.stderr
    assert "leave out --model, or index again" in result.stderr
    result = run("search", "path:0.png dog")  # no model of that name is installed
    assert result.stderr.startswith("tushuo: searching for words alone: the library was indexed")
    assert run("search", "path:0.png").stderr == ""  # which no model need understand


def test_captions_come_first_and_meaning_later(run, folder, bundle, embedding):
    run("index", folder, "--model", bundle)
    result = run("index", folder, "--model", embedding)
    assert result.stdout.startswith("3 captioned before, now known by meaning in ")
    assert run("index", folder, "--model", embedding).stdout == "3 unchanged\n"


def test_languages(run, folder, embedding):
    result = run("index", folder, "--model", embedding, "--lang", "en", "--lang", "zh")
    assert result.exit_code == 2
    assert "and several languages: en, zh; leave out --model" in result.stderr
    result = run("index", folder, "--model", embedding, "--lang", "zh")
    assert "model 'tiny' writes 'en', not 'zh'" in result.stderr


def test_watching_does_not_list(run, folder, embedding):
    result = run("index", folder, "--model", embedding, "--watch", "--dry-run")
    assert result.stderr == "tushuo: --watch does not go with a list of what would be done\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_watching_goes_on_until_somebody_ends_it(tushuo, embedding, folder, interrupts):
    """Even one that a script has started with `&`, which has SIGINT ignored."""
    interrupts(signal.SIG_IGN)
    library = ["--library", str(folder.parent / "library.db"), "--model", str(embedding)]
    command = [sys.executable, "-m", "tushuo", "index", str(folder), "--watch", *library]
    pipe = subprocess.PIPE
    options = {"stdout": pipe, "stderr": pipe, "env": tushuo.environment, "text": True}
    with subprocess.Popen(command, **options) as process:
        assert process.stdout.readline().startswith("3 captioned")
        assert process.stderr.readline() == "tushuo: watching; Ctrl-C ends it\n"
        age(save_photograph(folder / "new.png", seed=9))
        assert process.stdout.readline().startswith("1 captioned, 3 unchanged")
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(20) == 130
        finally:
            process.kill()
        assert process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("colours", "shown"), [("truecolor", True), ("", False)])
def test_thumbnails_in_a_terminal(tushuo, indexed, colours, shown):
    """Two pixels a character, where there are colours enough."""
    ours, theirs = pty.openpty()
    environment = tushuo.environment | {"TERM": "xterm", "COLORTERM": colours, "COLUMNS": "200"}
    library = ["--library", str(indexed.parent / "library.db")]
    command = [sys.executable, "-m", "tushuo", "search", "path:0.png", "--thumbnails", *library]
    with subprocess.Popen(command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        text = read_all(ours)
    assert process.returncode == 0
    assert b"photograph" in text
    assert ("▀".encode() in text) == shown


def read_all(terminal):
    text = b""
    with suppress(OSError):  # the other end is closed
        while part := os.read(terminal, 100_000):
            text += part
    os.close(terminal)
    return text
