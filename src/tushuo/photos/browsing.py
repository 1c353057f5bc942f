"""A library leafed through: photographs by number, by month and by place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path

from tushuo.photos.searching import Hit

__all__ = ["Browsed", "Month", "Photo", "Place", "Shown"]

CELL = 0.5  # degrees: about 50 km, a town and what lies around it


@dataclass(frozen=True)
class Shown:
    """The caption of a photograph that people see, in one language.

    Attributes:
        text: The sentence.
        language: Its language.
        by: The model that wrote it; None for a person.
        confidence: As of `tushuo.caption.Caption`.
    """

    text: str
    language: str
    by: str | None
    confidence: float | None


@dataclass(frozen=True)
class Photo:
    """A photograph, however many copies of it there are.

    Attributes:
        id: Its number in the library.
        path: The first of its files that are there.
        copies: How many files it has.
        captions: Those that are shown, one for each language, by its code.
        taken: "2024-05-31 18:02:11", by the camera's clock.
        camera: Maker and model.
        latitude: In degrees, north positive.
        longitude: In degrees, east positive.
        width: In pixels, as stored.
        height: In pixels, as stored.
        sha256: Of the content, in hexadecimal.
    """

    id: int
    path: Path
    copies: int
    captions: tuple[Shown, ...]
    taken: str | None
    camera: str | None
    latitude: float | None
    longitude: float | None
    width: int
    height: int
    sha256: str


@dataclass(frozen=True)
class Month:
    """A month as "2024-05", and how many photographs were taken in it."""

    month: str
    count: int


@dataclass(frozen=True)
class Place:
    """Photographs taken near each other.

    Attributes:
        latitude: Of the middle of a square of half a degree.
        longitude: Of its middle.
        count: How many photographs were taken in the square.
    """

    latitude: float
    longitude: float
    count: int = 0


@dataclass(frozen=True)
class Browsed:
    """A photograph met in browsing; `hit` says what a search found in it."""

    photo: Photo
    hit: Hit | None = None


_PHOTOS = """
SELECT p.id, min(f.path), count(*), p.taken, p.camera, p.latitude, p.longitude, p.width, p.height,
    lower(hex(p.hash))
FROM photo p JOIN file f ON f.photo = p.id AND f.status = 'ok'
WHERE p.id IN ({}) GROUP BY p.id
"""
_THERE = "EXISTS (SELECT 1 FROM file f WHERE f.photo = p.id AND f.status = 'ok')"
_NEAR = "p.latitude >= ? AND p.latitude < ? AND p.longitude >= ? AND p.longitude < ?"
_AT_ONCE = 500  # parameters of a statement


def photos(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[Photo]:
    """Photographs by their numbers, in this order; those that have no file are left out."""
    found: dict[int, Photo] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        captions = _captions(connection, some)
        for number, path, copies, *rest in connection.execute(_PHOTOS.format(_marks(some)), some):
            shown = tuple(captions.get(number, ()))
            found[number] = Photo(number, Path(os.fsdecode(path)), copies, shown, *rest)
    return [found[number] for number in numbers if number in found]


def latest(
    connection: sqlite3.Connection, place: Place | None, limit: int, offset: int
) -> list[int]:
    """The numbers of photographs, those taken last first, those without a date at the end."""
    near = f"AND {_NEAR}" if place else ""
    rows = connection.execute(
        f"SELECT p.id FROM photo p WHERE {_THERE} {near}"
        " ORDER BY p.taken DESC, p.id LIMIT ? OFFSET ?",
        (*(_square(place) if place else ()), limit, offset),
    )
    return [number for (number,) in rows]


def of_hits(
    connection: sqlite3.Connection, hits: Iterable[Hit], place: Place | None
) -> list[Browsed]:
    """The photographs of hits, each with its first; only those of a place, if one is given."""
    first = _numbered(connection, hits)
    return [
        Browsed(photo, first[photo.id])
        for photo in photos(connection, list(first))
        if place is None or lies_in(photo, place)
    ]


def with_content(connection: sqlite3.Connection, sha256: str) -> int | None:
    """The number of the photograph of this content, if the library has it."""
    query = f"SELECT p.id FROM photo p WHERE p.hash = ? AND {_THERE}"
    row = connection.execute(query, (bytes.fromhex(sha256),)).fetchone()
    return None if row is None else int(row[0])


def months(connection: sqlite3.Connection) -> list[Month]:
    """The months in which photographs were taken, the last first."""
    rows = connection.execute(
        f"SELECT substr(p.taken, 1, 7), count(*) FROM photo p WHERE p.taken NOT NULL AND {_THERE}"
        " GROUP BY 1 ORDER BY 1 DESC"
    )
    return [Month(*row) for row in rows]


def places(connection: sqlite3.Connection) -> list[Place]:
    """The squares of half a degree in which photographs were taken, the fullest first."""
    latitude, longitude = (  # as _middle; the offset keeps what is cut off positive
        f"(CAST(p.{name} / {CELL} + 1000.5 AS INTEGER) - 1000) * {CELL}"
        for name in ("latitude", "longitude")
    )
    rows = connection.execute(
        f"SELECT {latitude}, {longitude}, count(*)"
        f" FROM photo p WHERE p.latitude NOT NULL AND {_THERE}"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    return [Place(*row) for row in rows]


def square_of(photo: Photo) -> Place | None:
    """The place whose square a photograph was taken in."""
    if photo.latitude is None or photo.longitude is None:
        return None
    return Place(_middle(photo.latitude), _middle(photo.longitude))


def lies_in(photo: Photo, place: Place) -> bool:
    """Whether a photograph was taken in a place's square."""
    if photo.latitude is None or photo.longitude is None:
        return False
    south, north, west, east = _square(place)
    return south <= photo.latitude < north and west <= photo.longitude < east


def _numbered(connection: sqlite3.Connection, hits: Iterable[Hit]) -> dict[int, Hit]:
    """By the numbers of their photographs, in order."""
    found: dict[int, Hit] = {}
    for hit in hits:
        name = (os.fsencode(hit.path),)
        row = connection.execute("SELECT photo FROM file WHERE path = ?", name).fetchone()
        if row is not None:
            found.setdefault(row[0], hit)
    return found


def _middle(degrees: float) -> float:
    return floor(degrees / CELL + 0.5) * CELL


def _captions(connection: sqlite3.Connection, some: Sequence[int]) -> dict[int, list[Shown]]:
    found: dict[int, list[Shown]] = {}
    rows = connection.execute(
        "SELECT photo, text, language, model, confidence FROM caption"
        f" WHERE shown AND photo IN ({_marks(some)}) ORDER BY language",
        some,
    )
    for number, *rest in rows:
        found.setdefault(number, []).append(Shown(*rest))
    return found


def _marks(values: Sequence[int]) -> str:
    return ",".join("?" * len(values))


def _square(place: Place) -> tuple[float, float, float, float]:
    """South, north, west and east."""
    half = CELL / 2
    return (
        place.latitude - half,
        place.latitude + half,
        place.longitude - half,
        place.longitude + half,
    )
