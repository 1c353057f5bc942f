"""`tushuo index`, `search` and `library`: what they print, and with what exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from photos.conftest import age
from tiny import save_photograph
from tushuo.caption import load_captioner
from tushuo.cli.app import app
from tushuo.photos import Library


@pytest.fixture
def photos(photos):
    """Not written just now, so that their times can be relied on."""
    for path in photos.rglob("*.*"):
        if path.is_file():
            age(path)
    return photos


@pytest.fixture
def run(tmp_path):
    """A command on a library of the test's own."""
    runner = CliRunner()

    def run(*arguments):
        command, *rest = arguments
        words = [*command.split(), "--library", str(tmp_path / "library.db"), *map(str, rest)]
        return runner.invoke(app, words)

    return run


@pytest.fixture
def indexed(run, bundle, photos):
    for name in ("empty.jpg", "text.png"):
        (photos / name).unlink()
    result = run("index", photos, "--model", bundle)
    assert result.exit_code == 0
    assert result.stdout.startswith("3 captioned in ")
    return photos


@pytest.fixture(scope="session")
def sentence(bundle):
    """What the model says of a photograph."""
    captioner = load_captioner(bundle)
    return lambda path: captioner([path])[0].text


def test_index_reports(run, bundle, photos):
    result = run("index", photos, "--model", bundle)
    assert result.stdout.startswith("3 captioned, 2 failed in ")
    assert result.stderr.splitlines()[0] == f"tushuo: {photos / 'empty.jpg'}: the file is empty"
    assert result.exit_code == 1
    again = run("index", photos, "--model", bundle, "--json")
    counts = json.loads(again.stdout)
    assert counts["failed_before"] == 2
    assert counts["unchanged"] == 3
    assert again.exit_code == 0


def test_dry_run_does_nothing(run, bundle, photos, tmp_path):
    result = run("index", photos, "--model", bundle, "--dry-run")
    assert f"new\t{photos / 'a b.png'}" in result.stdout.splitlines()
    assert not (tmp_path / "library.db").exists()
    run("index", photos, "--model", bundle)
    save_photograph(photos / "new.png")
    before = (tmp_path / "library.db").read_bytes()
    result = run("index", photos, "--model", bundle, "--dry-run")
    assert result.stdout == f"new\t{photos / 'new.png'}\n"
    assert (tmp_path / "library.db").read_bytes() == before


def test_recaption_asks_first(run, bundle, indexed, tmp_path, sentence):
    with Library(tmp_path / "library.db") as library:
        library._connection.execute("UPDATE caption SET version = 'old'")
    photo = indexed / "a b.png"
    result = run("index", indexed, "--model", bundle, "--recaption")
    assert f"recaption\t{photo}\t{sentence(photo)}\t(tiny old)" in result.stdout.splitlines()
    assert result.stderr == "tushuo: 3 photographs would be captioned; add --yes to do it\n"
    done = run("index", indexed, "--model", bundle, "--recaption", "--yes")
    assert done.stdout.startswith("3 captioned in ")
    again = run("index", indexed, "--model", bundle, "--recaption")
    assert again.stdout == ""
    assert again.stderr.startswith("tushuo: no photograph would be captioned; ")


def test_deleted_photographs(run, bundle, indexed):
    (indexed / "a b.png").unlink()
    assert "1 missing" in run("index", indexed, "--model", bundle).stdout
    assert run("library info").stdout.count("1 missing") == 1
    assert "1 forgotten" in run("index", indexed, "--model", bundle, "--purge").stdout
    assert "missing" not in run("library info").stdout


def test_search(run, indexed):
    photo = indexed / "a b.png"
    run("library edit", photo, "Our dog at the lake")
    result = run("search", "dogs", "lake")
    assert result.stdout == f"{photo}\tOur dog at the lake\n"
    assert result.exit_code == 0
    for query in (["-lakes", "dog"], ["dog", '-"the lake"'], ["--", "dog", "-lake"]):
        assert run("search", *query).stdout == ""
    (hit,) = map(json.loads, run("search", "lake", 'path:"a b"', "--json").stdout.splitlines())
    assert hit["path"] == str(photo)
    assert hit["matched"] == ["lake"]
    assert hit["spans"] == [[15, 19]]
    assert hit["why"] == [f"path {photo}"]
    assert hit["by"] == "person"


def test_search_for_pipes(run, indexed):
    names = run("search", "-0", "path:sub").stdout_bytes.split(b"\0")
    assert sorted(names) == sorted([b"", *map(os.fsencode, (indexed / "sub").iterdir())])


