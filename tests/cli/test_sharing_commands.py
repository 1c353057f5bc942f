"""`tushuo share` and `tushuo alt`: what they print and write, and with what exit status."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from functools import cache

import pytest
from typer.testing import CliRunner

from tiny import save_photograph
from tushuo.caption import load_captioner
from tushuo.cli.app import app
from tushuo.cli.tables import new_file
from tushuo.photos.metadata import ALT_TEXT, DESCRIPTION, merged, read_notes
from tushuo.photos.metadata.xmp import texts

load_once = cache(load_captioner)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A command of a user who has no library yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("tushuo.caption.load_captioner", load_once)
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def good(photos):
    for name in ("empty.jpg", "text.png"):
        (photos / name).unlink()
    return photos


@pytest.fixture
def indexed(run, bundle, good):
    assert run("index", good, "--model", bundle).exit_code == 0
    return good


@pytest.fixture(scope="session")
def sentence(bundle):
    captioner = load_once(str(bundle))
    return lambda path: captioner([path])[0].text


def alt_text(path):
    data = path.read_bytes()
    packet = data if path.suffix == ".xmp" else read_notes(data, path.suffix).xmp
    return texts(packet)[ALT_TEXT]["x-default"]


def test_share_files(run, bundle, photos, sentence):
    result = run("share", photos, "--model", bundle)
    photo = photos / "a b.png"
    assert f"written\t{photo}.xmp\t{sentence(photo)}" in result.stdout.splitlines()
    assert alt_text(photos / "a b.png.xmp") == sentence(photo)
    errors = result.stderr.splitlines()
    assert errors[0] == f"tushuo: {photos / 'empty.jpg'}: the file is empty"
    assert errors[-1] == "tushuo: 3 written, 2 failed"
    assert result.exit_code == 1  # the others were shared nonetheless


def test_share_a_library(run, indexed):
    photo = indexed / "a b.png"
    run("library", "edit", photo, "Bello at the lake")
    result = run("share", "--search", "lake", "--embed", "--keep-original", "--json")
    (line,) = map(json.loads, result.stdout.splitlines())
    assert line == {
        "path": str(photo),
        "what": "written",
        "caption": "Bello at the lake",
        "targets": [str(photo)],
        "persons": {},
    }
    assert alt_text(photo) == "Bello at the lake"
    assert photo.with_name("a b.png_original").exists()
    assert "1 unchanged, 2 written" in run("share", "--all", "--embed").stderr
    again = run("share", "--search", "unicorn")
    assert (again.exit_code, again.stderr) == (1, "tushuo: no photograph matches\n")


def test_the_library_is_asked_about_files(run, indexed, bundle):
    photo = indexed / "a b.png"
    run("library", "edit", photo, "Bello at the lake")
    assert "\tBello at the lake\n" in run("share", photo, "--model", bundle).stdout


def test_a_persons_words_are_told(run, bundle, good):
    photo = good / "a b.png"
    assert run("share", photo, "--model", bundle).exit_code == 0
    sidecar = good / "a b.png.xmp"
    own = {name: {"x-default": "Bello!"} for name in (DESCRIPTION, ALT_TEXT)}
    sidecar.write_bytes(merged(sidecar.read_bytes(), own))
    result = run("share", photo, "--model", bundle)
    assert result.stdout == f"kept\t{photo}\tBello!\n"
    assert run("share", photo, "--model", bundle, "--replace").stdout.startswith("written\t")


def test_dry_run_writes_nothing(run, bundle, good, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    outputs = ["--csv", tmp_path / "x.csv", "--album", tmp_path / "album", "--sidecar", "--embed"]
    result = run("share", good, "--model", bundle, "--dry-run", *outputs)
    lines = result.stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["would be written"] * 6
    assert result.stderr == "tushuo: 6 would be written; nothing was written (dry run)\n"
    told = run("share", good, "--model", bundle, "--dry-run", "--json").stdout.splitlines()
    assert [json.loads(line)["what"] for line in told] == ["would be written"] * 3
    assert sorted(tmp_path.rglob("*")) == before


def test_tables_and_albums(run, bundle, good, tmp_path, sentence):
    table, lines, album = (tmp_path / name for name in ("x.csv", "x.jsonl", "album"))
    options = ["--model", bundle, "--csv", table, "--jsonl", lines, "--album", album]
    result = run("share", good, *options, "--title", "Summer")
    assert (result.stdout, result.exit_code) == ("", 0)
    made = f"made {table}, made {lines}, made {album / 'index.html'}"
    assert result.stderr == f"tushuo: 3 listed, {made}\n"
    rows = list(csv.DictReader(table.open(encoding="utf-8", newline="")))
    objects = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert [row["caption"] for row in rows] == [entry["caption"] for entry in objects]
    assert rows[0]["caption"] == sentence(good / "a b.png")
    assert "<title>Summer</title>" in (album / "index.html").read_text("utf-8")
    assert not list(good.rglob("*.xmp"))
    again = run("share", good, *options)
    assert (
        again.stderr
        == f"tushuo: {str(table)!r} exists already; name a new file; nothing is overwritten\n"
    )
    assert again.exit_code == 2


def test_half_a_table_is_not_left(tmp_path):
    path = tmp_path / "x.csv"
    with pytest.raises(OSError, match=r"No space left on device: .*x\.csv"), new_file(path, "x"):
        raise OSError(28, "No space left on device")
    assert not path.exists()
    path.write_text("precious")
    with pytest.raises(FileExistsError), new_file(path, "x"):
        pass
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "which photographs are to be shared; give either paths, --search QUERY or --all"),
        (["x.jpg", "--all"], "which photographs are to be shared"),
        (["--all"], "no library at "),
        (["x.jpg", "--library", "nope.db"], "no library at 'nope.db'"),
        (["x.jpg", "--csv", "nope/x.csv"], "'nope/x.csv': 'nope' is no folder"),
    ],
)
def test_wrong_sharing(run, arguments, problem):
    result = run("share", *arguments)
    assert result.stderr.startswith(f"tushuo: {problem}")
    assert len(result.stderr.splitlines()) == 1
    assert result.exit_code in (1, 2)


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    save_photograph(root / "a.png", seed=1)
    page = (
        b'<html lang="de"><img src="a.png">\r\n<img src="gone.png"><img alt="" src="a.png">caf\xe9'
    )
    (root / "index.html").write_bytes(page)
    return root


def test_alt_writes_a_patch(run, bundle, site, sentence):
    before = (site / "index.html").read_bytes()
    result = run("alt", site, "--model", bundle)
    text = sentence(site / "a.png").encode()
    head = b"--- a/index.html\n+++ b/index.html\n@@ -1,2 +1,2 @@\n"
    assert result.stdout_bytes == (
        head
        + b'-<html lang="de"><img src="a.png">\r\n'
        + b'+<html lang="de"><img alt="'
        + text
        + b'" src="a.png">\r\n '
        + before.split(b"\n")[1]
        + b"\n\\ No newline at end of file\n"
    )
    assert result.stderr.splitlines() == [
        f"tushuo: {site / 'index.html'}:2: gone.png: failed: no such file",
        "tushuo: 1 page: 1 filled, 1 failed, 1 decorative",
        "tushuo: 1 alt text in another language than the page's (de); see --language and --model",
    ]
    assert result.exit_code == 1
    assert (site / "index.html").read_bytes() == before


def test_alt_applies(run, bundle, site, sentence):
    page = site / "index.html"
    before, text = page.read_bytes(), sentence(site / "a.png")
    result = run("alt", site, "--model", bundle, "--apply")
    assert result.stdout == f"{page}:1\ta.png\t{text}\n"
    assert page.read_bytes() == before.replace(b"<img", f'<img alt="{text}"'.encode(), 1)
    assert run("alt", site, "--model", bundle).stdout == ""


def test_alt_reports(run, bundle, site, tmp_path, sentence):
    patch = tmp_path / "alt.patch"
    result = run("alt", site, "--model", bundle, "--json", "-o", patch)
    filled, failed = map(json.loads, result.stdout.splitlines())
    assert filled["text"] == sentence(site / "a.png")
    assert (filled["page"], filled["line"], filled["what"]) == ("index.html", 1, "filled")
    assert (failed["source"], failed["what"], failed["why"]) == (
        "gone.png",
        "failed",
        "no such file",
    )
    assert patch.read_bytes().startswith(b"--- a/index.html\n")
    assert run("alt", site, "--output", patch).exit_code == 2


def test_alt_checks(run, site):
    result = run("alt", site, "--check")
    page = site / "index.html"
    assert result.stdout.splitlines() == [f"{page}:1\ta.png", f"{page}:2\tgone.png"]
    assert result.stderr == "tushuo: 1 page: 2 missing, 1 decorative\n"
    assert result.exit_code == 1
    page.write_text('<img src="a.png" alt="A dog">')
    assert run("alt", site, "--check").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nope"], "'nope' is no folder"),
        (["."], "no HTML file in "),
        ([".", "--check", "--apply"], "got more than one of"),
        ([".", "--base-url", "x"], "base URL: got 'x'"),
        ([".", "-o", "nope/x.patch"], "'nope/x.patch': 'nope' is no folder"),
    ],
)
def test_wrong_alt(run, arguments, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("alt", *arguments)
    assert result.stderr.startswith(f"tushuo: {problem}")
    assert result.exit_code == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
def test_names_that_are_no_unicode(tushuo, bundle, tmp_path):
    folder = tmp_path / "site"
    name = folder / os.fsdecode(b"caf\xe9\n.png")
    save_photograph(folder / "x.png").rename(name)
    page = folder / os.fsdecode(b"p\xe9.html")
    page.write_bytes(b"<img src='caf%E9%0A.png'>")
    options = ["--model", bundle, "--sidecar", "--album", tmp_path / "album"]
    shared = tushuo("share", folder, *options)
    assert shared.returncode == 0
    assert name.with_name(f"{name.name}.xmp").is_file()
    done = tushuo("alt", folder, "--model", bundle)
    assert done.returncode == 0
    subprocess.run(["git", "apply", "-"], input=done.stdout, cwd=folder, check=True)
    assert b"<img alt=" in page.read_bytes()
