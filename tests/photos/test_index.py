"""An index run does what is new, and only that."""

from __future__ import annotations

import os
import shutil

import tushuo.photos.indexing
import tushuo.photos.reading
from photos.conftest import age, counts, shown
from tiny import save_photograph


def test_captions_are_those_of_the_captioner(indexed, folder, captioner):
    paths = sorted(folder.rglob("*.*"))
    texts = [caption.text for caption in captioner(paths)]
    assert shown(indexed) == {path.name: text for path, text in zip(paths, texts, strict=True)}


def test_unchanged_files_cost_only_a_look(indexed, folder, captioner, opened):
    assert counts(indexed.index([folder, folder / "a.png"], captioner)) == (0, 0, 4)
    assert opened == []


def test_only_a_changed_file_is_read(indexed, folder, captioner, opened):
    before = shown(indexed)
    age(save_photograph(folder / "a.png", seed=50))
    assert counts(indexed.index([folder], captioner)) == (1, 0, 3)
    assert opened == ["a.png"]
    after = shown(indexed)
    assert {name: text for name, text in after.items() if name != "a.png"} == {
        name: text for name, text in before.items() if name != "a.png"
    }


def test_renamed_and_copied_files_are_known(indexed, folder, captioner):
    text = shown(indexed)["a.png"]
    (folder / "a.png").rename(folder / "sub" / "renamed.png")
    shutil.copy2(folder / "b.jpg", folder / "copy.jpg")
    report = indexed.index([folder], captioner)
    assert counts(report) == (0, 2, 3)
    assert report.missing == 1
    assert shown(indexed)["renamed.png"] == text
    assert indexed.info().photographs == 4


def test_copies_are_captioned_once(library, folder, captioner):
    for number in range(5):
        shutil.copy2(folder / "a.png", folder / f"{number}.png")
    assert counts(library.index([folder], captioner, batch_size=2)) == (4, 5, 0)
    assert len(shown(library)) == 9


def test_a_copy_may_be_met_before_its_original_is_stored(library, folder, captioner, monkeypatch):
    """Two threads read two copies; the later one is decoded first."""
    shutil.copy2(folder / "a.png", folder / "z.png")
    read = tushuo.photos.reading.Reader.__call__

    def late(reader, path):
        if path.name == "a.png":
            while not any(reader._known):
                pass
        return read(reader, path)

    monkeypatch.setattr(tushuo.photos.reading.Reader, "__call__", late)
    report = library.index([folder / "a.png", folder / "z.png"], captioner, batch_size=1 + 1)
    assert counts(report) == (1, 1, 0)


def test_deleted_files_are_marked_then_purged(indexed, folder, captioner):
    (folder / "a.png").unlink()
    assert indexed.index([folder], captioner).missing == 1
    assert "a.png" not in shown(indexed)
    assert indexed.info().files == {"missing": 1, "ok": 3}
    assert indexed.purge() == 1
    assert indexed.info().files == {"ok": 3}
    assert indexed.info().photographs == 3
    assert indexed.purge() == 0


def test_a_file_that_comes_back_is_known(indexed, folder, captioner):
    content = (folder / "a.png").read_bytes()
    (folder / "a.png").unlink()
    indexed.index([folder], captioner)
    (folder / "a.png").write_bytes(content)
    age(folder / "a.png")
    assert counts(indexed.index([folder], captioner)) == (0, 1, 3)
    assert len(shown(indexed)) == 4


def test_a_folder_that_is_not_there_marks_nothing(indexed, folder, captioner):
    """A disk that is not plugged in is no reason to forget it."""
    folder.rename(folder.with_name("elsewhere"))
    report = indexed.index([folder], captioner)
    assert report.missing == 0
    assert str(report.failed[folder]).endswith("No such file or directory")
    assert len(shown(indexed)) == 4


def test_ignored_files_leave_the_library(indexed, folder, captioner):
    (folder / ".tushuoignore").write_text("sub/\n")
    report = indexed.index([folder], captioner)
    assert (report.ignored, report.missing, report.unchanged) == (1, 0, 3)
    assert "狗.jpg" not in shown(indexed)


def test_a_file_written_just_now_is_read_once_more(library, folder, captioner, opened):
    """A change in the same tick of the clock would bear the same time."""
    photo = folder / "a.png"
    photo.touch()
    assert counts(library.index([photo], captioner)) == (1, 0, 0)
    age(photo, 0)
    assert counts(library.index([photo], captioner)) == (0, 1, 0)


def test_names_of_any_bytes(library, folder, captioner):
    names = [os.fsdecode(b"caf\xe9.png"), "n\nl.png", "x" * 251 + ".png", "ümläut 图.png"]
    for number, name in enumerate(names):
        age(save_photograph(folder / "new.png", seed=20 + number)).rename(folder / name)
    assert library.index([folder], captioner).captioned == 8
    assert set(names) < set(shown(library))
    assert library.index([folder], captioner).unchanged == 8
    library.edit(folder / names[0], "A café")
    assert library.search("cafe")[0].path == folder / names[0]
    assert [hit.path.name for hit in library.search('path:"caf?"')] == [names[0]]
