"""The file: damaged, foreign, newer, older, read only, misplaced. Nothing is overwritten."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from photos.library_rows import Row, fill
from tushuo.errors import LibraryError
from tushuo.photos import Library, default_library
from tushuo.photos.schema import MIGRATIONS


@pytest.fixture
def path(tmp_path):
    """A closed library with two photographs."""
    path = tmp_path / "library.db"
    with Library(path) as library:
        fill(library, [Row("/a.jpg", "A dog"), Row("/b.jpg", "A cat")])
    return path


def assert_refused(path, problem):
    """Neither reading nor writing, and the bytes stay."""
    before = path.read_bytes()
    for read_only in (True, False):
        with pytest.raises(LibraryError) as caught:
            Library(path, read_only=read_only)
        assert problem in str(caught.value)
        assert repr(str(path)) in str(caught.value)
    assert path.read_bytes() == before


def test_it_lies_in_the_user_s_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_library() == tmp_path / "tushuo" / "library.db"
    Library().close()
    assert default_library().is_file()
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_library() == tmp_path / ".local" / "share" / "tushuo" / "library.db"


def test_what_is_no_library(tmp_path):
    text = tmp_path / "text.db"
    text.write_text("not a database, but something that somebody needs " * 100)
    assert_refused(text, "is damaged or no library (file is not a database); restore a copy")
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE precious (text)")
    assert_refused(foreign, "is no library of tushuo; another program made it")
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(LibraryError, match="is empty; fill it: tushuo index DIR"):
        Library(empty, read_only=True)


def test_a_newer_library(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA user_version = 99")
    assert_refused(path, "has version 99, this tushuo knows 2; a newer tushuo can read it")


@pytest.mark.parametrize("start", [100, 4096 + 8])
def test_a_damaged_library(path, start):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    content = bytearray(path.read_bytes())
    content[start : start + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    with pytest.raises(LibraryError, match="is damaged"):
        Library(path)
    assert path.read_bytes() == content


def test_damage_that_shows_later(path):
    with Library(path) as library:
        root = library._connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'words_data'"
        ).fetchone()[0]
    content = bytearray(path.read_bytes())
    content[4096 * (root - 1) : 4096 * root] = b"\xff" * 4096
    path.write_bytes(content)
    with Library(path, read_only=True) as library, pytest.raises(LibraryError, match="is damaged"):
        library.search("dog")


def test_a_later_version_keeps_what_is_there(path, monkeypatch):
    monkeypatch.setattr(
        "tushuo.photos.database.MIGRATIONS",
        [*MIGRATIONS, ("ALTER TABLE photo ADD COLUMN stars INTEGER",)],
    )
    with pytest.raises(LibraryError, match="has the old version 2; tushuo index brings it up"):
        Library(path, read_only=True)
    with Library(path) as library:
        assert [hit.caption for hit in library.search("dog")] == ["A dog"]
        columns = library._connection.execute("SELECT stars FROM photo").fetchall()
        assert columns == [(None,), (None,)]
        assert library._connection.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_library_without_vectors_gets_room_for_them(tmp_path, monkeypatch):
    path = tmp_path / "old.db"
    with monkeypatch.context() as then:
        then.setattr("tushuo.photos.database.MIGRATIONS", MIGRATIONS[:1])
        with Library(path) as library:
            fill(library, [Row("/a.jpg", "A dog")])
    with Library(path) as library:
        assert library.spaces() == {}
        fill(library, [Row("/b.jpg", "A dog on the shore", vector=np.ones(3))])
        assert list(library.spaces().values()) == [1]
        assert len(library.search("dog")) == 2


def test_another_that_reads_does_not_stop_an_opening(path):
    """SQLite does not wait by itself where the log is switched on."""
    with closing(sqlite3.connect(path, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        reading = other.execute("SELECT id FROM photo")
        assert reading.fetchone()
        timer = threading.Timer(0.2, reading.close)
        timer.start()
        with Library(path) as library:
            assert len(library.search("dog")) == 1
            mode = library._connection.execute("PRAGMA journal_mode").fetchone()
        timer.join()
    assert mode == ("wal",)


def test_a_step_that_fails_changes_nothing(path, monkeypatch):
    steps = ("ALTER TABLE photo ADD COLUMN stars INTEGER", "CREATE TABLE photo (x)")
    monkeypatch.setattr("tushuo.photos.database.MIGRATIONS", [*MIGRATIONS, steps])
    with pytest.raises(LibraryError, match="already exists"):
        Library(path)
    monkeypatch.undo()
    with Library(path, read_only=True) as library:
        assert len(library.search("a")) == 2


def test_read_only(path):
    before = path.read_bytes()
    with Library(path, read_only=True) as library:
        assert len(library.search("dog")) == 1
        with pytest.raises(LibraryError, match="readonly database; make the file and its folder"):
            library.edit("/a.jpg", "x")
    assert path.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="needs another user")
def test_a_library_of_somebody_else(path):
    """As one who may only read: the side files of SQLite cannot be made either."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are private
        folder = Path(name)
        folder.chmod(0o755)
        theirs = shutil.copy(path, folder)
        child = os.fork()
        if child == 0:
            os._exit(try_as_another_user(theirs))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert [file.name for file in folder.iterdir()] == [path.name]


def try_as_another_user(path):
    """0 if reading works and writing is refused."""
    os.setuid(65534)
    try:
        with Library(path, read_only=True) as library:
            found = len(library.search("dog"))
        with pytest.raises(LibraryError, match="make the file and its folder writable"):
            Library(path)
    except BaseException:
        return 1
    return 0 if found == 1 else 2


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(LibraryError, match=r"unable to open .*; make the file and its folder wr"):
        Library(tmp_path)


@pytest.mark.parametrize("name", ["none.db", "x" * 10_000, "a\0b"])
def test_no_such_library(tmp_path, name):
    with pytest.raises(LibraryError, match="make one: tushuo index DIR"):
        Library(tmp_path / name, read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x" * 10_000, "a\0b", "\ud800", "file/library.db"])
def test_where_no_library_can_be_made(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="library '"):
        Library(tmp_path / name)


def test_a_library_under_any_name(tmp_path):
    for name in ("a?mode=memory#%20.db", os.fsdecode(b"caf\xe9.db"), "图.db"):
        with Library(tmp_path / name) as library:
            fill(library, [Row("/a.jpg", "A dog")])
        assert (tmp_path / name).is_file()
