"""An index run does what is new, and only that; what people wrote stays."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

import tushuo.photos.indexing
import tushuo.photos.reading
from photos.conftest import age, shown
from photos.glancing import Glancing
from photos.library_rows import Concepts
from tiny import save_photograph, tiny_bundle
from tushuo.errors import LibraryError, UsageError
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.show_attend_tell import ShowAttendTell
from tushuo.photos import Library
from tushuo.photos.store import photo_at
from tushuo.photos.vectors import Vectors

WHOLE = (4, 0, 0)


def counts(report):
    return report.captioned, report.known, report.unchanged


@pytest.fixture
def opened(monkeypatch):
    """The names of the files whose content was read."""
    names = []
    read = tushuo.photos.reading.read_content
    monkeypatch.setattr(
        tushuo.photos.reading,
        "read_content",
        lambda path: (names.append(path.name), read(path))[1],
    )
    return names


@pytest.fixture
def indexed(library, folder, captioner):
    assert counts(library.index([folder], captioner)) == WHOLE
    return library


def another_model():
    """A captioner of other weights, which knows no photograph yet."""
    bundle = tiny_bundle()
    sizes = bundle.decoder_sizes._asdict()
    return Glancing(replace(bundle, decoder=ShowAttendTell(**sizes, rng=7).eval(), name="other"))


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


def test_a_person_s_caption_stays(indexed, folder, captioner):
    indexed.edit(folder / "a.png", "Our dog  at\nthe lake")
    other = another_model()
    report = indexed.index([folder], other, recaption=True)
    assert counts(report) == (3, 0, 1)
    assert shown(indexed)["a.png"] == "Our dog at the lake"
    indexed.edit(folder / "a.png", "")
    assert shown(indexed)["a.png"] == captioner([folder / "a.png"])[0].text


def test_a_person_s_caption_survives_notes_in_the_file_and_a_purge(indexed, folder, captioner):
    photo = folder / "a.png"
    indexed.edit(photo, "Ours")
    with photo.open("ab") as file:
        file.write(b"notes of another program")
    age(photo)
    assert counts(indexed.index([folder], captioner)) == (1, 0, 3)
    assert shown(indexed)["a.png"] == "Ours"
    content = photo.read_bytes()
    photo.unlink()
    indexed.index([folder], captioner)
    assert indexed.purge() == 1
    photo.write_bytes(content)
    indexed.index([folder], captioner)
    assert shown(indexed)["a.png"] == "Ours"


def test_edits_that_cannot_be(indexed, folder):
    with pytest.raises(LibraryError, match="is not in the library; index it first"):
        indexed.edit(folder / "none.png", "x")
    with pytest.raises(LibraryError, match="is not in the library"):
        indexed.edit("x" * 10_000, "x")
    with pytest.raises(UsageError, match="caption of 10,001 characters, at most 10,000"):
        indexed.edit(folder / "a.png", "x" * 10_001)
    with pytest.raises(UsageError, match="language: got 'English'; give a code"):
        indexed.edit(folder / "a.png", "x", language="English")


def test_recaption_says_first_what_it_would_change(indexed, folder, captioner):
    other, before = another_model(), shown(indexed)
    assert indexed.plan([folder], other).todo == []
    assert indexed.plan([folder], captioner, recaption=True).todo == []
    plan = indexed.plan([folder], other, recaption=True)
    assert {item.seen.path.rpartition("/")[2]: item.caption for item in plan.todo} == before
    assert {item.why for item in plan.todo} == {"recaption"}
    assert shown(indexed) == before
    assert counts(indexed.index([folder], other, recaption=True)) == WHOLE
    assert shown(indexed) == {
        path.name: other([path])[0].text for path in folder.rglob("*.*") if path.is_file()
    }


def test_captions_in_another_language_stand_beside(indexed, folder, captioner):
    assert counts(indexed.index([folder], speaking("zh"))) == WHOLE
    assert len(shown(indexed, "zh")) == len(shown(indexed, "en")) == 4
    assert indexed.info().captions == {"en": 4, "zh": 4}


def speaking(language):
    bundle = tiny_bundle()
    vocabulary = bundle.vocabulary
    other = type(vocabulary)(vocabulary.tokens, vocabulary.counts, language)
    return Glancing(replace(bundle, vocabulary=other))


def test_two_languages_of_one_look(library, folder, captioner):
    both = [captioner, speaking("zh")]
    looks, look = [], captioner.features
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            captioner, "features", lambda pixels: (looks.append(len(pixels)), look(pixels))[1]
        )
        patch.setattr(both[1], "features", None)
        assert counts(library.index([folder], both)) == WHOLE
    assert sum(looks) == 4
    assert len(shown(library, "zh")) == len(shown(library, "en")) == 4
    assert counts(library.index([folder], both)) == (0, 0, 4)
    library._connection.execute("UPDATE caption SET version = 'old'")
    (item, *_) = library.plan([folder], both, recaption=True).todo
    assert item.model == "tiny old / tiny old"
    assert len(item.caption.split(" / ")) == 2


def test_a_second_language_later(indexed, folder, captioner):
    before = shown(indexed)
    assert {item.why for item in indexed.plan([folder], [captioner, speaking("zh")]).todo} == {
        "caption"
    }
    assert counts(indexed.index([folder], [captioner, speaking("zh")])) == WHOLE
    assert shown(indexed) == before
    assert len(shown(indexed, "zh")) == 4


def test_captioners_that_do_not_fit(library, folder, captioner):
    with pytest.raises(UsageError, match="give one for each language"):
        library.index([folder], [captioner, speaking("en")])
    other = replace(
        speaking("zh").bundle, encoder=EfficientNetLite("efficientnet-lite0", classes=1, rng=9)
    )
    with pytest.raises(UsageError, match="'tiny' and 'tiny' do not share an encoder; index once"):
        library.index([folder], [captioner, Glancing(other)])


def test_places_are_stored_with_captions(library, folder, captioner):
    """Vectors of the same look as the captions; a photograph that has both is not read again."""
    concepts = Concepts()
    report = library.index([folder], captioner, embedder=concepts)
    assert (counts(report), report.embedded) == (WHOLE, 0)
    assert library.spaces() == {concepts.space: 4}
    expected = concepts.embed_features(captioner.encode([folder / "a.png"]))[0]
    photos, vectors = Vectors(library._connection, concepts.space).all()
    number = photo_at(library._connection, folder / "a.png")
    np.testing.assert_allclose(vectors[photos == number][0], expected, atol=2e-3)  # of float16
    assert counts(library.index([folder], captioner, embedder=concepts)) == (0, 0, 4)
    assert library.search(f'like:"{folder / "a.png"}"') != []


def test_places_for_photographs_that_have_captions(indexed, folder, captioner, monkeypatch):
    before, concepts = shown(indexed), Concepts()
    monkeypatch.setattr(captioner, "caption_pixels", lambda pixels, *_, **__: [None][len(pixels) :])
    shutil.copy2(folder / "b.jpg", folder / "copy.jpg")
    plan = indexed.plan([folder], captioner, embedder=concepts)
    assert sorted(item.why for item in plan.todo) == ["embedding"] * 4 + ["new"]
    report = indexed.index([folder], captioner, embedder=concepts, plan=plan)
    assert (counts(report), report.embedded) == ((0, 1, 0), 4)
    assert shown(indexed) == before | {"copy.jpg": before["b.jpg"]}
    assert indexed.spaces() == {concepts.space: 4}


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


def test_stored_numbers_are_the_model_s(indexed, folder, captioner):
    entry = next(entry for entry in indexed.entries() if entry.path.name == "a.png")
    expected = captioner([folder / "a.png"])[0]
    np.testing.assert_allclose(entry.score, expected.score)
    assert (entry.width, entry.height, entry.size) == (90, 60, (folder / "a.png").stat().st_size)
    assert entry.by == "tiny"
    with sqlite3.connect(indexed.path) as connection:
        assert connection.execute("SELECT count(*) FROM claim").fetchone() == (0,)