def test_a_hit_is_one_line(run, photos):
    odd = photos / "two\nlines.png"
    save_photograph(odd)
    run("index", photos)
    (line,) = run("search", "path:lines").stdout.splitlines()
    path, _, why = line.split("\t")
    assert path.endswith(r"two\nlines.png")
    assert why == f"path {path}"


def test_nothing_matches(run, indexed):
    for options in ([], ["--json"], ["-0"]):
        result = run("search", "unicorn", *options)
        assert (result.stdout, result.exit_code) == ("", 1)
        assert result.stderr == "tushuo: no photograph matches\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["colour:red"], "unknown operator 'colour:'"),
        (['"dog'], "a quotation mark stands alone"),
        (["dog", "--json", "-0"], "got --json and -0; choose one"),
    ],
)
def test_wrong_searches(run, arguments, problem):
    result = run("search", *arguments)
    assert result.stderr.startswith(f"tushuo: {problem}")
    assert len(result.stderr.splitlines()) == 1
    assert result.exit_code == 2
    assert result.stdout == ""


def test_without_a_library(run, tmp_path):
    for command in (["search", "dog"], ["library info"], ["library edit", "x.jpg", "y"]):
        result = run(*command)
        assert result.stderr.startswith("tushuo: no library at ")
        assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_library(run, bundle, photos, tmp_path):
    (tmp_path / "library.db").write_text("dear diary")
    result = run("index", photos, "--model", bundle)
    assert "is damaged or no library" in result.stderr
    assert result.exit_code == 1
    assert (tmp_path / "library.db").read_text() == "dear diary"


def test_export(run, indexed, sentence):
    photo = indexed / "a b.png"
    edited = run("library edit", photo, "=HYPERLINK(1)", "--lang", "en", "--json").stdout
    assert json.loads(edited) == {
        "path": str(photo),
        "language": "en",
        "caption": "=HYPERLINK(1)",
    }
    rows = list(csv.DictReader(io.StringIO(run("library export", "--csv").stdout)))
    objects = [json.loads(line) for line in run("library export", "--jsonl").stdout.splitlines()]
    assert [row["path"] for row in rows] == [entry["path"] for entry in objects]
    assert rows[0]["caption"] == "'=HYPERLINK(1)"  # no formula for a spreadsheet
    assert objects[0]["caption"] == "=HYPERLINK(1)"
    assert objects[0]["by"] == "person"
    assert objects[1]["caption"] == sentence(objects[1]["path"])
    assert run("library export").stderr.startswith("tushuo: which format is to be written")


def test_info(run, indexed):
    text = run("library info").stdout
    assert "photographs  3" in text
    assert "captions     3 en" in text
    info = json.loads(run("library info", "--json").stdout)
    assert info["photographs"] == 3
    assert info["files"] == {"ok": 3}


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_is_quiet_and_loses_nothing(tushuo, bundle, tmp_path):
    for number in range(40):
        save_photograph(tmp_path / "photos" / f"{number}.jpg", seed=number)
    (tmp_path / "photos" / "0.jpg").write_text("bad, and told as soon as its batch is stored")
    library = ["--library", str(tmp_path / "library.db"), "--batch-size", "1", "--json"]
    command = [sys.executable, "-m", "tushuo", "index", str(tmp_path / "photos"), *library]
    pipe = subprocess.PIPE
    options = {"stdout": pipe, "stderr": pipe, "env": tushuo.environment, "text": True}
    with subprocess.Popen([*command, "--model", str(bundle)], **options) as process:
        assert "0.jpg" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert len(process.stderr.read().splitlines()) == 1  # of the bad photograph
    with Library(tmp_path / "library.db", read_only=True) as library:
        assert library.info().files["failed"] == 1
        assert library._connection.execute("SELECT count(*) FROM claim").fetchone() == (0,)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
def test_names_that_are_no_unicode(tushuo, bundle, tmp_path):
    name = tmp_path / "p" / os.fsdecode(b"caf\xe9\n.png")
    save_photograph(tmp_path / "p" / "x.png").rename(name)
    library = ["--library", tmp_path / "library.db"]
    assert tushuo("index", tmp_path / "p", "--model", bundle, *library).returncode == 0
    found = tushuo("search", "-0", "path:caf", *library)
    assert found.stdout == os.fsencode(name) + b"\0"
    (line,) = tushuo("search", "path:caf", "--json", *library).stdout.splitlines()
    assert json.loads(line)["path"] == str(name)
    (line,) = tushuo("library", "export", "--jsonl", *library).stdout.splitlines()
    assert json.loads(line)["path"] == str(name)
    table = tushuo("library", "export", "--csv", *library)
    assert os.fsencode(name) in table.stdout
