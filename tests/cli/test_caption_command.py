"""`tushuo caption` inside this process: lines, JSON, errors, pictures, exit status."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from tiny import save_photograph
from tushuo.caption import load_captioner
from tushuo.cli.app import app


@pytest.fixture
def caption(bundle):
    runner = CliRunner()

    def run(*arguments, stdin=None):
        command = ["caption", *map(str, arguments), "--model", str(bundle)]
        return runner.invoke(app, command, input=stdin)

    return run


def test_a_line_for_each_photograph(caption, bundle, photos):
    result = caption(photos / "a b.png", photos / "sub")
    paths = [photos / "a b.png", photos / "sub" / "ümläut.webp", photos / "sub" / "狗.jpg"]
    texts = [c.text for c in load_captioner(bundle)(paths)]
    expected = [f"{path}\t{text}" for path, text in zip(paths, texts, strict=True)]
    assert result.stdout.splitlines() == expected
    assert result.stderr == ""
    assert result.exit_code == 0


@pytest.mark.parametrize("batch_size", [1, 2, 9])
def test_bad_files_stop_nothing(caption, photos, batch_size):
    result = caption(photos, photos / "none.jpg", "--batch-size", batch_size)
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == [
        str(photos / name) for name in ("a b.png", "sub/ümläut.webp", "sub/狗.jpg")
    ]
    empty, text, none = result.stderr.splitlines()
    assert empty == f"tushuo: {photos / 'empty.jpg'}: the file is empty"
    assert text.startswith(f"tushuo: {photos / 'text.png'}: it is not an image of a known format;")
    assert none == f"tushuo: {photos / 'none.jpg'}: no such file"
    assert result.exit_code == 1


def test_json(caption, photos):
    result = caption(photos, "--json")
    entries = [json.loads(line) for line in result.stdout.splitlines()]
    assert [set(entry) for entry in entries] == [
        {"path", "caption", "score", "model", "language"},
        {"path", "error"},
        {"path", "caption", "score", "model", "language"},
        {"path", "caption", "score", "model", "language"},
        {"path", "error"},
    ]
    good, bad = entries[0], entries[1]
    assert good["path"] == str(photos / "a b.png")
    assert good["model"] == "tiny"
    assert good["score"] < 0
    assert bad == {"path": str(photos / "empty.jpg"), "error": "the file is empty"}
    assert "狗.jpg" in result.stdout  # not as escapes
    assert len(result.stderr.splitlines()) == 2
    assert result.exit_code == 1


def test_paths_on_standard_input(caption, photos):
    listed = f"{photos / 'a b.png'}\n\n{photos / 'sub'}\r\n{photos / 'none.jpg'}"
    result = caption("-", stdin=listed)
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == [
        str(photos / name) for name in ("a b.png", "sub/ümläut.webp", "sub/狗.jpg")
    ]
    assert result.stderr == f"tushuo: {photos / 'none.jpg'}: no such file\n"
    assert result.exit_code == 1


def test_null_bytes_on_standard_input(caption, photos):
    result = caption("-", stdin=f"{photos / 'a b.png'}\0{photos / 'sub'}\0")
    assert result.stderr == (
        "tushuo: the paths on standard input are divided by null bytes; "
        "give one a line, as find does without -print0\n"
    )
    assert result.exit_code == 2


def test_help_is_wrapped_for_the_terminal():
    result = CliRunner().invoke(app, ["caption", "--help"], terminal_width=60)
    lines = [line.strip() for line in result.stdout.splitlines()]
    first = next(i for i, line in enumerate(lines) if line.startswith("The exit status"))
    paragraph = lines[first : lines.index("", first)]
    assert all(len(line) > 40 for line in paragraph[:-1])  # no line is broken off early


def test_nothing_to_caption(caption, tmp_path):
    assert caption("-", stdin="").stderr == "tushuo: -: no paths on standard input\n"
    result = caption(tmp_path)
    assert result.stderr.startswith(f"tushuo: {tmp_path}: no photograph in folder")
    assert result.exit_code == 1


def test_names_are_kept_on_one_line(caption, tmp_path):
    photo = save_photograph(tmp_path / "tab\there\nback\\slash\x1b[31m.png")
    plain = caption(photo)
    assert plain.stdout.startswith(str(tmp_path / r"tab\there\nback\\slash\x1b[31m.png") + "\t")
    assert len(plain.stdout.splitlines()) == 1
    assert json.loads(caption(photo, "--json").stdout)["path"] == str(photo)
    missing = caption(tmp_path / "no\nsuch.png")
    assert missing.stderr == f"tushuo: {tmp_path}/no\\nsuch.png: no such file\n"


def test_a_wider_beam_scores_no_worse(caption, photos):
    scores = [
        json.loads(caption(photos / "a b.png", "--json", "--beam", k).stdout)["score"]
        for k in (1, 8)
    ]
    assert scores[0] <= scores[1]


def test_pictures(caption, photos, tmp_path):
    out = tmp_path / "new" / "out"
    result = caption(photos / "a b.png", photos / "sub", "--explain", out)
    assert result.exit_code == 0
    assert f"tushuo: {photos / 'sub' / '狗.jpg'}: explained in {out / '狗.png'}\n" in result.stderr
    assert sorted(path.name for path in out.iterdir()) == ["a b.png", "ümläut.png", "狗.png"]
    for path in out.iterdir():
        assert Image.open(path).width == 1200


def test_pictures_overwrite_nothing(caption, photos):
    """Even where the pictures go among the photographs, or below them."""
    before = (photos / "a b.png").read_bytes()
    caption(photos / "a b.png", "--explain", photos)
    assert (photos / "a b.png").read_bytes() == before
    assert Image.open(photos / "a b-2.png").width == 1200
    (photos / "a b-2.png").unlink()
    below = photos / "pictures"
    for _ in range(2):  # the second time there are pictures from the first
        result = caption(photos, "--explain", below)
        assert len(result.stdout.splitlines()) == 3
    assert f"explained in {below / '狗-2.png'}\n" in result.stderr
    assert len(list(below.iterdir())) == 6
    assert (below / "狗-2.png").is_file()


def test_pictures_that_cannot_be_written(caption, photos, tmp_path):
    file = tmp_path / "file"
    file.touch()
    result = caption(photos / "a b.png", "--explain", file)
    assert result.stderr == f"tushuo: cannot make folder {str(file)!r}: File exists\n"
    assert result.exit_code == 2
    long = save_photograph(tmp_path / f"{'x' * 251}.png")
    out = tmp_path / "out"
    caption(long, "--explain", out)
    result = caption(long, "--explain", out)  # a number would make the name too long
    assert "its picture cannot be written (File name too long)" in result.stderr
    assert result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "arguments", [[], ["x.jpg", "--beam", "0"], ["x.jpg", "--beam", "two"], ["x.jpg", "--wrong"]]
)
def test_wrong_usage(caption, arguments):
    result = caption(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage" in result.stderr


def test_an_unknown_model(photos):
    result = CliRunner().invoke(app, ["caption", str(photos), "--model", "flickr9k"])
    assert result.stderr.startswith("tushuo: 'flickr9k': no such model; installed: ")
    assert len(result.stderr.splitlines()) == 1
    assert result.exit_code == 2
