"""What a visitor asks of the library, read from an address or a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tushuo.photos import Place, parse_query
from tushuo.web.problems import RequestError

if TYPE_CHECKING:
    from tushuo.web.shelf import Shelf

__all__ = ["chosen", "first_text", "half_typed", "place_of", "query_of", "wanted_page"]

_MOST_AT_ONCE, _FARTHEST = 200, 1_000_000
_MOST_EXPORTED = 100_000
_HALF_A_WORD = re.compile(r"(?:^|\s)[^\W_]{2,}$")


def wanted_page(asked: Mapping[str, str]) -> tuple[str, Place | None, int, int]:
    """Query (see `query_of`), place, limit and offset.

    Raises:
        RequestError: One of them makes no sense.
        UsageError: The words of the query make no sense.
    """
    limit = _whole(asked, "limit", 60, 1, _MOST_AT_ONCE)
    offset = _whole(asked, "offset", 0, 0, _FARTHEST)
    return query_of(asked), place_of(asked), limit, offset


def query_of(asked: Mapping[str, str]) -> str:
    """The words of ``q`` with the days ``from`` and ``to``, both included, as operators.

    Raises:
        RequestError: It names a photograph by its path, or a day is none.
        UsageError: The words make no sense.
    """
    query = asked.get("q", "").strip()
    if query and any(part.photo for part in parse_query(query).meaning):
        # it would read any file that the server can
        raise RequestError(400, "usage", "like: is not to be had here", hint="leave it out")
    if first := _day(asked, "from"):
        query += f" after:{first}"
    if last := _day(asked, "to"):
        query += f" before:{last + timedelta(days=1)}" if last < date.max else ""
    return query.strip()


def half_typed(asked: Mapping[str, str]) -> dict[str, str] | None:
    """The same with all that the last word may be the beginning of; None if it ends otherwise."""
    query = asked.get("q", "").strip()
    return {**asked, "q": f"{query}*"} if _HALF_A_WORD.search(query) else None


def place_of(asked: Mapping[str, str]) -> Place | None:
    """The place ``latitude,longitude``, in degrees.

    Raises:
        RequestError: It is none.
    """
    text = asked.get("place", "").strip()
    if not text:
        return None
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        latitude = longitude = float("nan")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise RequestError(400, "usage", f"place: got {text!r:.60}", hint="as in place=48.0,11.5")
    return Place(latitude, longitude)


async def chosen(form: Mapping[str, Any], shelf: Shelf) -> tuple[str, list[int]]:
    """The format of an export, and the numbers of its photographs: those named, or those found.

    Raises:
        RequestError: The format or a number makes no sense.
    """
    from tushuo.web.shelf import FORMATS

    kind = first_text(form.get("format")) or ""
    if kind not in FORMATS:
        hint = f"one of {', '.join(FORMATS)}"
        raise RequestError(400, "usage", f"format: got {kind!r:.60}", hint=hint)
    named = form.get("photos")
    if named:
        return kind, _numbers(named)
    asked = {name: first_text(value) or "" for name, value in form.items()}
    found = await shelf.browse(query_of(asked), place_of(asked), _MOST_EXPORTED, 0)
    return kind, [each.photo.id for each in found]


def _numbers(named: Any) -> list[int]:
    try:
        if not isinstance(named, list) or not all(type(each) in (int, str) for each in named):
            raise ValueError
        numbers = [int(each) for each in named]
        if not all(0 < number < 1 << 63 for number in numbers):
            raise ValueError
    except ValueError:
        raise RequestError(400, "usage", "photos: expected a list of numbers") from None
    return numbers


def first_text(value: Any) -> str | None:
    """A text of a JSON object, or the first of a form's list; None if it is something else."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else None


def _whole(asked: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high):
        raise RequestError(
            400, "usage", f"{name}: got {text!r:.60}", hint=f"a number from {low} to {high}"
        )
    return int(text)


def _day(asked: Mapping[str, str], name: str) -> date | None:
    text = asked.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise RequestError(
            400, "usage", f"{name}: {text!r:.60} is no date", hint="as in 2024-05-31"
        ) from None
