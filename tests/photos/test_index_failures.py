"""What an index run cannot read or do is told; the rest is done, and nothing is lost."""

from __future__ import annotations

import os
import shutil

import pytest

import tushuo.photos.indexing
import tushuo.photos.reading
from photos.conftest import age, shown
from tiny import save_photograph
from tushuo.errors import LibraryError, UsageError
from tushuo.photos import Library


def test_failures_are_told_and_tried_again_only_when_changed(library, folder, captioner, opened):
    bad = folder / "bad.jpg"
    bad.write_bytes(b"no image")
    age(bad)
    shutil.copy2(bad, folder / "bad copy.jpg")
    report = library.index([folder], captioner)
    assert report.captioned == 4
    assert set(report.failed) == {bad, folder / "bad copy.jpg"}
    assert "not an image of a known format" in str(report.failed[bad])
    opened.clear()
    again = library.index([folder], captioner)
    assert (again.failed_before, again.failed, opened) == (2, {}, [])
    assert set(library.index([folder], captioner, retry=True).failed) == set(report.failed)
    age(save_photograph(bad, seed=9))
    assert library.index([folder], captioner).captioned == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_not_even_opened(library, tmp_path, captioner):
    os.mkfifo(tmp_path / "pipe.jpg")
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate((1 << 30) + 1)
    files = [tmp_path / "pipe.jpg", tmp_path / "huge.jpg"]
    errors = library.index(files, captioner).failed
    assert str(errors[files[0]]).endswith("it is not a regular file")
    assert str(errors[files[1]]).endswith("1,073,741,825 bytes, at most 1,073,741,824 are read")


def test_an_error_of_the_listener_is_its_own(library, folder, captioner):
    """And what was stored before stays."""

    def fail(done):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        library.index([folder], captioner, tell=fail, batch_size=2)
    assert len(shown(library)) == 2
    assert library.index([folder], captioner).captioned == 2


def test_a_photograph_that_changes_while_it_is_read(library, folder, captioner, monkeypatch):
    photo, fstat = folder / "a.png", os.fstat

    def meddle(number):
        status = fstat(number)
        with photo.open("ab") as file:
            file.write(b"x")
        return status

    monkeypatch.setattr(tushuo.photos.reading.os, "fstat", meddle)
    report = library.index([photo], captioner)
    assert str(report.failed[photo]).endswith("it changed while it was read")
    monkeypatch.undo()
    assert library.index([age(photo)], captioner).captioned == 1


@pytest.mark.parametrize("name", ["x" * 10_000, "a\0b", "\ud800"])
def test_names_that_cannot_be(library, folder, captioner, name):
    report = library.index([folder / name], captioner)
    (error,) = report.failed.values()
    assert str(error).startswith("cannot read")


def test_a_single_path_is_no_list(library, captioner):
    with pytest.raises(UsageError, match="got a single path; pass a list"):
        library.index("photos", captioner)
    with pytest.raises(UsageError, match="got batch_size 0"):
        library.index([], captioner, batch_size=0)


def test_a_full_disk_loses_nothing_stored(library, folder, captioner):
    library.index([folder / "a.png"], captioner)
    before = shown(library)
    connection = library._connection
    connection.execute(
        "CREATE TRIGGER big AFTER INSERT ON caption BEGIN"
        " UPDATE caption SET text = hex(zeroblob(100000)) WHERE id = new.id; END"
    )
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LibraryError, match="disk is full; what was stored before is safe"):
        library.index([folder], captioner)
    with Library(library.path, read_only=True) as read:
        assert shown(read) == before
