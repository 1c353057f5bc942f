"""Searches by meaning: what photographs show, though their captions do not say it."""

from __future__ import annotations

import sqlite3

import pytest
from PIL import Image

from photos.library_rows import Concepts, Row, fill
from tushuo.errors import ImageError, LibraryError, UsageError
from tushuo.photos import Library
from tushuo.photos.embedding import Space

CONCEPTS = Concepts()


def shows(words):
    return CONCEPTS.embed_texts([words])[0]


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library.db") as library:
        fill(
            library,
            [
                Row("/puppy.jpg", "An animal runs.", vector=shows("dog")),
                Row("/said.jpg", "A dog in a room.", vector=shows("green")),
                Row("/both.jpg", "A dog.", "en", "2024-01-01 10:00:00", vector=shows("dog")),
                Row("/both.jpg", "一只狗。", "zh"),
                Row("/rider.jpg", "Something at the beach.", vector=shows("horse beach man")),
                Row("/horse.jpg", "A brown animal.", vector=shows("horse beach")),
                Row("/field.jpg", "A horse with people.", vector=shows("horse")),
                Row("/no vector.jpg", "A car."),
            ],
        )
        yield library


def names(library, query, **options):
    return [hit.path.name for hit in library.search(query, embedder=CONCEPTS, **options)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("dog", ["both.jpg", "said.jpg", "puppy.jpg"]),
        ("puppy", ["puppy.jpg", "both.jpg"]),
        ("狗", ["both.jpg", "puppy.jpg"]),
        ("puppy -animal", ["both.jpg"]),
        ("puppy after:2024", ["both.jpg"]),
        ("puppy lang:zh", ["both.jpg"]),
        ("puppy path:pup", ["puppy.jpg"]),
        ('"animal" horse beach', ["horse.jpg"]),
        ("puppy of xyzzy", []),
        ("car", ["no vector.jpg"]),
        ("winter", []),
        ("xyzzy", []),
        ("animal*", ["puppy.jpg", "horse.jpg"]),
        ("horse + beach - people", ["horse.jpg"]),
        ("like:/both.jpg", ["puppy.jpg"]),
        ("like:/puppy.jpg - dog", []),
        ("like:/both.jpg + horse", ["field.jpg", "puppy.jpg"]),
    ],
)
def test_queries(library, query, found):
    hits = names(library, query)
    assert sorted(hits) == sorted(found)
    assert hits[:1] == found[:1]


def test_the_meaning_ranks(library):
    assert names(library, "horse beach")[0] == "horse.jpg"
    assert names(library, "horse beach man")[0] == "rider.jpg"
    assert names(library, "horse + beach")[0] == "horse.jpg"


def test_why_it_matched(library):
    hits = {hit.path.name: hit for hit in library.search("dog", embedder=CONCEPTS)}
    assert hits["both.jpg"].reasons == ["dog", "meaning 1.00"]
    assert hits["said.jpg"].reasons == ["dog"]
    assert hits["puppy.jpg"].reasons == ["meaning 1.00"]
    assert hits["said.jpg"].meaning is hits["puppy.jpg"].words is None
    assert hits["both.jpg"].words > 0
    assert [hit.score for hit in hits.values()] == sorted(
        (hit.score for hit in hits.values()), reverse=True
    )
    # first by words and second by meaning, as good as the first
    assert hits["both.jpg"].score == pytest.approx(1 / 61 + 1 / 62)


def test_words_alone(library):
    assert [hit.path.name for hit in library.search("puppy")] == []
    assert {hit.path.name for hit in library.search("dog")} == {"both.jpg", "said.jpg"}


def test_like_needs_no_model_for_what_is_in_the_library(library):
    hits = library.search("like:/both.jpg")
    assert hits[0].path.name == "puppy.jpg"
    assert "both.jpg" not in {hit.path.name for hit in hits}


def test_like_a_file_that_is_not_in_the_library(library, tmp_path):
    Image.new("RGB", (4, 4), (0, 255, 0)).save(tmp_path / "green.png")
    assert names(library, f'like:"{tmp_path / "green.png"}"') == ["said.jpg"]
    with pytest.raises(LibraryError, match="has no vector of"):
        library.search('like:"/no vector.jpg"')


def test_without_vectors(tmp_path):
    with Library(tmp_path / "words.db") as library:
        fill(library, [Row("/a.jpg", "A dog."), Row("/b.jpg", "A dog and people.")])
        assert names(library, "dog") == ["a.jpg", "b.jpg"]
        assert names(library, "dog - people") == ["a.jpg"]
        assert names(library, "puppy") == []
        with pytest.raises(LibraryError, match="has no vectors to compare photographs by"):
            library.search("like:/a.jpg")


def test_vectors_of_another_model_are_not_compared(library):
    class Other(Concepts):
        space = Space("concepts", "2", 8)

    assert library.search("puppy", embedder=Other()) == []
    fill(library, [])
    assert library.spaces() == {Space("concepts", "1", 8): 6}


def test_new_and_purged_photographs(library):
    assert names(library, "winter") == []
    with Library(library.path) as other:  # as a running index does
        fill(other, [Row("/new.jpg", "White.", vector=shows("snow"))])
        assert names(library, "winter") == ["new.jpg"]
        other._connection.execute(
            "UPDATE file SET status = 'missing' WHERE path = ?", (b"/puppy.jpg",)
        )
        assert names(library, "puppy") == ["both.jpg"]
        assert other.purge() == 1
        assert names(library, "puppy") == ["both.jpg"]
        assert names(library, "winter") == ["new.jpg"]
    assert sum(library.spaces().values()) == 6


def test_damaged_vectors(library):
    with sqlite3.connect(library.path) as connection:
        connection.execute("UPDATE embedding SET vector = x'00' WHERE id = 1")
    with pytest.raises(LibraryError, match="vectors are damaged; restore a copy"):
        library.search("puppy", embedder=CONCEPTS)


def test_copies_share_a_rank(library):
    with sqlite3.connect(library.path) as connection:
        connection.execute(
            "INSERT INTO file (path, folded, photo, status) SELECT '/copy.jpg', '/copy.jpg', photo,"
            " 'ok' FROM file WHERE path = ?",
            (b"/puppy.jpg",),
        )
        connection.execute("UPDATE file SET path = CAST(path AS BLOB)")
    hits = library.search("puppy", embedder=CONCEPTS)
    scores = {hit.path.name: hit.score for hit in hits}
    assert scores["copy.jpg"] == scores["puppy.jpg"] > scores["both.jpg"]


def test_limit(library):
    assert len(names(library, "dog", limit=2)) == 2
    with pytest.raises(UsageError, match="limit: got 0"):
        names(library, "dog", limit=0)


def test_a_photograph_that_cannot_be_read(library, tmp_path):
    class Reading(Concepts):
        def embed_images(self, images):
            raise ImageError("cannot read it")

    with pytest.raises(ImageError, match="cannot read it"):
        library.search("like:none.jpg", embedder=Reading())
