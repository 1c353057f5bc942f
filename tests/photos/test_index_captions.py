"""Captions of people, of several models and languages, and places in a space."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from photos.conftest import WHOLE, age, counts, shown
from photos.glancing import Glancing, another_model, speaking
from photos.library_rows import Concepts
from tushuo.errors import LibraryError, UsageError
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.photos.store import photo_at
from tushuo.photos.vectors import Vectors


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


def test_stored_numbers_are_the_model_s(indexed, folder, captioner):
    entry = next(entry for entry in indexed.entries() if entry.path.name == "a.png")
    expected = captioner([folder / "a.png"])[0]
    np.testing.assert_allclose(entry.score, expected.score)
    assert (entry.width, entry.height, entry.size) == (90, 60, (folder / "a.png").stat().st_size)
    assert entry.by == "tiny"
    with sqlite3.connect(indexed.path) as connection:
        assert connection.execute("SELECT count(*) FROM claim").fetchone() == (0,)
