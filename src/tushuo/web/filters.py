"""How the templates print things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tushuo.photos import Photo, Place, Shown
from tushuo.photos.browsing import square_of

__all__ = ["FILTERS"]


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.0f} %"


def coordinates(place: Photo | Place) -> str:
    """Degrees north or south, east or west."""
    latitude, longitude = place.latitude or 0.0, place.longitude or 0.0
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.1f}° {north}, {abs(longitude):.1f}° {east}"


def square(photo: Photo) -> str:
    """The place of a photograph, as a query names it."""
    place = square_of(photo)
    return f"{place.latitude},{place.longitude}" if place else ""


def printable(name: object) -> str:
    """A path; bytes that are no text become question marks."""
    return str(name).encode("utf-8", "replace").decode()


def caption_in(photo: Photo, language: str) -> Shown | None:
    """The caption of a photograph in a language."""
    return next((each for each in photo.captions if each.language == language), None)


FILTERS: dict[str, Callable[..., Any]] = {
    each.__name__: each for each in (percent, coordinates, square, printable, caption_in)
}
