"""A library leafed through by number, month and place."""

from __future__ import annotations

import pytest

from photos.conftest import age
from photos.library_rows import Row, fill
from tiny import save_photograph
from tushuo.photos import Library, Month, Place
from tushuo.photos.database import transaction


@pytest.fixture
def placed(library):
    """Four photographs in three places, one without."""
    fill(
        library,
        [
            Row("/a.jpg", "A dog.", "en", "2024-05-31 18:02:11"),
            Row("/b.jpg", "A cat.", "en", "2024-05-01 00:00:00"),
            Row("/c.jpg", "A dog and a cat.", "en", "2025-01-01 12:00:00"),
            Row("/d.jpg", "A bird."),
        ],
    )
    places = {"/a.jpg": (48.1, 11.6), "/b.jpg": (47.9, 11.4), "/c.jpg": (-33.9, -0.2)}
    with transaction(library._connection):
        for path, (latitude, longitude) in places.items():
            library._connection.execute(
                "UPDATE photo SET latitude = ?, longitude = ? WHERE hash = ?",
                (latitude, longitude, path.encode()),
            )
    return library


def names(found):
    return [each.photo.path.name for each in found]


def test_the_newest_first_page_by_page(placed):
    assert names(placed.browse()) == ["c.jpg", "a.jpg", "b.jpg", "d.jpg"]
    assert names(placed.browse(limit=2, offset=1)) == ["a.jpg", "b.jpg"]
    assert names(placed.browse(limit=2, offset=4)) == []


def test_queries_as_of_search(placed):
    found = placed.browse("dog")
    assert sorted(names(found)) == ["a.jpg", "c.jpg"]
    assert [each.hit.path for each in found] == [hit.path for hit in placed.search("dog")]
    assert names(placed.browse("dog", limit=1, offset=1)) == names(found)[1:]


def test_months(placed):
    assert placed.months() == [Month("2025-01", 1), Month("2024-05", 2)]


def test_places_hold_what_they_count(placed):
    places = placed.places()
    assert places == [Place(48.0, 11.5, 2), Place(-34.0, 0.0, 1)]
    for place in places:
        assert len(placed.browse(place=place)) == place.count
    assert names(placed.browse("dog", place=places[0])) == ["a.jpg"]


@pytest.mark.parametrize("degrees", [0.0, 0.25, -0.25, 0.2499, -0.2501, 89.75, -89.9, 179.99])
def test_borders_belong_to_one_place(library, degrees):
    """What counts places and what looks into them agree, to the last digit."""
    fill(library, [Row("/a.jpg", "A dog.")])
    latitude = max(-90, min(90, degrees))
    library._connection.execute("UPDATE photo SET latitude = ?, longitude = ?", (latitude, degrees))
    (place,) = library.places()
    assert len(library.browse(place=place)) == 1
    assert len(library.browse("dog", place=place)) == 1


def test_a_photograph_by_number_and_content(library, folder, captioner):
    library.index([folder], captioner)
    copy = save_photograph(folder / "copy of a.png", seed=0)
    age(copy)
    library.index([folder], captioner)
    photo = next(each.photo for each in library.browse() if each.photo.copies == 2)
    assert photo.path == folder / "a.png"
    assert library.photo(photo.id) == photo == library.find(photo.sha256)
    assert photo.captions[0].by == "tiny"
    assert library.photo(999) is None
    assert library.find("00" * 32) is None


def test_what_is_gone_is_not_shown(library, folder, captioner):
    library.index([folder], captioner)
    (folder / "a.png").unlink()
    library.index([folder], captioner)
    assert len(library.browse()) == 3
    shown = {each.photo.id for each in library.browse()}
    assert [n for n in range(1, 5) if library.photo(n) is None] == [*({1, 2, 3, 4} - shown)]


def test_the_stamp_tells_of_what_others_write(library, folder, captioner):
    library.index([folder], captioner)
    with Library(library.path, read_only=True) as reader:
        before = reader.stamp()
        reader.browse()
        assert reader.stamp() == before
        library.edit(folder / "a.png", "Mine.")
        assert reader.stamp() != before


def test_many_numbers_at_once(tmp_path):
    with Library(tmp_path / "many.db") as library:
        fill(library, [Row(f"/{n:04}.jpg", "A dog.") for n in range(1200)])
        assert len(library.browse(limit=1200)) == 1200
        assert len(library.browse("dog", limit=1200)) == 1200
