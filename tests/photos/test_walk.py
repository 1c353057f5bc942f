"""Walks: what is met, what is left out, links, loops, and rules in the manner of .gitignore."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from photos.conftest import age
from tushuo.photos.ignore import Rules, read_rules
from tushuo.photos.walk import Walk


def walked(root):
    walk = Walk(str(root))
    found = [os.path.relpath(seen.path, root) for seen in walk]
    assert walk.problems == {}
    return found


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_photographs_by_name(tmp_path):
    make(tmp_path, "b.jpg", "a.PNG", "c/d/e.heic", "c/a.webp", "notes.txt", ".hidden.jpg")
    make(tmp_path, ".git/x.jpg", "c/.thumbnails/y.jpg")
    (tmp_path / "folder.jpg").mkdir()
    assert walked(tmp_path) == ["a.PNG", "b.jpg", "c/a.webp", "c/d/e.heic"]


def test_size_and_time(tmp_path):
    make(tmp_path, "a.jpg")
    status = age(tmp_path / "a.jpg").stat()
    (seen,) = Walk(str(tmp_path))
    assert (seen.size, seen.mtime_ns) == (1, status.st_mtime_ns)
    assert list(Walk(seen.path)) == [seen]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links(tmp_path):
    make(tmp_path, "in/a.jpg", "out/b.jpg")
    root = tmp_path / "in"
    (root / "loop").symlink_to(root)
    (root / "other").symlink_to(tmp_path / "out")
    (root / "again").symlink_to(tmp_path / "out")
    (root / "link.jpg").symlink_to(root / "a.jpg")
    (root / "dead.jpg").symlink_to(root / "none.jpg")
    (root / "self.jpg").symlink_to(root / "self.jpg")
    assert walked(root) == ["a.jpg", "link.jpg", "again/b.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert walked(tmp_path) == []


def test_deep_trees(tmp_path):
    path = tmp_path
    here = os.getcwd()  # noqa: PTH109
    try:
        for _ in range(220):  # longer than a path can be
            os.mkdir("d" * 20) if path is None else os.chdir(path)  # noqa: PTH102
            path = None
            os.makedirs("d" * 20, exist_ok=True)  # noqa: PTH103
            os.chdir("d" * 20)
    finally:
        os.chdir(here)
    walk = Walk(str(tmp_path))
    assert list(walk) == []
    (problem,) = walk.problems.values()
    assert str(problem).endswith("File name too long")


def verdict(tmp_path, text, path):
    (tmp_path / ".tushuoignore").write_text(text)
    rules = read_rules(str(tmp_path))
    names = path.rstrip("/").split("/")
    return rules.verdict(names, path.endswith("/"))


@pytest.mark.parametrize(
    ("rule", "ignored", "kept"),
    [
        ("*.png", ["a.png", "x/y/a.png"], ["a.jpg", "png"]),
        ("private", ["private", "x/private/"], ["private2", "xprivate"]),
        ("private/", ["private/", "x/private/"], ["private"]),
        ("/top.jpg", ["top.jpg"], ["x/top.jpg"]),
        ("a/*.jpg", ["a/b.jpg"], ["a/b/c.jpg", "x/a/b.jpg"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb", "b"]),
        ("**/b.jpg", ["b.jpg", "x/y/b.jpg"], ["ab.jpg"]),
        ("a/**", ["a/x", "a/x/y"], ["b/a"]),
        ("IMG_[0-4]?.jpg", ["IMG_01.jpg"], ["IMG_51.jpg", "IMG_0.jpg"]),
        ("[!a].jpg", ["b.jpg"], ["a.jpg"]),
        (r"\#x.jpg", ["#x.jpg"], ["x.jpg"]),
        (r"\!x.jpg", ["!x.jpg"], ["x.jpg"]),
        (r"\*.jpg", ["*.jpg"], ["a.jpg"]),
        ("# all\n\n*.jpg\n!keep.jpg", ["a.jpg"], ["keep.jpg"]),
        ("图*", ["图.jpg"], ["狗.jpg"]),
    ],
)
def test_rules(tmp_path, rule, ignored, kept):
    for path in ignored:
        assert verdict(tmp_path, rule, path) is True, path
    for path in kept:
        assert not verdict(tmp_path, rule, path), path


def test_rules_of_several_folders(tmp_path):
    make(tmp_path, "a.png", "x/a.png", "x/b.png", "x/y/b.png", "private/a.jpg", "x/private/a.jpg")
    (tmp_path / ".tushuoignore").write_text("a.png\nprivate/\n")
    (tmp_path / "x" / ".tushuoignore").write_text("!a.png\n/b.png\n")
    assert walked(tmp_path) == ["x/a.png", "x/y/b.png"]


def test_rules_of_folders_above(tmp_path):
    make(tmp_path, "x/y/a.png", "x/y/b.png", "x/y/c.png", "x/y/d.png", "x/y/private/a.jpg")
    (tmp_path / ".tushuoignore").write_text("private/\nx/y/b.png\n/c.png\n*.jpg\n")
    (tmp_path / "x" / ".tushuoignore").write_text("/y/c.png\n")
    assert walked(tmp_path / "x" / "y") == ["a.png", "d.png"]
    assert walked(tmp_path / "x") == ["y/a.png", "y/d.png"]
    (tmp_path / "x" / "y" / ".tushuoignore").write_text("!c.png\n")
    assert walked(tmp_path / "x" / "y") == ["a.png", "c.png", "d.png"]


def test_what_is_asked_for_by_name_is_not_ignored(tmp_path):
    make(tmp_path, "private/a.png", "private/b.png")
    (tmp_path / ".tushuoignore").write_text("private/\nb.png\n")
    assert walked(tmp_path) == []
    assert walked(tmp_path / "private") == ["a.png"]
    assert len(list(Walk(str(tmp_path / "private" / "b.png")))) == 1


def test_rules_that_cannot_be_read(tmp_path, monkeypatch):
    """They may say what is private: rather nothing than too much."""
    make(tmp_path, "x/a.png")
    opened = Path.open

    def refuse(path, *mode):
        if path == tmp_path / ".tushuoignore":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *mode)

    monkeypatch.setattr(Path, "open", refuse)
    walk = Walk(str(tmp_path / "x"))
    assert list(walk) == []
    assert str(walk.problems[walk.root]) == (
        f"cannot read {str(tmp_path / '.tushuoignore')!r}: Permission denied"
    )


def test_rules_that_shall_take_long(tmp_path):
    start = time.monotonic()
    assert not verdict(tmp_path, f"{'*a' * 60}b", "a" * 240)
    assert not verdict(tmp_path, f"{'**/' * 100}b", "/".join("a" * 300))
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("content", [b"\xff\xfe\x00[", b"[", b"\\", b"!", b"/", b"**", b"[z-a]"])
def test_rules_of_any_bytes(tmp_path, content):
    (tmp_path / ".tushuoignore").write_bytes(content)
    rules = read_rules(str(tmp_path))
    assert rules.verdict(["a.jpg"], False) in (None, True)


def test_no_rules(tmp_path):
    assert read_rules(str(tmp_path)) == Rules()
